import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../../testing/test-server.js';
import type { TestServer } from '../../../testing/test-server.js';

const root = '/apis/admissionregistration.k8s.io/v1';
const maps = '/api/v1/namespaces/default/configmaps';

describe('validating admission policies', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const policy = (name: string, spec: object) =>
    server.call(`${root}/validatingadmissionpolicies`, {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata: { name },
        spec: {
          matchConstraints: {
            resourceRules: [
              { operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] },
            ],
          },
          ...spec,
        },
      },
    });
  const bind = (name: string, spec: object) =>
    server.call(`${root}/validatingadmissionpolicybindings`, {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata: { name: `${name}-b` },
        spec: { policyName: name, ...spec },
      },
    });
  const create = (name: string, data: Record<string, string>) =>
    server.call(maps, { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data } });

  it('2.9.1 2.9.3 holds where it is bound, with params, variables, conditions and its own words', async () => {
    await create('limits', { longest: '3' });
    const made = await policy('short', {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'marked', expression: "has(object.data) && 'text' in object.data" }],
      variables: [{ name: 'text', expression: 'object.data.text' }],
      validations: [
        {
          expression: 'size(variables.text) <= int(params.data.longest)',
          messageExpression: "'%s is longer than %s'.format([variables.text, params.data.longest])",
        },
      ],
    });
    expect(made.status, made.text).toBe(201);
    expect((await create('free', { text: 'abcdef' })).status).toBe(201); // no binding, no effect
    const paramRef = { name: 'limits', namespace: 'default', parameterNotFoundAction: 'Deny' };
    const bound = await bind('short', { paramRef, validationActions: ['Deny'] });
    expect(bound.status, bound.text).toBe(201);
    const refused = await create('long', { text: 'abcdef' });
    expect([refused.status, refused.json.message]).toEqual([
      422,
      `configmaps "long" is forbidden: ValidatingAdmissionPolicy 'short' with binding 'short-b' denied request: abcdef is longer than 3`,
    ]);
    expect((await create('fits', { text: 'abc' })).status).toBe(201);
    expect((await create('unmarked', { other: 'abcdef' })).status).toBe(201);
  });

  it('2.9.1 a binding may only warn', async () => {
    await policy('warns', { validations: [{ expression: "object.metadata.name != 'odd'", message: 'an odd name' }] });
    await bind('warns', { validationActions: ['Warn', 'Audit'] });
    const made = await create('odd', {});
    expect(made.status).toBe(201);
    expect(made.headers.warning).toContain('an odd name');
  });

  it('2.8.11 an expression that is no CEL is refused when it is written', async () => {
    const refused = await policy('broken', { validations: [{ expression: 'object.' }] });
    expect([refused.status, refused.json.details?.causes?.[0]?.field]).toEqual([422, 'spec.validations[0].expression']);
    expect(refused.json.message).toContain('compilation failed');
  });
});
