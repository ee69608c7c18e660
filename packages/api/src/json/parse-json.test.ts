import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonValue } from '../testing/arbitrary-json.js';
import { parseJson, parseJsonStrict } from './parse-json.js';

describe('reading JSON', () => {
  it.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":1,"b":2,"b":3}}', ['a.b']],
    ['{"spec":{"containers":[{"name":"x"},{"image":"a","image":"b"}]}}', ['spec.containers[1].image']],
    ['[{"a":1},{"a":1}]', []],
    ['{"a":"\\"a\\":","b":"a","a\\u0062":1,"ab":2}', ['ab']],
    ['{"a":["a","a"],"b":{"a":1}}', []],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
  ])('%s has the duplicates %j', (text, expected) => {
    expect(parseJsonStrict(text).duplicateFields).toEqual(expected);
  });

  it('finds no duplicates in what JSON.stringify wrote, and reads the same', () => {
    fc.assert(
      fc.property(jsonValue, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        expect(parseJsonStrict(text)).toEqual({ value: JSON.parse(text) as unknown, duplicateFields: [] });
      }),
    );
  });

  it.each(['', '{', '{"a":}', 'nul', '"\u0000"', '{"a":1}}'])('refuses %j with BadRequest', (text) => {
    expect(() => parseJson(text)).toThrow('error decoding JSON');
  });

  it('refuses nesting that would break whoever walks it', () => {
    expect(() => parseJson('['.repeat(1_500_000))).toThrow('exceeded max depth');
    expect(() => parseJson('{"a":'.repeat(1001) + '1' + '}'.repeat(1001))).toThrow('exceeded max depth');
    expect(parseJson(`"${'['.repeat(2000)}"`)).toHaveLength(2000);
    expect(parseJson(`["\\\\",${'"[",'.repeat(2000)}1]`)).toHaveLength(2002);
  });
});
