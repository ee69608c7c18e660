import { gunzipSync } from 'node:zlib';
import { Reader } from 'protobufjs/minimal.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

type Schema = Readonly<Record<string, unknown>> & {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
};
interface Swagger {
  readonly swagger: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string }>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

const protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** Every field of a message: its number and bytes; what is no message of its own is left out. */
function fieldsOf(message: Uint8Array): readonly (readonly [number: number, bytes: Uint8Array])[] {
  const reader = Reader.create(message);
  const found: [number, Uint8Array][] = [];
  while (reader.pos < reader.len) {
    const key = reader.uint32();
    if ((key & 7) === 2) found.push([key >>> 3, reader.bytes()]);
    else reader.skipType(key & 7);
  }
  return found;
}
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();
const all = (message: Uint8Array, number: number) =>
  fieldsOf(message).flatMap(([at, bytes]) => (at === number ? [bytes] : []));
const one = (message: Uint8Array, number: number) => all(message, number)[0]!;

describe('OpenAPI', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const created = await server.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      body: {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'ships.navy.test' },
        spec: {
          group: 'navy.test',
          scope: 'Namespaced',
          names: { plural: 'ships', kind: 'Ship' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: {
                openAPIV3Schema: {
                  type: 'object',
                  description: 'A ship of the line.',
                  properties: {
                    spec: {
                      type: 'object',
                      properties: {
                        speed: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
                        cargo: {
                          type: 'object',
                          'x-kubernetes-preserve-unknown-fields': true,
                          properties: { rice: { type: 'string' } },
                        },
                        flag: { type: 'string', nullable: true, default: 'dragon' },
                        guns: {
                          type: 'array',
                          'x-kubernetes-list-type': 'map',
                          'x-kubernetes-list-map-keys': ['name'],
                          items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
                        },
                      },
                    },
                  },
                },
              },
            },
          ],
        },
      },
    });
    expect(created.status, created.text).toBe(201);
    await vi.waitFor(async () => expect((await server.call('/apis/navy.test/v1')).status).toBe(200), 10_000);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const bytesOf = async (headers: Record<string, string>) => {
    const response = await server.open('/openapi/v2', { headers });
    const pieces: Buffer[] = [];
    for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
    return { response, body: Buffer.concat(pieces) };
  };

  it.each([[protobuf], ['application/com.github.proto-openapi.spec.v2.v1.0+protobuf']])(
    '1.4.4 gives OpenAPI v2 as protobuf to who accepts %s, the same as in JSON',
    async (accept) => {
      const { response, body } = await bytesOf({ accept: `${accept}, application/json;q=0.5` });
      expect(response.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
      const swagger = (await server.call('/openapi/v2')).json as unknown as Swagger;
      expect(text(one(body, 1))).toBe('2.0');
      const paths = all(one(body, 8), 2);
      expect(paths.map((path) => text(one(path, 1)))).toEqual(Object.keys(swagger.paths));
      const definitions = all(one(body, 9), 1);
      expect(definitions.map((definition) => text(one(definition, 1)))).toEqual(Object.keys(swagger.definitions));

      const pods = paths.find((path) => text(one(path, 1)) === '/api/v1/namespaces/{namespace}/pods')!;
      const post = one(one(pods, 2), 4);
      expect(text(one(post, 5))).toBe(swagger.paths['/api/v1/namespaces/{namespace}/pods']!['post']!.operationId);
      const extensions = new Map(
        all(post, 13).map((named) => [text(one(named, 1)), JSON.parse(text(one(one(named, 2), 2)))] as const),
      );
      expect(extensions.get('x-kubernetes-group-version-kind')).toEqual({ group: '', version: 'v1', kind: 'Pod' });
      const parameters = all(post, 8).map((item) => one(item, 1));
      const inBody = parameters.map((parameter) => all(parameter, 1)[0]).find((parameter) => parameter !== undefined)!;
      expect(text(one(one(inBody, 5), 1))).toBe('#/definitions/io.k8s.api.core.v1.Pod');

      const container = definitions.find((definition) => text(one(definition, 1)) === 'io.k8s.api.core.v1.Container')!;
      const properties = all(one(one(container, 2), 25), 1);
      const image = properties.find((property) => text(one(property, 1)) === 'image')!;
      expect(text(one(one(one(image, 2), 22), 1))).toBe('string');
      expect(text(one(one(image, 2), 4))).toMatch(/^The image that the container is made of/);
    },
  );

  it('1.4.4 answers 304 to who has it already, gzip to who reads it, 406 to who wants neither', async () => {
    const { response, body } = await bytesOf({ accept: protobuf });
    const again = await bytesOf({ accept: protobuf, 'if-none-match': String(response.headers.etag) });
    expect([again.response.statusCode, again.body.length]).toEqual([304, 0]);
    const zipped = await bytesOf({ accept: protobuf, 'accept-encoding': 'gzip' });
    expect(zipped.response.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.body).equals(body)).toBe(true);
    expect((await bytesOf({ accept: 'text/html' })).response.statusCode).toBe(406);
  });

  it('1.4.7 shows custom kinds: in v3 as they were written, in v2 with nothing that it has no word for', async () => {
    const v2 = ((await server.call('/openapi/v2')).json as unknown as Swagger).definitions['test.navy.v1.Ship']!;
    expect(v2.description).toBe('A ship of the line.');
    expect(v2.properties!['spec']!.properties).toEqual({
      speed: { 'x-kubernetes-int-or-string': true },
      cargo: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      flag: {},
      guns: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
      },
    });
    const document = (await server.call('/openapi/v3/apis/navy.test/v1')).json as unknown as {
      readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    };
    const v3 = document.components.schemas['test.navy.v1.Ship']!;
    expect(v3.properties!['spec']!.properties).toMatchObject({
      speed: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      flag: { type: 'string', nullable: true, default: 'dragon' },
    });
    expect(v3['x-kubernetes-group-version-kind']).toEqual([{ group: 'navy.test', version: 'v1', kind: 'Ship' }]);
  });

  it('1.4.2 describes kinds and fields, in v3 also those that are references', async () => {
    const document = (await server.call('/openapi/v3/apis/apps/v1')).json as unknown as {
      readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
    };
    const { schemas } = document.components;
    expect(schemas['io.k8s.api.apps.v1.Deployment']!.description).toMatch(/^Keeps a number of equal pods running/);
    const { template, replicas } = schemas['io.k8s.api.apps.v1.DeploymentSpec']!.properties!;
    expect(replicas!.description).toMatch(/^How many pods are wanted/);
    expect(template).toEqual({
      description: 'What each pod is made from.',
      allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec' }],
    });
  });
});
