import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../../testing/test-server.js';
import type { TestServer } from '../../../testing/test-server.js';

const root = '/apis/admissionregistration.k8s.io/v1';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

interface Deployment {
  readonly message?: string;
  readonly metadata: {
    readonly labels?: object;
    readonly annotations?: object;
    readonly managedFields?: readonly { manager: string }[];
  };
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly name: string;
          readonly image: string;
          readonly env?: readonly object[];
        }[];
      };
    };
  };
}

describe('mutating admission policies', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const policy = (name: string, spec: object) =>
    server.call(`${root}/mutatingadmissionpolicies`, {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingAdmissionPolicy',
        metadata: { name },
        spec: {
          reinvocationPolicy: 'Never',
          matchConstraints: {
            objectSelector: { matchLabels: { test: name } },
            resourceRules: [
              {
                operations: ['CREATE', 'UPDATE'],
                apiGroups: ['apps'],
                apiVersions: ['v1'],
                resources: ['deployments'],
              },
            ],
          },
          ...spec,
        },
      },
    });
  const bind = (name: string, spec: object = {}) =>
    server.call(`${root}/mutatingadmissionpolicybindings`, {
      body: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'MutatingAdmissionPolicyBinding',
        metadata: { name: `${name}-b` },
        spec: { policyName: name, ...spec },
      },
    });
  const create = async (name: string, test: string) => {
    const made = await server.call(deployments, {
      body: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, labels: { test } },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: { containers: [{ name: 'a', image: 'example.test/a:1', env: [{ name: 'X', value: '1' }] }] },
          },
        },
      },
    });
    return { status: made.status, json: made.json as unknown as Deployment };
  };
  const apply = (expression: string) => ({
    mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
  });
  const patch = (expression: string) => ({ mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }] });

  it('2.9.6 ApplyConfiguration merges into lists by their keys and leaves no owner behind', async () => {
    const made = await policy(
      'merge',
      apply(`Object{
        metadata: Object.metadata{labels: {"added": "yes"}},
        spec: Object.spec{
          replicas: object.spec.replicas + 2,
          template: Object.spec.template{spec: Object.spec.template.spec{
            containers: object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers.item{
              name: c.name,
              env: [Object.spec.template.spec.containers.env{name: "Y", value: "{" + c.name + "}"}]
            })
          }}
        }
      }`),
    );
    expect(made.status, made.text).toBe(201);
    expect((await create('unbound', 'merge')).json.spec.replicas).toBe(1); // no binding, no effect
    expect((await bind('merge')).status).toBe(201);
    const { status, json } = await create('merged', 'merge');
    expect([status, json.spec.replicas, json.metadata.labels]).toEqual([201, 3, { test: 'merge', added: 'yes' }]);
    expect(json.spec.template.spec.containers).toHaveLength(1);
    expect(json.spec.template.spec.containers[0]).toMatchObject({
      image: 'example.test/a:1',
      env: expect.arrayContaining([
        { name: 'X', value: '1' },
        { name: 'Y', value: '{a}' },
      ]) as unknown,
    });
    const [stored, more] = json.metadata.managedFields ?? [];
    expect(stored?.manager).not.toContain('policy');
    expect(more).toBeUndefined();
  });

  it('2.9.6 JSONPatch adds, replaces and tests, with params and variables', async () => {
    await server.call('/api/v1/namespaces/default/configmaps', {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'numbers' }, data: { replicas: '5' } },
    });
    const made = await policy('patch', {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      variables: [{ name: 'wanted', expression: 'int(params.data.replicas)' }],
      matchConditions: [{ name: 'few', expression: 'object.spec.replicas < variables.wanted' }],
      ...patch(`[
        JSONPatch{op: "test", path: "/spec/replicas", value: 1},
        JSONPatch{op: "replace", path: "/spec/replicas", value: variables.wanted},
        JSONPatch{op: "add", path: "/metadata/annotations", value: {}},
        JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.test/by"), value: "policy"}
      ]`),
    });
    expect(made.status, made.text).toBe(201);
    await bind('patch', { paramRef: { name: 'numbers', namespace: 'default', parameterNotFoundAction: 'Deny' } });
    const { json } = await create('patched', 'patch');
    expect([json.spec.replicas, json.metadata.annotations]).toEqual([5, { 'example.test/by': 'policy' }]);
  });

  it('2.9.6 a policy that may look again does so once a later one has changed the object', async () => {
    const count = (key: string) =>
      `Object{metadata: Object.metadata{annotations: {"${key}": string(${key === 'first' ? 'int(object.metadata.?annotations[?"first"].orValue("0"))' : 'int(object.metadata.?annotations[?"second"].orValue("0"))'} + 1)}}}`;
    const constraints = {
      objectSelector: { matchLabels: { test: 'again' } },
      resourceRules: [{ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
    };
    const one = await policy('again-1', {
      reinvocationPolicy: 'IfNeeded',
      matchConstraints: constraints,
      ...apply(count('first')),
    });
    expect(one.status, one.text).toBe(201);
    await policy('again-2', { matchConstraints: constraints, ...apply(count('second')) });
    await bind('again-1');
    await bind('again-2');
    const { status, json } = await create('again', 'again');
    expect([status, json.metadata.annotations]).toEqual([201, { first: '2', second: '1' }]);
  });

  it('2.9.6 a mutation that fails refuses the write, or is left out where the policy says so', async () => {
    await policy('fails', apply('Object{spec: Object.spec{replicas: 1 / 0}}'));
    await bind('fails');
    const { status, json } = await create('failing', 'fails');
    expect([status, json.message]).toEqual([
      422,
      expect.stringMatching(
        /^deployments.apps "failing" is forbidden: policy 'fails' with binding 'fails-b' denied request: /,
      ),
    ]);
    await policy('ignored', { failurePolicy: 'Ignore', ...apply('Object{spec: Object.spec{replicas: 1 / 0}}') });
    await bind('ignored');
    expect((await create('ignored', 'ignored')).status).toBe(201);
    await policy('renames', apply('Object{metadata: Object.metadata{name: "other"}}'));
    await bind('renames');
    expect((await create('named', 'renames')).json.message).toContain('may not mutate metadata.name');
  });

  it('2.9.6 an expression that is no CEL is refused when it is written', async () => {
    const refused = await policy('broken', patch('[JSONPatch{op: "add", path: }]'));
    expect([refused.status, refused.json.details?.causes?.[0]?.field]).toEqual([
      422,
      'spec.mutations[0].jsonPatch.expression',
    ]);
  });
});
