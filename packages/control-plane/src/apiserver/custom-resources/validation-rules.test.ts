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

  /** Serves a kind of its own; gives the path of its objects. */
  async function serve(plural: string, spec: object): Promise<string> {
    const created = await server.call(definitions, { body: definition(plural, spec) });
    expect(created.status, created.text).toBe(201);
    const path = `/apis/rules.test/v1/${plural}`;
    await expect.poll(async () => (await server.call(path)).status, { timeout: 10_000 }).toBe(200);
    return path;
  }
  const bodyOf = (plural: string, spec: object) => ({
    apiVersion: 'rules.test/v1',
    kind: plural[0]!.toUpperCase() + plural.slice(1, -1),
    metadata: { name: 'one' },
    spec,
  });
  const merge = (path: string, spec: object) =>
    server.call(`${path}/one`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec },
    });

  it('3.3.6 optionalOldSelf runs transition rules where there is no past too', async () => {
    const rule = 'oldSelf.hasValue() ? self >= oldSelf.value() : self == 0';
    const path = await serve('counters', {
      type: 'object',
      properties: {
        count: {
          type: 'integer',
          'x-kubernetes-validations': [{ rule, message: 'counts begin at 0 and grow', optionalOldSelf: true }],
        },
      },
    });
    const refused = await server.call(path, { body: bodyOf('counters', { count: 5 }) });
    expect([refused.status, refused.json.message]).toEqual([422, expect.stringContaining('counts begin at 0')]);
    expect((await server.call(path, { body: bodyOf('counters', { count: 0 }) })).status).toBe(201);
    expect((await merge(path, { count: 2 })).status).toBe(200);
    expect((await merge(path, { count: 1 })).status).toBe(422);
  });

  it('3.3.7 what an update leaves alone is tolerated under a stricter definition', async () => {
    const spec = (rules: object, flag: object) => ({
      type: 'object',
      properties: {
        flag: { type: 'string', ...flag },
        size: { type: 'object', properties: { length: { type: 'integer' } }, ...rules },
        note: { type: 'string' },
      },
    });
    const path = await serve('relics', spec({}, {}));
    await server.call(path, { body: bodyOf('relics', { flag: 'dragon', size: { length: -1 } }) });
    const strict = definition(
      'relics',
      spec({ 'x-kubernetes-validations': [{ rule: 'self.length > 0' }] }, { maxLength: 3 }),
    );
    const current = (await server.call(`${definitions}/relics.rules.test`)).json;
    const changed = await server.call(`${definitions}/relics.rules.test`, {
      method: 'PUT',
      body: { ...strict, metadata: current.metadata },
    });
    expect(changed.status, changed.text).toBe(200);
    const fresh = { ...bodyOf('relics', { flag: 'dragon' }), metadata: { name: 'two' } };
    await expect.poll(async () => (await server.call(`${path}?dryRun=All`, { body: fresh })).status).toBe(422);
    expect((await merge(path, { note: 'still afloat' })).status).toBe(200);
    expect((await merge(path, { flag: 'tiger' })).status).toBe(422);
    expect((await merge(path, { size: { length: -2 } })).status).toBe(422);
    expect((await merge(path, { flag: 'sun', size: { length: 3 } })).status).toBe(200);
  });

  it.each([
    [{ rule: 'true', fieldPath: '.none' }, 'fieldPath', 'does not refer to a valid field'],
    [{ rule: 'true', optionalOldSelf: true }, 'optionalOldSelf', 'may not be set if oldSelf is not used in rule'],
  ])('3.3.6 refuses the rule %j', async (rule, field, why) => {
    const spec = { type: 'object', properties: { a: { type: 'string' } }, 'x-kubernetes-validations': [rule] };
    const refused = await server.call(definitions, { body: definition('wrongs', spec) });
    expect(refused.status).toBe(422);
    expect(refused.json.details!.causes![0]!.field).toContain(`x-kubernetes-validations[0].${field}`);
    expect(refused.json.message).toContain(why);
  });
});
