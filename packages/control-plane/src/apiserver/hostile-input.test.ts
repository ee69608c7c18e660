import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { protobufMediaType } from '@geobuk/api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../testing/test-server.js';
import type { TestRequest, TestServer } from '../testing/test-server.js';

const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const ships = '/apis/hostile.test/v1/ships';
const json = 'application/json';
const mebibyte = 1024 * 1024;

/** Requests that are wrong in every way we know of; nothing in them may be the server's fault. */
describe('hostile input', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ships.hostile.test' },
      spec: {
        group: 'hostile.test',
        scope: 'Cluster',
        names: { plural: 'ships', kind: 'Ship' },
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
                      name: { type: 'string', pattern: '^(a+)+$', maxLength: 40 },
                      guns: { type: 'array', items: { type: 'integer' }, maxItems: 5 },
                      rest: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                    },
                    'x-kubernetes-validations': [{ rule: '!has(self.guns) || self.guns.all(g, g > 0)' }],
                  },
                },
              },
            },
          },
        ],
      },
    };
    await server.call('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { body: definition });
    await server.call(configMaps, { body: { metadata: { name: 'target' }, data: { a: '1' } } });
    await server.call('/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Never a 500; whoever is refused is told so by a Status. */
  async function survives(path: string, request: TestRequest): Promise<number> {
    const answer = await server.call(path, request);
    expect(answer.status, `${request.method ?? ''} ${path} ${answer.text}`).toBeLessThan(500);
    if (answer.status >= 400) expect(answer.json).toMatchObject({ kind: 'Status', code: answer.status });
    return answer.status;
  }
  const nested = (depth: number, open: string, close: string, inside = '1') =>
    `${open.repeat(depth)}${inside}${close.repeat(depth)}`;
  const inData = (value: string) => `{"metadata":{"name":"x"},"data":{"a":${value}}}`;

  it.each<[string, string | Buffer, string, number[]]>([
    ['nothing at all', '', json, [400]],
    ['half an object', '{"metadata":{"name":"x"', json, [400]],
    ['two objects', '{"metadata":{"name":"x"}}{}', json, [400]],
    ['a list', '[]', json, [400]],
    ['a number', '1', json, [400]],
    ['null', 'null', json, [400]],
    ['a string', '"x"', json, [400]],
    ['NaN', inData('NaN'), json, [400]],
    ['Infinity', inData('Infinity'), json, [400]],
    ['a number too great to be one', inData('1e999'), json, [400]],
    ['single quotes', "{'metadata':{}}", json, [400]],
    ['a comment', '{/* */"metadata":{"name":"x"}}', json, [400]],
    ['a byte-order mark', '\ufeff{"metadata":{"name":"bom"}}', json, [201, 400]],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), json, [400]],
    ['half a surrogate pair', inData('"\\ud800"'), json, [201, 400, 422]],
    ['a NUL in a name', '{"metadata":{"name":"a\\u0000b"}}', json, [422]],
    ['control characters', inData('"a\u0001b"'), json, [400]],
    ['lists nested 100 000 deep', nested(100_000, '[', ']'), json, [400]],
    ['objects nested 100 000 deep', nested(100_000, '{"a":', '}'), json, [400]],
    ['annotations nested 5 000 deep', `{"metadata":${nested(5_000, '{"a":', '}')}}`, json, [400]],
    ['a key of 1 MiB', `{"metadata":{"name":"x"},"data":{"${'k'.repeat(mebibyte)}":"1"}}`, json, [400, 422]],
    ['a name of 1 MiB', `{"metadata":{"name":"${'n'.repeat(mebibyte)}"}}`, json, [422]],
    [
      '100 000 labels',
      `{"metadata":{"name":"x","labels":{${Array.from({ length: 100_000 }, (_, i) => `"l${i}":"v"`).join()}}}}`,
      json,
      [201, 400, 413, 422],
    ],
    ['more than 3 MiB', inData(`"${'x'.repeat(3 * mebibyte)}"`), json, [413]],
    ['__proto__ as a field', '{"metadata":{"name":"proto"},"__proto__":{"data":{"polluted":"1"}}}', json, [201, 400]],
    [
      '__proto__ as metadata',
      '{"metadata":{"name":"x","__proto__":{"labels":{"polluted":"1"}}}}',
      json,
      [201, 400, 409],
    ],
    ['__proto__ as a label', '{"metadata":{"name":"x","labels":{"__proto__":"1"}}}', json, [201, 422]],
    ['constructor as a field', '{"metadata":{"name":"c"},"constructor":{"prototype":{"polluted":"1"}}}', json, [201]],
    [
      'keys of every object as data',
      '{"metadata":{"name":"k"},"data":{"constructor":"1","toString":"2","hasOwnProperty":"3"}}',
      json,
      [201],
    ],
    ['a field twice', '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}', json, [201]],
    ['metadata that is a list', '{"metadata":[]}', json, [400]],
    ['labels that are numbers', '{"metadata":{"name":"x","labels":{"a":1}}}', json, [400]],
    ['owners that are text', '{"metadata":{"name":"x","ownerReferences":"me"}}', json, [400]],
    ['a time that is none', '{"metadata":{"name":"x","creationTimestamp":"yesterday"}}', json, [201, 400]],
    ['another kind', '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}', json, [400]],
    ['a kind that is an object', '{"kind":{},"metadata":{"name":"x"}}', json, [400]],
    ['YAML that refers to itself', 'metadata: &a\n  name: x\n  labels: *a\n', 'application/yaml', [400]],
    [
      'YAML that grows by references',
      [
        'a: &a [x,x,x,x,x,x,x,x,x]',
        ...'bcdefghij'.split('').map((key, i) => `${key}: &${key} [${Array(9).fill(`*${'abcdefghi'[i]}`).join()}]`),
      ].join('\n'),
      'application/yaml',
      [400],
    ],
    ['YAML with tags of code', 'metadata: !!js/function "function(){}"', 'application/yaml', [400]],
    ['YAML with tabs', 'metadata:\n\tname: x', 'application/yaml', [400]],
    ['protobuf that is none', 'k8s', protobufMediaType, [400]],
    ['a protobuf envelope and no more', Buffer.from([0x6b, 0x38, 0x73, 0x00]), protobufMediaType, [400]],
    [
      'a protobuf length beyond the end',
      Buffer.from([0x6b, 0x38, 0x73, 0x00, 0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
      protobufMediaType,
      [400],
    ],
    ['a media type that nobody knows', '{}', 'text/x-unknown', [415]],
    ['CBOR', Buffer.from([0xa0]), 'application/cbor', [415]],
  ])('a body of %s is refused or taken for what it is', async (_what, body, type, expected) => {
    for (const path of [configMaps]) {
      const status = await survives(path, { body, method: 'POST', headers: { 'content-type': type } });
      expect(expected).toContain(status);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('1.11.4 strict validation names every field that stands twice or is unknown', async () => {
    const body = '{"metadata":{"name":"strict"},"data":{"a":"1","a":"2"},"__proto__":{},"nothing":1}';
    const refused = await server.call(`${configMaps}?fieldValidation=Strict`, { body, method: 'POST' });
    expect(refused.status).toBe(400);
    expect(refused.json.message).toContain('duplicate field "data.a"');
    expect(refused.json.message).toContain('unknown field "nothing"');
  });

  it.each([
    `${configMaps}?limit=-1`,
    `${configMaps}?limit=99999999999999999999`,
    `${configMaps}?limit=abc`,
    `${configMaps}?continue=%00%ff`,
    `${configMaps}?continue=${'e'.repeat(9000)}`,
    `${configMaps}?resourceVersion=-1`,
    `${configMaps}?resourceVersion=1e3&resourceVersionMatch=Exact`,
    `${configMaps}?labelSelector=${'('.repeat(500)}`,
    `${configMaps}?labelSelector=a%20in%20(${'b,'.repeat(3000)}c)`,
    `${configMaps}?fieldSelector=__proto__%3Dx`,
    `${configMaps}?fieldSelector=constructor%3Dx`,
    `${configMaps}?timeoutSeconds=-5&watch=1&resourceVersion=abc`,
    `${configMaps}/__proto__`,
    `${configMaps}/constructor`,
    `${configMaps}/..%2f..%2fsecrets`,
    `${configMaps}/%00`,
    `${configMaps}/%e0%a4%a`,
    `${configMaps}/${'n'.repeat(5000)}`,
    '/api/v1/__proto__',
    '/apis/__proto__/v1/things',
    '/apis/constructor/toString/valueOf',
    '/api/v1/namespaces/default/pods/x/__proto__',
    '/api/v1/namespaces/default/configmaps/target/constructor',
    '/openapi/v3/__proto__',
    '/openapi/v3/apis/constructor/v1',
    '/healthz/__proto__',
    '//api//v1//pods',
  ])('GET %s answers with what is wrong', async (path) => {
    await survives(path, {});
  });

  const patchTypes = [
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ];
  it.each<[string, string]>([
    ['application/json-patch+json', '[{"op":"add","path":"/__proto__/polluted","value":1}]'],
    ['application/json-patch+json', '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]'],
    ['application/json-patch+json', '[{"op":"move","from":"/metadata","path":"/metadata/labels"}]'],
    ['application/json-patch+json', `[${Array(10_001).fill('{"op":"add","path":"/data/b","value":"1"}').join()}]`],
    ['application/json-patch+json', '[{"op":"add","path":"/data/99999999999/-","value":1}]'],
    ['application/json-patch+json', '[{"op":"replace","path":"","value":null}]'],
    ['application/json-patch+json', '[null,1,"x",[]]'],
    ['application/json-patch+json', '{"op":"add"}'],
    ['application/merge-patch+json', '{"metadata":null}'],
    ['application/merge-patch+json', '{"metadata":{"name":null}}'],
    ['application/merge-patch+json', '{"__proto__":{"polluted":1}}'],
    ['application/merge-patch+json', '[]'],
    ['application/strategic-merge-patch+json', '{"$patch":"delete"}'],
    ['application/strategic-merge-patch+json', '{"$patch":"nonsense"}'],
    ['application/strategic-merge-patch+json', '{"$retainKeys":1,"data":{"$patch":[]}}'],
    ['application/strategic-merge-patch+json', '{"metadata":{"$deleteFromPrimitiveList/finalizers":{}}}'],
    ['application/strategic-merge-patch+json', '{"metadata":{"$setElementOrder/ownerReferences":[1,{"uid":{}}]}}'],
    ['application/apply-patch+yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  managedFields: []\n'],
    [
      'application/apply-patch+yaml',
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {managedFields: [{fieldsV1: {"f:": []}}]}\n',
    ],
  ])('a patch of type %s is refused or does what it says: %s', async (type, body) => {
    await survives(`${configMaps}/target?fieldManager=x&force=${type.includes('apply')}`.replace('&force=false', ''), {
      method: 'PATCH',
      headers: { 'content-type': type },
      body,
    });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect((await server.call(`${configMaps}/target`)).json.metadata!.name).toBe('target');
  });

  const keys = fc.oneof(
    fc.constantFrom('metadata', 'spec', 'data', 'labels', 'name', 'containers', 'image', 'ports', 'kind', 'apiVersion'),
    fc.constantFrom('__proto__', 'constructor', 'toString', '$patch', '$retainKeys', '$ref', '', 'guns', 'rest'),
    fc.string({ maxLength: 8 }),
  );
  const { tree } = fc.letrec<{ readonly tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.oneof(
        fc.string(),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.array(fc.tuple(keys, tie('tree')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries) as unknown),
    ),
  }));
  const runs = { numRuns: 60, seed: 20261128 };

  it('random objects of any kind are refused or stored', async () => {
    const shape = fc.record({
      metadata: fc.oneof(tree, fc.constant({ generateName: 'fuzz-' })),
      spec: tree,
      data: tree,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(configMaps, pods, ships, '/api/v1/nodes'), shape, async (path, body) => {
        await survives(`${path}?dryRun=All`, { body, method: 'POST' });
      }),
      runs,
    );
  });

  it('random patches of every type are refused or do something', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...patchTypes), tree, async (type, body) => {
        const path = `${configMaps}/target?dryRun=All${type.includes('apply') ? '&fieldManager=fuzz' : ''}`;
        await survives(path, { method: 'PATCH', headers: { 'content-type': type }, body: JSON.stringify(body) });
      }),
      runs,
    );
  });

  it('random bytes in every encoding are refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(json, 'application/yaml', protobufMediaType),
        fc.uint8Array({ maxLength: 200 }),
        async (type, bytes) => {
          const isProtobuf = type === protobufMediaType;
          const body = Buffer.concat([isProtobuf ? Buffer.from([0x6b, 0x38, 0x73, 0x00]) : Buffer.alloc(0), bytes]);
          await survives(`${configMaps}?dryRun=All`, { body, method: 'POST', headers: { 'content-type': type } });
        },
      ),
      runs,
    );
  });

  it('random queries are refused or mean something', async () => {
    const names = [
      'limit',
      'continue',
      'labelSelector',
      'fieldSelector',
      'resourceVersion',
      'resourceVersionMatch',
      'pretty',
      'timeout',
      'dryRun',
      'includeObject',
      'sendInitialEvents',
    ];
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names), fc.string({ maxLength: 20 })), async (query) => {
        await survives(`${configMaps}?${new URLSearchParams(query).toString()}`, {});
      }),
      runs,
    );
  });

  it('memory stays as it is, however much is refused', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const body = inData(`"${'x'.repeat(2 * mebibyte)}`); // never ends
    const round = async (count: number) => {
      for (let i = 0; i < count; i++) await survives(configMaps, { body, method: 'POST' });
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await round(10);
    const after = await round(30);
    expect((after - before) / mebibyte).toBeLessThan(20);
  });
});
