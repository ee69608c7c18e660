import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KubernetesObject } from '@geobuk/api';
import { startHttpsServer } from '../../testing/https-server.js';
import type { TestHttpsServer } from '../../testing/https-server.js';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

type Ship = KubernetesObject & { readonly spec?: Record<string, unknown> };
interface Review {
  readonly apiVersion: string;
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly Ship[] };
}

const group = 'ships.test';
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ships = (version: string) => `/apis/${group}/${version}/namespaces/default/ships`;

/** v1 says how many guns there are, v2 on which side they stand. */
function convert(ship: Ship, apiVersion: string): Ship {
  const { spec = {} } = ship;
  if (apiVersion.endsWith('/v2')) return { ...ship, apiVersion, spec: { guns: { port: spec['guns'] } } };
  const { port } = (spec['guns'] ?? {}) as { readonly port?: number };
  return { ...ship, apiVersion, spec: { guns: port } };
}

describe('conversion by webhook', () => {
  let server: TestServer;
  let hook: TestHttpsServer;
  const seen: Review[] = [];
  let answer: (review: Review) => object | undefined;

  const converted = ({ apiVersion, request: { uid, objects, desiredAPIVersion } }: Review) => ({
    kind: 'ConversionReview',
    apiVersion,
    response: {
      uid,
      convertedObjects: objects.map((ship) => convert(ship, desiredAPIVersion)),
      result: { status: 'Success' },
    },
  });

  const definition = (storage: 'v1' | 'v2', extra: object = {}) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `ships.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'ships', kind: 'Ship' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: storage === 'v1',
          subresources: { status: {}, scale: { specReplicasPath: '.spec.guns', statusReplicasPath: '.status.guns' } },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { spec: { type: 'object', properties: { guns: { type: 'integer' } } } },
            },
          },
        },
        {
          name: 'v2',
          served: true,
          storage: storage === 'v2',
          selectableFields: [{ jsonPath: '.spec.guns.port' }],
          additionalPrinterColumns: [{ name: 'Port', type: 'integer', jsonPath: '.spec.guns.port' }],
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: {
                    guns: { type: 'object', properties: { port: { type: 'integer' } } },
                    flag: { type: 'string', default: 'dragon' },
                  },
                },
              },
            },
          },
        },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1', 'v1beta1'],
          clientConfig: {
            url: `https://127.0.0.1:${hook.port}/convert`,
            caBundle: Buffer.from(hook.caPem).toString('base64'),
          },
        },
      },
      ...extra,
    },
  });
  const ship = (version: string, name: string, spec: object, metadata: object = {}) => ({
    apiVersion: `${group}/${version}`,
    kind: 'Ship',
    metadata: { name, ...metadata },
    spec,
  });
  const specOf = async (version: string, name: string) =>
    (await server.call(`${ships(version)}/${name}`)).json.spec as unknown;

  beforeAll(async () => {
    server = await startTestServer();
    hook = await startHttpsServer(
      (request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          const review = JSON.parse(Buffer.concat(pieces).toString()) as Review;
          seen.push(review);
          const given = answer(review);
          if (given === undefined) response.writeHead(500).end('the shipwright sleeps');
          else response.setHeader('content-type', 'application/json').end(JSON.stringify(given));
        });
      },
      { hosts: ['shipwright.default.svc'] },
    );
    answer = converted;
    expect((await server.call(definitions, { body: definition('v1') })).status).toBe(201);
    await vi.waitFor(async () => expect((await server.call(ships('v2'))).status).toBe(200), 10_000);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await hook[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    seen.length = 0;
    answer = converted;
  });

  it('3.4.1 3.4.2 stores one version and serves every other, with the defaults of the version that is asked for', async () => {
    const created = await server.call(ships('v2'), { body: ship('v2', 'panok', { guns: { port: 7 } }) });
    expect([created.status, created.json.spec]).toEqual([201, { guns: { port: 7 }, flag: 'dragon' }]);
    expect(await specOf('v1', 'panok')).toEqual({ guns: 7 });
    expect(await specOf('v2', 'panok')).toEqual({ guns: { port: 7 }, flag: 'dragon' });
    expect(seen[0]).toMatchObject({ kind: 'ConversionReview', apiVersion: 'apiextensions.k8s.io/v1' });
    expect(seen[0]!.request).toMatchObject({
      desiredAPIVersion: `${group}/v1`,
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    const stored = server.apiServer.registry.cacheOf(server.apiServer.catalog.find(group, 'v1', 'ships')!);
    expect(stored.get({ namespace: 'default', name: 'panok' })!.object.apiVersion).toBe(`${group}/v1`);
  });

  it('3.4.2 converts a list in one call, each object once for all who read it', async () => {
    for (let i = 0; i < 5; i++) await server.call(ships('v1'), { body: ship('v1', `line-${i}`, { guns: i }) });
    seen.length = 0;
    const lists = await Promise.all([1, 2, 3].map(() => server.call(ships('v2'))));
    for (const list of lists) {
      const guns = list.json.items!.map((item) => (item as Ship).spec!['guns']);
      expect(guns).toEqual(expect.arrayContaining([0, 1, 2, 3, 4].map((port) => ({ port }))));
      expect(new Set(list.json.items!.map(({ apiVersion }) => apiVersion))).toEqual(new Set([`${group}/v2`]));
    }
    expect(seen).toHaveLength(1);
    expect(seen[0]!.request.objects.length).toBeGreaterThanOrEqual(5);
    seen.length = 0;
    const table = await server.call(ships('v2'), {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    expect(table.json.columnDefinitions!.map(({ name }) => name)).toEqual(['Name', 'Port']);
    expect(seen).toHaveLength(0);
  });

  it('3.4.1 patches, applies, scales and watches at any version', async () => {
    const watch = await server.open(`${ships('v2')}?watch=true&fieldSelector=metadata.name%3Dsails&timeoutSeconds=20`);
    await server.call(ships('v1'), { body: ship('v1', 'sails', { guns: 1 }) });
    const patched = await server.call(`${ships('v2')}/sails`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { guns: { port: 2 } } },
    });
    expect([patched.status, patched.json.spec]).toEqual([200, { guns: { port: 2 }, flag: 'dragon' }]);
    expect(await specOf('v1', 'sails')).toEqual({ guns: 2 });
    const applied = await server.call(`${ships('v2')}/sails?fieldManager=me&force=true`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: ship('v2', 'sails', { guns: { port: 3 } }),
    });
    expect([applied.status, applied.json.spec]).toEqual([200, { guns: { port: 3 }, flag: 'dragon' }]);
    const scale = await server.call(`${ships('v1')}/sails/scale`);
    expect(scale.json.spec).toEqual({ replicas: 3 });
    expect((await server.call(`${ships('v2')}/sails`, { method: 'DELETE' })).status).toBe(200);

    const events: { readonly type: string; readonly object: Ship }[] = [];
    let text = '';
    for await (const piece of watch as AsyncIterable<Buffer>) {
      text += piece.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) events.push(JSON.parse(line) as (typeof events)[number]);
      if (events.at(-1)?.type === 'DELETED') break;
    }
    watch.destroy();
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    expect(events.map(({ object }) => object.spec!['guns'])).toEqual([
      { port: 1 },
      { port: 2 },
      { port: 3 },
      { port: 3 },
    ]);
    expect(new Set(events.map(({ object }) => object.apiVersion))).toEqual(new Set([`${group}/v2`]));
  });

  it('3.4.1 selects by fields of the version that is asked for', async () => {
    for (const guns of [31, 32, 31]) {
      await server.call(ships('v1'), { body: { ...ship('v1', '', { guns }), metadata: { generateName: 'field-' } } });
    }
    const selector = 'fieldSelector=spec.guns.port%3D31';
    const first = (await server.call(`${ships('v2')}?${selector}&limit=1`)).json;
    expect(first.items).toHaveLength(1);
    const rest = await server.call(`${ships('v2')}?${selector}&limit=5&continue=${first.metadata!.continue}`);
    expect(rest.json.items!.map((item) => (item as Ship).spec!['guns'])).toEqual([{ port: 31 }]);
    expect((await server.call(`${ships('v1')}?${selector}`)).status).toBe(400);

    const watch = await server.open(`${ships('v2')}?watch=true&${selector}&timeoutSeconds=20`);
    const name = first.items![0]!.metadata.name!;
    const set = (guns: number) =>
      server.call(`${ships('v1')}/${name}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec: { guns } },
      });
    await set(40);
    await set(41);
    await set(31);
    const types: string[] = [];
    let text = '';
    for await (const piece of watch as AsyncIterable<Buffer>) {
      text += piece.toString();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) types.push((JSON.parse(line) as { readonly type: string }).type);
      if (types.length === 4) break;
    }
    watch.destroy();
    expect(types).toEqual(['ADDED', 'ADDED', 'DELETED', 'ADDED']);
  });

  it('3.4.2 keeps all metadata but labels and annotations from the webhook', async () => {
    await server.call(ships('v1'), { body: ship('v1', 'meta', { guns: 1 }, { labels: { a: '1' } }) });
    answer = (review) => {
      const whole = converted(review);
      const objects = whole.response.convertedObjects.map((one) => ({
        ...one,
        metadata: { ...one.metadata, labels: { b: '2' }, finalizers: ['x/y'], resourceVersion: '1', generation: 9 },
      }));
      return { ...whole, response: { ...whole.response, convertedObjects: objects } };
    };
    const { metadata } = (await server.call(`${ships('v2')}/meta`)).json;
    const own = (await server.call(`${ships('v1')}/meta`)).json.metadata!;
    expect(metadata).toEqual({ ...own, labels: { b: '2' } });
  });

  it.each([
    [
      'does not answer',
      () => undefined,
      /failed: Post "https:\/\/127\.0\.0\.1:\d+\/convert\?timeout=30s": the shipwright sleeps$/,
    ],
    [
      'is not an answer to it',
      (review: Review) => ({ ...converted(review), kind: 'Review' }),
      /expected webhook response of apiextensions\.k8s\.io\/v1, Kind=ConversionReview, got/,
    ],
    [
      'answers to somebody else',
      (review: Review) => ({ ...converted(review), response: { ...converted(review).response, uid: 'other' } }),
      /failed: expected response\.uid="[0-9a-f-]+", got "other"$/,
    ],
    [
      'refuses',
      (review: Review) => ({
        ...converted(review),
        response: { uid: review.request.uid, result: { status: 'Failure', message: 'no guns below deck' } },
      }),
      /failed: no guns below deck$/,
    ],
    [
      'loses an object',
      (review: Review) => ({ ...converted(review), response: { ...converted(review).response, convertedObjects: [] } }),
      /returned 0 objects, expected 1$/,
    ],
    [
      'gives another version',
      (review: Review) => ({
        ...converted(review),
        response: { ...converted(review).response, convertedObjects: review.request.objects },
      }),
      /invalid groupVersion \(expected ships\.test\/v2, received ships\.test\/v1\)$/,
    ],
    [
      'renames an object',
      (review: Review) => ({
        ...converted(review),
        response: {
          ...converted(review).response,
          convertedObjects: review.request.objects.map((one) => ({
            ...convert(one, review.request.desiredAPIVersion),
            metadata: { ...one.metadata, name: 'other' },
          })),
        },
      }),
      /must have the same name/,
    ],
  ])('3.4.3 says what went wrong when the webhook %s; other versions are still served', async (why, given, message) => {
    const name = `bad-${why.replaceAll(' ', '-')}`;
    await server.call(ships('v1'), { body: ship('v1', name, { guns: 1 }) });
    answer = given;
    const refused = await server.call(`${ships('v2')}/${name}`);
    expect(refused.status).toBe(500);
    expect(refused.json.message).toMatch(/^conversion webhook for ships\.test\/v1, Kind=Ship /);
    expect(refused.json.message).toMatch(message);
    expect((await server.call(`${ships('v2')}`)).status).toBe(500);
    expect((await server.call(`${ships('v1')}`)).status).toBe(200);
    answer = converted;
    expect((await server.call(`${ships('v2')}/${name}`)).status).toBe(200);
    await server.call(`${ships('v1')}/${name}`, { method: 'DELETE' });
  });

  it('3.4.3 ends a watch with what went wrong', async () => {
    answer = () => undefined;
    const watch = await server.open(`${ships('v2')}?watch=true&timeoutSeconds=20&resourceVersion=0`);
    await server.call(ships('v1'), { body: ship('v1', 'late', { guns: 1 }) });
    let text = '';
    for await (const piece of watch as AsyncIterable<Buffer>) text += piece.toString();
    const last = JSON.parse(text.trim().split('\n').at(-1)!) as { readonly type: string; readonly object: Ship };
    expect(last).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 500 } });
  });

  it('3.4.4 a new storage version leaves old objects until they are written again', async () => {
    await server.call(ships('v1'), { body: ship('v1', 'old', { guns: 4 }) });
    const current = (await server.call(`${definitions}/ships.${group}`)).json;
    const next = definition('v2');
    const changed = await server.call(`${definitions}/ships.${group}`, {
      method: 'PUT',
      body: { ...next, metadata: current.metadata },
    });
    expect(changed.status, changed.text).toBe(200);
    const stored = async () => {
      const resource = server.apiServer.catalog.find(group, 'v1', 'ships')!;
      return server.apiServer.registry.cacheOf(resource).get({ namespace: 'default', name: 'old' })!.object.apiVersion;
    };
    await expect.poll(() => server.apiServer.catalog.find(group, 'v1', 'ships')!.storageApiVersion).toBe(`${group}/v2`);
    expect(await stored()).toBe(`${group}/v1`);
    expect(await specOf('v1', 'old')).toEqual({ guns: 4 });
    await expect
      .poll(
        async () =>
          ((await server.call(`${definitions}/ships.${group}`)).json.status as { storedVersions?: unknown })
            .storedVersions,
      )
      .toEqual(['v1', 'v2']);
    const rewritten = await server.call(`${ships('v1')}/old`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: {},
    });
    expect(rewritten.status, rewritten.text).toBe(200);
    expect(await stored()).toBe(`${group}/v2`);
    expect(await specOf('v1', 'old')).toEqual({ guns: 4 });
    expect(await specOf('v2', 'old')).toEqual({ guns: { port: 4 }, flag: 'dragon' });
  });

  it.each([
    ['no way to reach it', { conversionReviewVersions: ['v1'] }, 'spec.conversion.webhook.clientConfig'],
    [
      'neither URL nor service',
      { conversionReviewVersions: ['v1'], clientConfig: {} },
      'exactly one of url or service is required',
    ],
    ['no version', { conversionReviewVersions: [], clientConfig: { url: 'https://a/' } }, 'conversionReviewVersions'],
    [
      'no version that is known here',
      { conversionReviewVersions: ['v7'], clientConfig: { url: 'https://a/' } },
      'must include at least one of v1, v1beta1',
    ],
    [
      'plain HTTP',
      { conversionReviewVersions: ['v1'], clientConfig: { url: 'http://a/' } },
      'webhook.clientConfig.url',
    ],
  ])('3.1.1 refuses a definition whose webhook has %s', async (_what, webhook, message) => {
    const body = definition('v1', { conversion: { strategy: 'Webhook', webhook } });
    const refused = await server.call(`${definitions}?dryRun=All`, {
      body: {
        ...body,
        metadata: { name: `boats.${group}` },
        spec: { ...body.spec, names: { plural: 'boats', kind: 'Boat' } },
      },
    });
    expect(refused.status).toBe(422);
    expect(refused.json.message).toContain(message);
  });
});
