import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkStructural } from '../schema/structural-check.js';
import { decodeCustomObject } from './decode-custom-object.js';
import { deepFreeze, jsonObject } from '../testing/arbitrary-json.js';
import { defaultCustomObject } from './default-custom-object.js';
import { schemaOfStructural } from '../schema/structural-schema.js';
import { validateValue } from './validate-value.js';
import type { JsonObject } from '../json/json-value.js';

const source: JsonObject = deepFreeze({
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
        size: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
        mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
        port: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        maybe: { type: 'string', nullable: true },
        when: { type: 'string', format: 'date-time' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        set: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        map: {
          type: 'array',
          maxItems: 2,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['id'],
          items: { type: 'object', properties: { id: { type: 'string' }, on: { type: 'boolean', default: true } } },
        },
        nested: { type: 'object', default: {}, properties: { x: { type: 'integer', default: 1 } } },
        embedded: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        either: { type: 'integer', oneOf: [{ minimum: 5 }, { maximum: 2 }] },
      },
    },
  },
});
const schema = schemaOfStructural(source);
const valid = (spec: JsonObject): readonly string[] =>
  validateValue(schema, { apiVersion: 'g/v1', kind: 'K', metadata: { name: 'x' }, spec }).map(
    ({ field, message }) => `${field}: ${message}`,
  );

describe('custom resources', () => {
  it('loses what is not declared, in metadata too, and keeps what is preserved', () => {
    const { object, unknownFields } = decodeCustomObject<unknown>(
      schema,
      deepFreeze({
        apiVersion: 'g/v1',
        kind: 'K',
        metadata: { name: 'x', nme: 1 },
        spec: { name: 'ab', foo: 1, free: { any: { thing: 1 } }, map: [{ id: 'a', bar: 2 }], labels: { x: 'y' } },
        extra: 1,
      }),
    );
    expect(object).toEqual({
      apiVersion: 'g/v1',
      kind: 'K',
      metadata: { name: 'x' },
      spec: { name: 'ab', free: { any: { thing: 1 } }, map: [{ id: 'a' }], labels: { x: 'y' } },
    });
    expect(unknownFields).toEqual(['metadata.nme', 'spec.foo', 'spec.map[0].bar', 'extra']);
  });

  it('refuses metadata of the wrong form', () => {
    expect(() => decodeCustomObject(schema, { metadata: { labels: { a: 1 } } })).toThrow('cannot unmarshal number');
  });

  it('fills defaults, deeply, in items, and for a null that is not allowed', () => {
    const given = deepFreeze({ spec: { name: 'ab', size: null, maybe: null, map: [{ id: 'a' }] } });
    const filled = defaultCustomObject<unknown>(schema, given);
    expect(filled).toEqual({
      spec: { name: 'ab', size: 3, mode: 'a', maybe: null, map: [{ id: 'a', on: true }], nested: { x: 1 } },
    });
    expect(defaultCustomObject(schema, filled)).toBe(filled);
  });

  it.each<[string, JsonObject, string]>([
    [
      'a wrong type',
      { name: 'ab', size: 'x' },
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    ],
    ['a missing field', {}, 'spec.name: Required value'],
    [
      'a value of no choice',
      { name: 'ab', mode: 'c' },
      'spec.mode: Unsupported value: "c": supported values: "a", "b"',
    ],
    [
      'too small',
      { name: 'ab', size: 0 },
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    ],
    [
      'too large',
      { name: 'ab', size: 10 },
      'spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9',
    ],
    ['too short', { name: 'a' }, 'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'],
    ['too long', { name: 'abcdef' }, 'spec.name: Too long: may not be more than 5 bytes'],
    ['another pattern', { name: 'AB' }, `spec.name: Invalid value: "AB": spec.name in body should match '^[a-z]+$'`],
    [
      'neither integer nor string',
      { name: 'ab', port: true },
      'spec.port in body must be of type integer,string: "boolean"',
    ],
    ['no time', { name: 'ab', when: 'now' }, 'spec.when in body must be of type date-time: "now"'],
    ['a doubled value of a set', { name: 'ab', set: ['x', 'x'] }, 'spec.set[1]: Duplicate value: "x"'],
    [
      'a doubled key',
      { name: 'ab', map: [{ id: 'x' }, { id: 'x', on: false }] },
      'spec.map[1]: Duplicate value: {"id":"x"}',
    ],
    [
      'too many',
      { name: 'ab', map: [{ id: 'x' }, { id: 'y' }, { id: 'z' }] },
      'spec.map: Too many: 3: must have at most 2 items',
    ],
    ['a null', { name: null }, 'spec.name in body must be of type string: "null"'],
    ['none of two', { name: 'ab', either: 3 }, 'must validate one and only one schema (oneOf). Found none valid'],
    ['a map of numbers', { name: 'ab', labels: { x: 1 } }, 'spec.labels.x in body must be of type string: "integer"'],
  ])('refuses %s', (_title, spec, text) => {
    expect(valid(spec)).toContainEqual(expect.stringContaining(text));
  });

  it('accepts what fits', () => {
    expect(
      valid({ name: 'ab', size: 5, port: '80', maybe: null, when: '2026-01-01T00:00:00Z', set: ['a'], either: 7 }),
    ).toEqual([]);
  });

  it('checks that schemas are structural', () => {
    expect(checkStructural(source, 'schema')).toEqual([]);
    const texts = checkStructural(
      {
        type: 'object',
        properties: {
          a: {},
          b: { type: 'array' },
          c: { type: 'string', anyOf: [{ type: 'string' }] },
          d: { type: 'list' },
          e: { type: 'string', pattern: '(' },
        },
      },
      's',
    ).map(({ field, message }) => `${field}: ${message}`);
    expect(texts).toEqual([
      's.properties[a].type: Required value: must not be empty for specified object fields',
      's.properties[b].items: Required value: must be specified',
      's.properties[c].anyOf[0].type: Forbidden: must be empty to be structural',
      's.properties[d].type: Unsupported value: "list": supported values: "array", "boolean", "integer", "number", "object", "string"',
      's.properties[e].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
    ]);
    expect(checkStructural({}, 's')[0]?.field).toBe('s.type');
  });

  it('prunes, defaults and validates whatever comes without breaking or writing to it', () => {
    fc.assert(
      fc.property(jsonObject, (spec) => {
        const { object } = decodeCustomObject(schema, deepFreeze({ metadata: { name: 'x' }, spec, ...spec }));
        const filled = defaultCustomObject(schema, deepFreeze(object));
        expect(decodeCustomObject(schema, filled).unknownFields).toEqual([]);
        expect(Array.isArray(validateValue(schema, filled))).toBe(true);
      }),
    );
  });
});
