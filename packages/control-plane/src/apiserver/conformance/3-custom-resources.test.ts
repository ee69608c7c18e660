import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ns = '/apis/custom.test/v1/namespaces/default';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const waiting = { timeout: 15_000 };

interface Extra {
  readonly scope?: string;
  readonly names?: object;
  readonly version?: object;
  readonly versions?: readonly object[];
}
const version = (schema: object, more: object = {}) => ({
  name: 'v1',
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});
const definition = (plural: string, schema: object, extra: Extra = {}) => ({
  metadata: { name: `${plural}.custom.test`, labels: { crd: 'y' } },
  spec: {
    group: 'custom.test',
    scope: extra.scope ?? 'Namespaced',
    names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1, -1), ...extra.names },
    versions: extra.versions ?? [version(schema, extra.version)],
  },
});
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
async function define(plural: string, schema: object, extra: Extra = {}): Promise<void> {
  await api.make(crds, definition(plural, schema, extra));
  await expect.poll(async () => (await api.get(`/apis/custom.test/v1/${plural}`)).status, waiting).toBe(200);
}
const object = (kind: string, name: string, spec: object = {}) => ({
  apiVersion: 'custom.test/v1',
  kind,
  metadata: { name },
  spec,
});
const texts = (reply: Reply) =>
  ((reply.at('details', 'causes') ?? []) as { field: string; message: string }[]).map(
    ({ field, message }) => `${field}: ${message}`,
  );

beforeAll(api.start);
afterAll(api.stop);

describe('definitions', () => {
  it('3.1.3 a version in which objects may be stored stays', async () => {
    await define('keeps', open);
    const only = [version(open, { name: 'v2' })];
    const refused = await api.patch(`${crds}/keeps.custom.test`, 'merge', { spec: { versions: only } });
    expect([refused.status, texts(refused).join()]).toEqual([422, expect.stringContaining('status.storedVersions')]);
  });

  it('3.1.4 a definition goes after its objects, which keep their finalizers', async () => {
    await define('leavers', open);
    const held = object('Leaver', 'held');
    await api.make(`${ns}/leavers`, { ...held, metadata: { name: 'held', finalizers: ['a.b/c'] } });
    await api.make(`${ns}/leavers`, object('Leaver', 'free'));
    const begun = await api.delete(`${crds}/leavers.custom.test`);
    expect(begun.at('metadata', 'finalizers')).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    await expect.poll(async () => (await api.get(`${ns}/leavers/free`)).status, waiting).toBe(404);
    expect((await api.get(`${crds}/leavers.custom.test`)).status).toBe(200);
    await api.patch(`${ns}/leavers/held`, 'merge', { metadata: { finalizers: null } });
    await expect.poll(async () => (await api.get(`${crds}/leavers.custom.test`)).status, waiting).toBe(404);
    await expect.poll(async () => (await api.get(`${ns}/leavers`)).status, waiting).toBe(404);
  });

  it('3.1.5 what a definition says anew is so at once', async () => {
    await define('livings', {
      type: 'object',
      properties: { spec: { type: 'object', properties: { a: { type: 'string' } } } },
    });
    expect((await api.post(`${ns}/livings`, object('Living', 'before', { b: '1' }))).at('spec')).toEqual({});
    const properties = { spec: { type: 'object', properties: { b: { type: 'string' } } } };
    const column = { name: 'B', type: 'string', jsonPath: '.spec.b' };
    const next = version({ type: 'object', properties }, { additionalPrinterColumns: [column] });
    await api.patch(`${crds}/livings.custom.test`, 'merge', { spec: { versions: [next] } });
    await expect
      .poll(
        async () =>
          (
            await api.post(`${ns}/livings`, { ...object('Living', '', { b: '1' }), metadata: { generateName: 'l-' } })
          ).at('spec', 'b'),
        waiting,
      )
      .toBe('1');
    expect((await api.get(`${ns}/livings`, { accept: table })).at('columnDefinitions', 1, 'name')).toBe('B');
  });

  it('3.1.6 a definition has a status, and many go by their label', async () => {
    await define('statefuls', open);
    const path = `${crds}/statefuls.custom.test/status`;
    expect((await api.get(path)).at('status', 'acceptedNames', 'plural')).toBe('statefuls');
    const conditions = ((await api.get(path)).at('status', 'conditions') as object[]).concat([
      { type: 'Extra', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'r', message: 'm' },
    ]);
    const patched = await api.patch(path, 'merge', { status: { conditions }, spec: { scope: 'Cluster' } });
    expect([patched.status, patched.at('spec', 'scope')]).toEqual([200, 'Namespaced']);
    expect(JSON.stringify(patched.at('status', 'conditions'))).toContain('Extra');
    const body = definition('batches', open);
    await api.make(crds, { ...body, metadata: { ...body.metadata, labels: { many: 'y' } } });
    expect((await api.delete(`${crds}?labelSelector=many`)).status).toBe(200);
    await expect.poll(async () => (await api.get(`${crds}/batches.custom.test`)).status, waiting).toBe(404);
  });
});

describe('objects of definitions', () => {
  const schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['size'],
        properties: {
          size: { type: 'integer', minimum: 1 },
          color: { type: 'string', default: 'blue', enum: ['blue', 'red'] },
          maybe: { type: 'string', nullable: true },
          free: open,
          pod: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  };
  beforeAll(async () => {
    await api.make(
      crds,
      definition('boxes', schema, {
        names: { kind: 'Box', singular: 'box', shortNames: ['bx'], categories: ['all', 'furniture'] },
      }),
    );
    await api.make(crds, definition('globes', open, { scope: 'Cluster', names: { kind: 'Globe' } }));
    for (let tries = 0; tries < 100 && (await api.get('/apis/custom.test/v1/globes')).status !== 200; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
  const boxes = `${ns}/boxes`;

  it('3.2.1 have every verb of built-in kinds but the strategic merge', async () => {
    const made = await api.make(boxes, object('Box', 'verbs', { size: 1 }));
    await using watch = await api.watch(
      `${boxes}?watch=1&resourceVersion=${String(made.at('metadata', 'resourceVersion'))}`,
    );
    const put = { ...(made.json as object), spec: { size: 2 } };
    expect((await api.put(`${boxes}/verbs`, put)).at('spec', 'size')).toBe(2);
    expect((await api.patch(`${boxes}/verbs`, 'merge', { spec: { size: 3 } })).at('spec', 'size')).toBe(3);
    expect(
      (await api.patch(`${boxes}/verbs`, 'json', [{ op: 'replace', path: '/spec/size', value: 4 }])).at('spec', 'size'),
    ).toBe(4);
    expect(
      (await api.apply(`${boxes}/verbs`, 'm', object('Box', 'verbs', { size: 5 }), '&force=true')).at('spec', 'size'),
    ).toBe(5);
    expect((await api.patch(`${boxes}/verbs`, 'strategic', {})).status).toBe(415);
    expect((await api.post(`${boxes}?dryRun=All`, object('Box', 'dry', { size: 1 }))).status).toBe(201);
    expect((await api.get(`${boxes}?limit=1`)).at('metadata', 'continue')).toBeUndefined();
    expect((await api.get(boxes, { accept: table })).at('kind')).toBe('Table');
    expect((await watch.take(4)).map(({ type }) => type)).toEqual(Array(4).fill('MODIFIED'));
    expect((await api.delete(`${boxes}/verbs`)).at('status')).toBe('Success');
    expect((await api.delete(boxes)).status).toBe(200);
    expect((await api.get(boxes)).json.items).toEqual([]);
  });

  it('3.2.2 a body fits its path, and a list its kind', async () => {
    expect((await api.post(boxes, { ...object('Box', 'w', { size: 1 }), apiVersion: 'custom.test/v9' })).status).toBe(
      400,
    );
    expect((await api.post(boxes, { ...object('Box', 'w', { size: 1 }), kind: 'Crate' })).status).toBe(400);
    expect((await api.get(boxes)).at('kind')).toBe('BoxList');
  });

  it('3.2.3 are where their scope says, and nowhere else', async () => {
    expect((await api.get(`${ns}/globes`)).status).toBe(404);
    expect((await api.post('/apis/custom.test/v1/globes', object('Globe', 'g'))).status).toBe(201);
    expect((await api.get('/apis/custom.test/v1/globes/g')).status).toBe(200);
    expect((await api.get('/apis/custom.test/v1/boxes/none')).status).toBe(404);
  });

  it('3.2.4 print NAME and AGE, or what the definition says', async () => {
    const names = async (path: string) =>
      ((await api.get(path, { accept: table })).at('columnDefinitions') as { name: string }[]).map(({ name }) => name);
    expect(await names(boxes)).toEqual(['Name', 'Age']);
    const additionalPrinterColumns = [
      { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
      { name: 'Made', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      { name: 'Missing', type: 'string', jsonPath: '.spec.none', priority: 1 },
    ];
    await define('printeds', open, { version: { additionalPrinterColumns } });
    await api.make(`${ns}/printeds`, object('Printed', 'p', { size: 7 }));
    const shown = await api.get(`${ns}/printeds`, { accept: table });
    expect(shown.at('rows', 0, 'cells')).toEqual(['p', 7, expect.stringMatching(/^\d+s$/), null]);
    expect(shown.at('columnDefinitions', 3, 'priority')).toBe(1);
  });

  it('3.2.5 are discovered with short names, categories and singular', async () => {
    const resources = (await api.get('/apis/custom.test/v1')).at('resources') as { name: string }[];
    expect(resources.find(({ name }) => name === 'boxes')).toMatchObject({
      singularName: 'box',
      shortNames: ['bx'],
      categories: ['all', 'furniture'],
    });
  });

  it('3.2.7 have the metadata of all objects, and no other', async () => {
    const bad = await api.post(boxes, { ...object('Box', 'B_', { size: 1 }) });
    expect(texts(bad)[0]).toContain('metadata.name: Invalid value: "B_"');
    const body = object('Box', 'meta', { size: 1 });
    const made = await api.post(boxes, { ...body, metadata: { name: 'meta', unheard: 'of', labels: { a: 'b' } } });
    expect([made.status, made.at('metadata', 'unheard'), made.at('metadata', 'labels')]).toEqual([
      201,
      undefined,
      { a: 'b' },
    ]);
  });

  it('3.3.1 a schema says the type of everything, and defaults stand outside of choices', async () => {
    const bad = async (properties: object, more: object = {}) =>
      (await api.post(crds, definition('bads', { type: 'object', properties, ...more }))).status;
    expect(await bad({ a: {} })).toBe(422);
    expect(await bad({ a: { type: 'string', anyOf: [{ type: 'string' }] } })).toBe(422);
    expect(await bad({ a: { type: 'string' } }, { allOf: [{ properties: { b: { minimum: 1 } } }] })).toBe(422);
    expect(await bad({ a: { type: 'string', default: 1 } })).toBe(422);
    expect(await bad({ metadata: { type: 'object', properties: { labels: { type: 'object' } } } })).toBe(422);
  });

  it('3.3.2 3.3.3 what is not declared goes, and defaults come, also for null', async () => {
    const made = await api.make(
      boxes,
      object('Box', 'pruned', { size: 1, other: 1, free: { kept: 1 }, color: null, maybe: null }),
    );
    expect(made.at('spec')).toEqual({ size: 1, free: { kept: 1 }, color: 'blue', maybe: null });
    const patched = await api.patch(`${boxes}/pruned`, 'merge', { spec: { other: 2 } });
    expect(patched.at('spec', 'other')).toBeUndefined();
  });

  it('3.3.5 refusals have the words of built-in kinds', async () => {
    const { status, json, ...reply } = await api.post(boxes, object('Box', 'refused', { size: 0, color: 'green' }));
    expect([status, json.reason, json.details?.kind]).toEqual([422, 'Invalid', 'Box']);
    expect(texts({ status, json, ...reply })).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
      'spec.color: Unsupported value: "green": supported values: "blue", "red"',
    ]);
    const missing = await api.post(boxes, object('Box', 'missing'));
    expect(texts(missing)).toEqual(['spec.size: Required value']);
  });
});
