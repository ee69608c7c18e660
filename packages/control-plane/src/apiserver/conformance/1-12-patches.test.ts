import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
const ns = '/api/v1/namespaces/default';
const maps = `${ns}/configmaps`;
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const things = '/apis/patch.test/v1/namespaces/default/things';
const labels = { app: 'x' };
const containers = [{ name: 'c', image: 'i' }];
const deployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers, ...spec } } },
});
const map = (data: object, metadata: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });

interface Managed {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly time: string;
  readonly fieldsV1: Readonly<Record<string, unknown>>;
}
const managed = (reply: Reply) => (reply.at('metadata', 'managedFields') ?? []) as readonly Managed[];
const owners = (reply: Reply) => managed(reply).map(({ manager, operation }) => `${manager} ${operation}`);

beforeAll(async () => {
  await api.start();
  await api.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'things.patch.test' },
    spec: {
      group: 'patch.test',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    list: { type: 'array', items: { type: 'string' } },
                    map: { type: 'object', additionalProperties: { type: 'string' } },
                    keyed: {
                      type: 'array',
                      'x-kubernetes-list-type': 'map',
                      'x-kubernetes-list-map-keys': ['k'],
                      items: {
                        type: 'object',
                        required: ['k'],
                        properties: { k: { type: 'string' }, v: { type: 'string' } },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      ],
    },
  });
  await vi.waitFor(async () => expect((await api.get(things)).status).toBe(200));
});
afterAll(api.stop);

describe('patches', () => {
  it('1.12.1 each form has its type; custom resources have no strategic merge, and others are refused with a list', async () => {
    await api.make(things, { apiVersion: 'patch.test/v1', kind: 'Thing', metadata: { name: 't' } });
    const strategic = await api.patch(`${things}/t`, 'strategic', {});
    expect([strategic.status, strategic.json.reason]).toEqual([415, 'UnsupportedMediaType']);
    const headers = { 'content-type': 'application/xml' };
    const unknown = await api.call(`${things}/t`, { method: 'PATCH', body: '{}', headers });
    expect(unknown.json.message).toBe(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
    const builtIn = await api.call(`${maps}/x`, { method: 'PATCH', body: '{}', headers });
    expect(builtIn.json.message).toContain('application/strategic-merge-patch+json');
    expect((await api.apply(`${maps}/json-body`, 'm', map({ a: '1' }))).status).toBe(201);
  });

  it('1.12.2 JSON patches have all operations, and what fails is Invalid', async () => {
    const annotations = { a: '1', 'b/c': '2' };
    await api.make(maps, map({}, { name: 'jp', annotations, finalizers: ['example.test/a'] }));
    const patch = (...operations: readonly object[]) => api.patch(`${maps}/jp`, 'json', operations);
    const changed = await patch(
      { op: 'test', path: '/metadata/annotations/a', value: '1' },
      { op: 'add', path: '/metadata/finalizers/-', value: 'example.test/b' },
      { op: 'replace', path: '/metadata/annotations/b~1c', value: 'new' },
      { op: 'add', path: '/data', value: { e: '1', f: '1' } },
      { op: 'remove', path: '/data/e' },
      { op: 'copy', from: '/data/f', path: '/data/g' },
      { op: 'move', from: '/data/f', path: '/data/h' },
    );
    expect([changed.status, changed.at('data')], changed.text).toEqual([200, { g: '1', h: '1' }]);
    expect(changed.at('metadata', 'annotations')).toEqual({ a: '1', 'b/c': 'new' });
    expect(changed.at('metadata', 'finalizers')).toEqual(['example.test/a', 'example.test/b']);
    const thing = {
      apiVersion: 'patch.test/v1',
      kind: 'Thing',
      metadata: { name: 'jp' },
      spec: { map: { 'd~e': '1' } },
    };
    await api.make(things, thing);
    const tilde = await api.patch(`${things}/jp`, 'json', [{ op: 'replace', path: '/spec/map/d~0e', value: '2' }]);
    expect(tilde.at('spec', 'map', 'd~e')).toBe('2');
    for (const bad of [
      { op: 'test', path: '/data/g', value: 'other' },
      { op: 'remove', path: '/data/none' },
      { op: 'replace', path: '/data/none', value: 'x' },
      { op: 'test', path: '/metadata/resourceVersion', value: '1' },
    ]) {
      const { status, json } = await patch(bad);
      expect([bad.op, status, json.reason]).toEqual([bad.op, 422, 'Invalid']);
    }
    expect((await api.patch(`${maps}/jp`, 'json', { op: 'add' })).status).toBe(400);
  });

  it('1.12.3 in a merge patch null deletes, and lists are replaced', async () => {
    await api.make(deployments, deployment('mp', { containers: [...containers, { name: 'd', image: 'i' }] }));
    const patched = await api.patch(`${deployments}/mp`, 'merge', {
      metadata: { annotations: { a: '1' } },
      spec: { template: { spec: { containers: [{ name: 'only', image: 'o' }] } } },
    });
    expect((patched.at('spec', 'template', 'spec', 'containers') as object[]).length).toBe(1);
    const cleared = await api.patch(`${deployments}/mp`, 'merge', { metadata: { annotations: { a: null } } });
    expect(cleared.at('metadata', 'annotations')).toBeUndefined();
  });

  it('1.12.4 strategic merges have every directive', async () => {
    const env = (...names: readonly string[]) => names.map((name) => ({ name, value: 'v' }));
    const volumes = [{ name: 'v', emptyDir: {} }];
    await api.make(deployments, deployment('sm', { containers: [{ ...containers[0], env: env('A', 'B') }], volumes }));
    const patch = async (spec: object) => {
      const reply = await api.patch(`${deployments}/sm`, 'strategic', { spec: { template: { spec } } });
      expect(reply.status, reply.text).toBe(200);
      return reply;
    };
    const envOf = (reply: Reply) =>
      (reply.at('spec', 'template', 'spec', 'containers', 0, 'env') as { name: string }[]).map(({ name }) => name);
    const one = (more: object) => ({ containers: [{ name: 'c', ...more }] });
    expect(envOf(await patch(one({ env: env('C') })))).toEqual(expect.arrayContaining(['A', 'B', 'C']));
    expect(envOf(await patch(one({ env: [{ name: 'A', $patch: 'delete' }] })))).not.toContain('A');
    const ordered = { '$setElementOrder/env': [{ name: 'D' }, { name: 'C' }, { name: 'B' }], env: env('D') };
    expect(envOf(await patch(one(ordered)))).toEqual(['D', 'C', 'B']);
    expect(envOf(await patch(one({ env: [...env('E'), { $patch: 'replace' }] })))).toEqual(['E']);
    const retained = await patch({
      volumes: [{ name: 'v', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }],
    });
    expect(retained.at('spec', 'template', 'spec', 'volumes')).toEqual([
      { name: 'v', hostPath: { path: '/x', type: '' } },
    ]);
    await api.make(maps, map({}, { name: 'fin', finalizers: ['a.b/c', 'a.b/d'] }));
    const removed = await api.patch(`${maps}/fin`, 'strategic', {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a.b/c'], finalizers: ['a.b/e'] },
    });
    expect(removed.at('metadata', 'finalizers')).toEqual(['a.b/e', 'a.b/d']); // new ones come before those that stay
    const replaced = await api.patch(`${deployments}/sm`, 'strategic', {
      spec: { strategy: { $patch: 'replace', type: 'Recreate' } },
    });
    expect(replaced.at('spec', 'strategy')).toEqual({ type: 'Recreate' });
  });

  it('1.12.5 the merge keys of lists are those of Kubernetes', async () => {
    const pod = {
      metadata: { name: 'keys' },
      spec: {
        containers: [
          {
            ...containers[0],
            ports: [{ containerPort: 80, name: 'a' }],
            env: [{ name: 'A', value: '1' }],
            volumeMounts: [{ name: 'v', mountPath: '/a' }],
          },
        ],
        initContainers: [{ name: 'i', image: 'i' }],
        volumes: [{ name: 'v', emptyDir: {} }],
        imagePullSecrets: [{ name: 's' }],
        hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }],
        tolerations: [{ key: 'k', operator: 'Exists' }],
        topologySpreadConstraints: [
          { topologyKey: 't', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: labels } },
        ],
      },
    };
    await api.make(`${ns}/podtemplates`, { metadata: { name: 'keys' }, template: pod });
    const merged = await api.patch(`${ns}/podtemplates/keys`, 'strategic', {
      template: {
        spec: {
          containers: [
            {
              name: 'c',
              ports: [{ containerPort: 80, name: 'b' }, { containerPort: 81 }],
              env: [{ name: 'A', value: '2' }],
              volumeMounts: [{ name: 'v', mountPath: '/a', readOnly: true }],
            },
          ],
          initContainers: [{ name: 'j', image: 'j' }],
          volumes: [{ name: 'w', emptyDir: {} }],
          imagePullSecrets: [{ name: 't' }],
          hostAliases: [{ ip: '1.2.3.4', hostnames: ['b'] }],
          tolerations: [{ key: 'l', operator: 'Exists' }],
          topologySpreadConstraints: [{ topologyKey: 't', whenUnsatisfiable: 'DoNotSchedule', maxSkew: 2 }],
        },
      },
    });
    const at = (...path: readonly (string | number)[]) => merged.at('template', 'spec', ...path);
    const keysOf = (list: string, key: string) =>
      (at(list) as Record<string, unknown>[]).map((item) => item[key]).sort();
    expect(at('containers', 0)).toMatchObject({
      image: 'i',
      ports: [{ containerPort: 80, name: 'b' }, { containerPort: 81 }],
      env: [{ name: 'A', value: '2' }],
      volumeMounts: [{ name: 'v', mountPath: '/a', readOnly: true }],
    });
    expect(keysOf('initContainers', 'name')).toEqual(['i', 'j']);
    expect(keysOf('volumes', 'name')).toEqual(['v', 'w']);
    expect(keysOf('imagePullSecrets', 'name')).toEqual(['s', 't']);
    expect(at('hostAliases')).toEqual([{ ip: '1.2.3.4', hostnames: ['b'] }]);
    expect(keysOf('tolerations', 'key')).toEqual(['l']); // atomic
    expect(at('topologySpreadConstraints')).toMatchObject([{ maxSkew: 2, labelSelector: { matchLabels: labels } }]);
    await api.make(`${ns}/services`, { metadata: { name: 'keys' }, spec: { ports: [{ port: 80, name: 'a' }] } });
    const service = await api.patch(`${ns}/services/keys`, 'strategic', { spec: { ports: [{ port: 81, name: 'b' }] } });
    expect((service.at('spec', 'ports') as { port: number }[]).map(({ port }) => port).sort()).toEqual([80, 81]);
    await api.make('/api/v1/nodes', { metadata: { name: 'keys' } });
    const ready = (status: string, more: object = {}) => ({
      status: { conditions: [{ type: 'Ready', status, ...more }] },
    });
    await api.patch('/api/v1/nodes/keys/status', 'strategic', ready('True', { reason: 'R' }));
    const condition = await api.patch('/api/v1/nodes/keys/status', 'strategic', ready('False'));
    expect(condition.at('status', 'conditions')).toMatchObject([{ type: 'Ready', status: 'False', reason: 'R' }]);
  });

  it('1.12.6 without a resourceVersion a patch is tried again, with one it conflicts', async () => {
    await api.make(maps, map({ n: '0' }, { name: 'raced' }));
    const replies = await Promise.all(
      Array.from({ length: 4 }, (_, index) => api.patch(`${maps}/raced`, 'merge', { data: { [`k${index}`]: '1' } })),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(Object.keys((await api.get(`${maps}/raced`)).at('data') as object)).toHaveLength(5);
    const stale = await api.patch(`${maps}/raced`, 'merge', { metadata: { resourceVersion: '1' }, data: { n: '1' } });
    expect([stale.status, stale.json.reason]).toEqual([409, 'Conflict']);
  });

  it('1.12.7 no patch makes another object of it, and the result is validated', async () => {
    const made = await api.make(maps, map({ a: '1' }, { name: 'same' }));
    const wrong = await api.apply(`${maps}/same`, 'm', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'same' },
    });
    expect(wrong.status).toBe(400);
    expect((await api.apply(`${maps}/same`, 'm', { metadata: { name: 'same' } })).status).toBe(400);
    expect((await api.patch(`${maps}/same`, 'merge', { metadata: { name: 'other' } })).status).toBeGreaterThanOrEqual(
      400,
    );
    expect(
      (await api.patch(`${maps}/same`, 'merge', { metadata: { namespace: 'other' } })).status,
    ).toBeGreaterThanOrEqual(400);
    const uid = await api.patch(`${maps}/same`, 'merge', { metadata: { uid: '00000000-0000-0000-0000-000000000000' } });
    expect([409, 422]).toContain(uid.status);
    const invalid = await api.patch(`${maps}/same`, 'merge', { data: { 'a b': '1' } });
    expect([invalid.status, invalid.json.reason]).toEqual([422, 'Invalid']);
    expect((await api.get(`${maps}/same`)).at('metadata', 'uid')).toBe(made.at('metadata', 'uid'));
  });

  it('1.12.8 a patch of the status changes the status', async () => {
    await api.make(deployments, deployment('st'));
    const patched = await api.patch(`${deployments}/st/status`, 'strategic', {
      spec: { replicas: 9 },
      status: { replicas: 5 },
    });
    expect([patched.at('spec', 'replicas'), patched.at('status', 'replicas')]).toEqual([1, 5]);
    const main = await api.patch(`${deployments}/st`, 'merge', { status: { replicas: 7 }, spec: { replicas: 2 } });
    expect([main.at('spec', 'replicas'), main.at('status', 'replicas')]).toEqual([2, 5]);
  });
});

describe('server-side apply', () => {
  it('1.12.9 needs a manager, and force belongs to it alone', async () => {
    const none = await api.patch(`${maps}/ap`, 'apply', map({}));
    expect([400, 422]).toContain(none.status);
    expect(none.json.message).toContain('fieldManager');
    await api.make(maps, map({}, { name: 'ap' }));
    const forced = await api.patch(`${maps}/ap?force=true`, 'merge', {});
    expect([forced.status, forced.json.message]).toEqual([422, expect.stringContaining('force')]);
  });

  it('1.12.10 makes what is not there, and honours versions and uids', async () => {
    const made = await api.apply(`${maps}/created`, 'm', map({ a: '1' }));
    expect(made.status).toBe(201);
    const stale = await api.apply(`${maps}/created`, 'm', map({ a: '2' }, { resourceVersion: '1' }));
    expect([stale.status, stale.json.reason]).toEqual([409, 'Conflict']);
    const uid = '00000000-0000-0000-0000-000000000000';
    expect((await api.apply(`${maps}/created`, 'm', map({ a: '2' }, { uid }))).status).toBe(409);
    expect((await api.apply(`${maps}/absent`, 'm', map({ a: '2' }, { uid }))).status).toBe(409);
  });

  it('1.12.11 what a manager leaves out goes, what others hold stays, and other values conflict', async () => {
    const path = `${deployments}/owned`;
    const applied = (replicas: number | undefined, annotations: object) => ({
      ...deployment('owned'),
      metadata: { name: 'owned', annotations },
      spec: { ...deployment('owned').spec, ...(replicas === undefined ? {} : { replicas }) },
    });
    await api.apply(path, 'one', applied(3, { a: '1', b: '1' }));
    await api.apply(path, 'two', { ...deployment('owned'), metadata: { name: 'owned', annotations: { b: '1' } } });
    const less = await api.apply(path, 'one', applied(3, {}));
    expect(less.at('metadata', 'annotations')).toEqual({ b: '1' });
    const conflict = await api.apply(path, 'two', applied(5, { b: '1' }));
    expect(conflict.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.replicas',
      details: {
        causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.replicas' }],
      },
    });
    expect(owners(await api.apply(path, 'two', applied(3, { b: '1' })))).toEqual(['one Apply', 'two Apply']);
    expect((await api.apply(path, 'one', applied(undefined, {}))).at('spec', 'replicas')).toBe(3);
  });

  it('1.12.12 force takes what is in conflict from the others', async () => {
    await api.apply(`${maps}/forced`, 'one', map({ a: '1', b: '1' }));
    const forced = await api.apply(`${maps}/forced`, 'two', map({ a: '2' }), '&force=true');
    expect([forced.status, forced.at('data')]).toEqual([200, { a: '2', b: '1' }]);
    expect(managed(forced).find(({ manager }) => manager === 'one')?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } });
  });

  it('1.12.13 other writes own what they change, and old ones are put together', async () => {
    await api.make(`${maps}?fieldManager=maker`, map({ a: '1' }, { name: 'updated' }));
    for (let index = 0; index < 14; index++) {
      await api.patch(`${maps}/updated?fieldManager=u${index}`, 'merge', { data: { [`k${index}`]: '1' } });
    }
    const names = managed(await api.get(`${maps}/updated`)).map(({ manager }) => manager);
    expect(names).toContain('ancient-changes');
    expect(names.length).toBeLessThanOrEqual(11);
    expect(names).toContain('u13');
  });

  it('1.12.14 an entry has all its parts, and its time changes with its fields only', async () => {
    const labelled = map({ a: '1' }, { labels: { l: 'm' } });
    const first = await api.apply(`${maps}/entry`, 'm', labelled);
    expect(managed(first)[0]).toEqual({
      manager: 'm',
      operation: 'Apply',
      apiVersion: 'v1',
      time: expect.stringMatching(/Z$/) as unknown,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:a': {} }, 'f:metadata': { 'f:labels': { 'f:l': {} } } },
    });
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(managed(await api.apply(`${maps}/entry`, 'm', labelled))[0]?.time).toBe(managed(first)[0]?.time);
    const keyed = await api.apply(`${deployments}/entry`, 'm', deployment('entry'));
    expect(JSON.stringify(managed(keyed)[0]?.fieldsV1)).toContain(
      '"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{},"f:name":{}}',
    );
    await api.patch(`${deployments}/entry/status?fieldManager=s`, 'merge', { status: { replicas: 1 } });
    const status = managed(await api.get(`${deployments}/entry`)).find(({ manager }) => manager === 's');
    expect([status?.operation, status?.subresource]).toEqual(['Update', 'status']);
    const set = await api.apply(`${maps}/fins`, 'm', map({}, { finalizers: ['a.b/c'] }));
    expect(JSON.stringify(managed(set)[0]?.fieldsV1)).toContain('"f:finalizers":{"v:\\"a.b/c\\"":{}}');
  });

  it('1.12.15 fields from before the first apply belong to a manager of that name', async () => {
    await api.make(maps, map({ a: '1' }, { name: 'before' }));
    await api.patch(`${maps}/before`, 'merge', { metadata: { managedFields: [{}] } });
    const applied = await api.apply(`${maps}/before`, 'm', map({ b: '1' }));
    expect(owners(applied)).toEqual(expect.arrayContaining(['m Apply', 'before-first-apply Update']));
  });

  it('1.12.16 the schema says which lists and maps are granular', async () => {
    const thing = (spec: object) => ({ apiVersion: 'patch.test/v1', kind: 'Thing', metadata: { name: 'topo' }, spec });
    await api.apply(`${things}/topo`, 'one', thing({ list: ['a'], map: { a: '1' }, keyed: [{ k: 'a', v: '1' }] }));
    const second = await api.apply(`${things}/topo`, 'two', thing({ map: { b: '2' }, keyed: [{ k: 'b', v: '2' }] }));
    expect(second.at('spec')).toEqual({
      list: ['a'],
      map: { a: '1', b: '2' },
      keyed: [
        { k: 'a', v: '1' },
        { k: 'b', v: '2' },
      ],
    });
    const atomic = await api.apply(`${things}/topo`, 'two', thing({ list: ['b'] }));
    expect(atomic.at('details', 'causes', 0, 'field')).toBe('.spec.list');
  });

  it('1.12.17 the spec is not owned through the status, nor the reverse', async () => {
    await api.apply(`${deployments}/reset`, 'm', { ...deployment('reset'), status: { replicas: 9 } });
    const own = managed(await api.get(`${deployments}/reset`))[0];
    expect(own?.fieldsV1).not.toHaveProperty('f:status');
    await api.patch(`${deployments}/reset/status?fieldManager=s`, 'merge', {
      spec: { replicas: 4 },
      status: { replicas: 1 },
    });
    const status = managed(await api.get(`${deployments}/reset`)).find(({ manager }) => manager === 's');
    expect(Object.keys(status?.fieldsV1 ?? {})).toEqual(['f:status']);
    await api.patch(`${deployments}/reset/scale?fieldManager=scaler`, 'merge', { spec: { replicas: 4 } });
    const scaler = managed(await api.get(`${deployments}/reset`)).find(({ manager }) => manager === 'scaler');
    expect([scaler?.subresource, scaler?.fieldsV1]).toEqual(['scale', { 'f:spec': { 'f:replicas': {} } }]);
  });

  it('1.12.18 the first apply of kubectl takes over what client-side apply had written', async () => {
    const last = JSON.stringify(map({ a: '1', gone: '1' }, { name: 'taken' }));
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': last };
    await api.make(
      `${maps}?fieldManager=kubectl-client-side-apply`,
      map({ a: '1', gone: '1' }, { name: 'taken', annotations }),
    );
    const applied = await api.apply(`${maps}/taken`, 'kubectl', map({ a: '2' }, { name: 'taken' }));
    expect([applied.status, applied.at('data')], applied.text).toEqual([200, { a: '2', gone: '1' }]);
    const annotation = applied.at('metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration');
    expect(JSON.parse(String(annotation))).toMatchObject({ data: { a: '2' } });
    expect(annotation).not.toContain('gone');
    const other = await api.apply(`${maps}/taken`, 'somebody', map({ a: '3' }, { name: 'taken' }));
    expect(other.status).toBe(409);
  });

  it('1.12.19 defaults belong to nobody, and a doubled key is refused', async () => {
    const applied = await api.apply(`${deployments}/defaults`, 'm', deployment('defaults'));
    expect(applied.at('spec', 'replicas')).toBe(1);
    expect(JSON.stringify(managed(applied)[0]?.fieldsV1)).not.toContain('f:replicas');
    const doubled = deployment('doubled', { containers: [...containers, ...containers] });
    expect([400, 422, 500]).toContain((await api.apply(`${deployments}/doubled`, 'm', doubled)).status);
    const { status, json } = await api.apply(`${deployments}/doubled`, 'm', doubled);
    expect([400, 422]).toContain(status);
    expect(json.message).toMatch(/duplicate|Duplicate/);
  });

  it('1.12.20 what kubectl diff sends leaves no trace', async () => {
    const before = await api.apply(`${maps}/diffed`, 'm', map({ a: '1' }));
    const dry = await api.apply(`${maps}/diffed`, 'm', map({ a: '2' }), '&dryRun=All&force=true');
    expect([dry.status, dry.at('data', 'a')]).toEqual([200, '2']);
    expect((await api.get(`${maps}/diffed`)).json).toEqual(before.json);
    expect((await api.apply(`${maps}/diff-new`, 'm', map({ a: '2' }), '&dryRun=All')).status).toBe(201);
    expect((await api.get(`${maps}/diff-new`)).status).toBe(404);
  });
});
