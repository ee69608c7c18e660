import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze, jsonObject } from '../testing/arbitrary-json.js';
import { applyMergePatch } from './merge-patch.js';

describe('merge patch', () => {
  it.each([
    [{ a: 1 }, { b: 2 }, { a: 1, b: 2 }],
    [{ a: 1, b: 2 }, { a: null }, { b: 2 }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: { b: 1, c: 2 } }, { a: { b: null } }, { a: { c: 2 } }],
    [{ a: 'x' }, { a: { b: 1, c: null } }, { a: { b: 1 } }],
    [{}, { a: { b: { c: null } } }, { a: { b: {} } }],
  ])('%j with %j is %j', (document, patch, expected) => {
    expect(applyMergePatch<unknown>(deepFreeze(document), patch)).toEqual(expected);
  });

  it('refuses a patch that is no object', () => {
    expect(() => applyMergePatch({}, [])).toThrow('a merge patch must be an object');
  });

  it('applied twice is applied once, whatever the keys are called', () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (document, patch) => {
        const once = applyMergePatch(deepFreeze(document), deepFreeze(patch));
        expect(JSON.stringify(applyMergePatch(once, patch))).toBe(JSON.stringify(once));
        expect(Object.getPrototypeOf(once)).toBe(Object.prototype);
      }),
    );
  });
});
