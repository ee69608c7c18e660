import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe, valueAt } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

type Doc = Readonly<Record<string, unknown>>;
const v2 = async () => (await api.get('/openapi/v2')).json as unknown as Doc;
const v3 = async (path: string) => (await api.get(`/openapi/v3/${path}`)).json as unknown as Doc;
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definition = (plural: string, schema: object, versions?: readonly object[]) => ({
  metadata: { name: `${plural}.doc.test` },
  spec: {
    group: 'doc.test',
    scope: 'Namespaced',
    names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1, -1) },
    versions: versions ?? [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});

describe('OpenAPI', () => {
  it('1.4.2 definitions and operations bear the marks that kubectl reads', async () => {
    const document = await v2();
    const definitions = document['definitions'] as Doc;
    const podSpec = definitions['io.k8s.api.core.v1.PodSpec'];
    expect(valueAt(podSpec, ['properties', 'containers'])).toMatchObject({
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    });
    expect(valueAt(podSpec, ['properties', 'volumes', 'x-kubernetes-patch-strategy'])).toBe('merge,retainKeys');
    const selector = definitions['io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector'] as Doc;
    expect(selector['x-kubernetes-map-type']).toBe('atomic');
    expect(valueAt(definitions, ['io.k8s.api.core.v1.Pod', 'x-kubernetes-group-version-kind'])).toEqual([
      { group: '', kind: 'Pod', version: 'v1' },
    ]);
    const path = '/apis/apps/v1/namespaces/{namespace}/deployments/{name}';
    expect(valueAt(document, ['paths', path, 'patch'])).toMatchObject({
      'x-kubernetes-action': 'patch',
      'x-kubernetes-group-version-kind': { group: 'apps', kind: 'Deployment', version: 'v1' },
    });
    expect(valueAt(definitions, ['io.k8s.apimachinery.pkg.util.intstr.IntOrString', 'format'])).toBe('int-or-string');
  });

  it('1.4.3 the v3 index points at documents by hash', async () => {
    const paths = (await api.get('/openapi/v3')).at('paths') as Record<string, { serverRelativeURL: string }>;
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/apps/v1', 'apis/batch/v1']));
    const url = paths['api/v1']?.serverRelativeURL ?? '';
    expect(url).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9A-Za-z]+$/);
    const right = await api.get(url);
    expect([right.status, right.headers['cache-control']]).toEqual([200, 'public, immutable']);
    const old = await api.get('/openapi/v3/api/v1?hash=0000');
    expect([old.status, old.headers.location]).toEqual([301, url]);
  });

  it('1.4.4 a v3 document names its schemas as Go does, with defaults', async () => {
    const document = await v3('apis/apps/v1');
    const schemas = valueAt(document, ['components', 'schemas']) as Doc;
    expect(document['openapi']).toBe('3.0.0');
    expect(valueAt(schemas, ['io.k8s.api.apps.v1.Deployment', 'properties', 'spec', 'allOf', 0])).toEqual({
      $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec',
    });
    const port = valueAt(schemas, ['io.k8s.api.core.v1.ContainerPort', 'properties', 'protocol']);
    expect(port).toMatchObject({ type: 'string', default: 'TCP' });
  });

  it('1.4.5 every write of every kind lists its options', async () => {
    const document = await v2();
    const paths = document['paths'] as Record<string, Record<string, { parameters?: { name?: string }[] } & Doc>>;
    const missing: string[] = [];
    for (const [path, item] of Object.entries(paths)) {
      for (const method of ['post', 'put', 'patch'] as const) {
        const operation = item[method];
        if (operation === undefined || operation['x-kubernetes-action'] === 'connect') continue;
        const names = [...(operation.parameters ?? []), ...((item['parameters'] ?? []) as never[])].map(
          (parameter: { name?: string; $ref?: string }) => parameter.name ?? parameter.$ref ?? '',
        );
        for (const option of ['dryRun', 'fieldManager', 'fieldValidation']) {
          if (!names.some((name) => name.includes(option))) missing.push(`${method} ${path} ${option}`);
        }
        if (method === 'patch' && !names.some((name) => name.includes('force')))
          missing.push(`${method} ${path} force`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('1.4.6 definitions are published, v2 without what it cannot say, and unserved versions vanish', async () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          required: ['size'],
          properties: {
            size: { type: 'integer', description: 'How large.', minimum: 1 },
            either: { type: 'string', nullable: true, oneOf: [{ pattern: '^a' }, { pattern: '^b' }] },
            free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    };
    await api.make(crds, definition('boxes', schema));
    await expect
      .poll(async () => valueAt(await v2(), ['definitions', 'test.doc.v1.Boxe', 'type']), { timeout: 15_000 })
      .toBe('object');
    const properties = ['properties', 'spec', 'properties'];
    const plain = valueAt(await v2(), ['definitions', 'test.doc.v1.Boxe', ...properties]) as Doc;
    expect(plain['size']).toMatchObject({ type: 'integer', description: 'How large.' });
    expect(plain['either']).not.toHaveProperty('oneOf');
    const full = valueAt(await v3('apis/doc.test/v1'), ['components', 'schemas', 'test.doc.v1.Boxe', ...properties]);
    expect(full).toMatchObject({
      either: { nullable: true, oneOf: [{ pattern: '^a' }, { pattern: '^b' }] },
      free: { 'x-kubernetes-preserve-unknown-fields': true },
    });
    const served = { name: 'v1', served: false, storage: true, schema: { openAPIV3Schema: schema } };
    await api.patch(`${crds}/boxes.doc.test`, 'merge', {
      spec: { versions: [served, { ...served, name: 'v2', served: true, storage: false }] },
    });
    await expect
      .poll(async () => (await api.get('/openapi/v3/apis/doc.test/v1')).status, { timeout: 15_000 })
      .toBe(404);
    expect((await api.get('/openapi/v3/apis/doc.test/v2')).status).toBe(200);
  });

  it('1.4.7 what keeps all fields is published without any', async () => {
    const schema = {
      type: 'object',
      description: 'Anything.',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    };
    await api.make(crds, definition('sacks', schema));
    const found = () => v2().then((document) => valueAt(document, ['definitions', 'test.doc.v1.Sack']) as Doc);
    await expect.poll(found, { timeout: 15_000 }).toMatchObject({ type: 'object', description: 'Anything.' });
    expect(await found()).not.toHaveProperty('properties');
    expect((await found())['x-kubernetes-group-version-kind']).toEqual([
      { group: 'doc.test', kind: 'Sack', version: 'v1' },
    ]);
  });
});
