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

  it('2.9.1 several params are chosen by their labels, and a missing one decides as the binding says', async () => {
    const limit = (name: string, longest: string) =>
      server.call(maps, {
        body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { limit: 'yes' } }, data: { longest } },
      });
    await limit('limit-5', '5');
    await limit('limit-2', '2');
    await policy('chosen', {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'marked', expression: "object.metadata.name.startsWith('chosen')" }],
      validations: [{ expression: 'size(object.data.text) <= int(params.data.longest)', message: 'too long' }],
    });
    const selector = { matchLabels: { limit: 'yes' } };
    await bind('chosen', {
      paramRef: { selector, namespace: 'default', parameterNotFoundAction: 'Deny' },
      validationActions: ['Deny'],
    });
    expect((await create('chosen-1', { text: 'abc' })).json.message).toContain('denied request: too long');
    expect((await create('chosen-2', { text: 'ab' })).status).toBe(201);
    await policy('lost', {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConditions: [{ name: 'marked', expression: "object.metadata.name.startsWith('lost')" }],
      validations: [{ expression: 'false' }],
    });
    await bind('lost', {
      paramRef: { name: 'none', namespace: 'default', parameterNotFoundAction: 'Deny' },
      validationActions: ['Deny'],
    });
    expect((await create('lost-1', {})).json.message).toContain(
      'no params found for policy binding with `Deny` parameterNotFoundAction',
    );
    const path = `${root}/validatingadmissionpolicybindings/lost-b`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    await server.call(path, {
      method: 'PATCH',
      headers: merge,
      body: { spec: { paramRef: { parameterNotFoundAction: 'Allow' } } },
    });
    expect((await create('lost-2', {})).status).toBe(201);
  });

  it('2.9.1 2.9.2 an expression that fails refuses unless the policy says Ignore; others still hold', async () => {
    const only = (prefix: string) => [{ name: 'only', expression: `object.metadata.name.startsWith('${prefix}')` }];
    await policy('fails', { matchConditions: only('fails'), validations: [{ expression: 'object.data.none == 1' }] });
    await bind('fails', { validationActions: ['Deny'] });
    expect((await create('fails-1', { a: 'b' })).json.message).toContain(
      "expression 'object.data.none == 1' resulted in error: ",
    );
    await policy('ignores', {
      failurePolicy: 'Ignore',
      matchConditions: only('ignores'),
      validations: [
        { expression: 'object.data.none == 1' },
        { expression: "object.data.a == 'b'", reason: 'Forbidden' },
      ],
    });
    await bind('ignores', { validationActions: ['Deny'] });
    expect((await create('ignores-1', { a: 'b' })).status).toBe(201);
    const refused = await create('ignores-2', { a: 'c' });
    expect([refused.status, refused.json.reason]).toEqual([403, 'Forbidden']);
  });

  it('2.9.2 an expression may ask what the user of the request may do, and knows the namespace', async () => {
    await policy('asks', {
      matchConditions: [{ name: 'only', expression: "object.metadata.name.startsWith('asks')" }],
      validations: [
        {
          expression:
            "authorizer.requestResource.check('create').allowed() && " +
            "authorizer.group('').resource('secrets').namespace('default').check('list').allowed() && " +
            "!authorizer.serviceAccount('default', 'default').group('').resource('secrets').check('list').allowed() && " +
            "authorizer.path('/healthz').check('get').allowed() && namespaceObject.metadata.name == 'default' && " +
            "request.userInfo.username == 'admin' && sets.contains(['x'], object.data.map(k, object.data[k]))",
        },
      ],
    });
    await bind('asks', { validationActions: ['Deny'] });
    const made = await create('asks-1', { a: 'x' });
    expect(made.status, made.text).toBe(201);
    expect((await create('asks-2', { a: 'y' })).status).toBe(422);
  });
});
