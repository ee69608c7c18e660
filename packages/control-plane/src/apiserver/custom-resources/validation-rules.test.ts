import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const definition = (plural: string, spec: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.rules.test` },
  spec: {
    group: 'rules.test',
    scope: 'Cluster',
    names: { plural, kind: plural[0]!.toUpperCase() + plural.slice(1, -1) },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
      },
    ],
  },
});

describe('x-kubernetes-validations', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    const spec = {
      type: 'object',
      properties: {
        min: { type: 'integer' },
        max: { type: 'integer' },
        ratio: { type: 'number' },
        fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is fixed' }] },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            properties: { name: { type: 'string' }, port: { type: 'integer' } },
            'x-kubernetes-validations': [{ rule: 'self.port >= oldSelf.port', message: 'ports only grow' }],
          },
        },
      },
      'x-kubernetes-validations': [
        {
          rule: '!has(self.min) || !has(self.max) || self.min <= self.max',
          messageExpression: '"min %d is above max %d".format([self.min, self.max])',
          fieldPath: '.min',
        },
        { rule: '!has(self.ratio) || self.ratio < 1.5', reason: 'FieldValueForbidden' },
      ],
    };
    await server.call(definitions, { body: definition('gauges', spec) });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const create = (name: string, spec: object) =>
    server.call('/apis/rules.test/v1/gauges', {
      body: { apiVersion: 'rules.test/v1', kind: 'Gauge', metadata: { name }, spec },
    });
  const patch = (name: string, spec: object) =>
    server.call(`/apis/rules.test/v1/gauges/${name}`, {
      method: 'PATCH',
      body: { spec },
      headers: { 'content-type': 'application/merge-patch+json' },
    });

  it('3.3.6 a broken rule is 422 with its message, field and reason', async () => {
    await expect.poll(async () => (await server.call('/apis/rules.test/v1/gauges')).status).toBe(200);
    const refused = await create('a', { min: 3, max: 1, ratio: 2 });
    expect(refused.status).toBe(422);
    expect(refused.json.details?.causes).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec.min', message: 'Invalid value: "object": min 3 is above max 1' },
      {
        reason: 'FieldValueForbidden',
        field: 'spec',
        message: 'Forbidden: failed rule: !has(self.ratio) || self.ratio < 1.5',
      },
    ]);
    expect((await create('a', { min: 1, max: 3, ratio: 1 })).status).toBe(201);
  });

  it('3.3.6 transition rules hold updates only, elements of map lists by their keys', async () => {
    expect((await create('b', { fixed: 'x', ports: [{ name: 'p', port: 5 }] })).status).toBe(201);
    expect((await patch('b', { fixed: 'y' })).json.details?.causes?.[0]).toMatchObject({
      field: 'spec.fixed',
      message: 'Invalid value: "y": fixed is fixed',
    });
    const ports = (port: number) => ({
      ports: [
        { name: 'q', port: 1 },
        { name: 'p', port },
      ],
    });
    expect((await patch('b', ports(4))).json.details?.causes).toEqual([
      { reason: 'FieldValueInvalid', field: 'spec.ports[1]', message: 'Invalid value: "object": ports only grow' },
    ]);
    expect((await patch('b', ports(6))).status).toBe(200);
  });

  it('3.3.6 a rule that is no CEL is refused with the definition', async () => {
    const bad = { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.' }] };
    const refused = await server.call(definitions, { body: definition('bads', bad) });
    expect([refused.status, refused.json.details?.causes?.[0]?.field]).toEqual([
      422,
      'spec.versions[0].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
    ]);
    expect(refused.json.message).toContain('compilation failed');
  });
});
