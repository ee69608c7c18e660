import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../status.js';
import { deepFreeze, jsonObject, jsonValue } from '../testing/arbitrary-json.js';
import { applyJsonPatch, maxJsonPatchOperations } from './json-patch.js';

const document = deepFreeze({ a: { b: [1, 2, 3] }, 'x/y': 1, 'm~n': 2, n: null });

describe('JSON patch', () => {
  it.each([
    ['adds a field', [{ op: 'add', path: '/a/c', value: 4 }], { a: { b: [1, 2, 3], c: 4 } }],
    ['inserts into a list', [{ op: 'add', path: '/a/b/1', value: 9 }], { a: { b: [1, 9, 2, 3] } }],
    ['appends by -', [{ op: 'add', path: '/a/b/-', value: 9 }], { a: { b: [1, 2, 3, 9] } }],
    ['counts from the end', [{ op: 'remove', path: '/a/b/-1' }], { a: { b: [1, 2] } }],
    ['replaces', [{ op: 'replace', path: '/a/b/0', value: 9 }], { a: { b: [9, 2, 3] } }],
    ['reads ~1 as a slash', [{ op: 'replace', path: '/x~1y', value: 5 }], { 'x/y': 5 }],
    ['reads ~0 as a tilde', [{ op: 'replace', path: '/m~0n', value: 5 }], { 'm~n': 5 }],
    ['moves', [{ op: 'move', from: '/x~1y', path: '/a/z' }], { 'x/y': undefined, a: { b: [1, 2, 3], z: 1 } }],
    ['copies', [{ op: 'copy', from: '/a/b', path: '/q' }], { q: [1, 2, 3] }],
    ['tests equal values', [{ op: 'test', path: '/a', value: { b: [1, 2, 3] } }], {}],
    ['takes a missing value for null in a test', [{ op: 'test', path: '/nothing', value: null }], {}],
    [
      'does all in order',
      [
        { op: 'add', path: '/k', value: {} },
        { op: 'add', path: '/k/l', value: 1 },
      ],
      { k: { l: 1 } },
    ],
  ])('%s', (_title, patch, change) => {
    const expected = JSON.parse(JSON.stringify({ ...document, ...change })) as unknown;
    expect(applyJsonPatch<unknown>(document, patch)).toEqual(expected);
  });

  it.each([
    ['a test that fails', [{ op: 'test', path: '/a/b/0', value: 2 }]],
    ['removal of nothing', [{ op: 'remove', path: '/nope' }]],
    ['replacement of nothing', [{ op: 'replace', path: '/nope', value: 1 }]],
    ['a missing parent', [{ op: 'add', path: '/nope/x', value: 1 }]],
    ['an index beyond the end', [{ op: 'add', path: '/a/b/7', value: 1 }]],
    ['an index that is no number', [{ op: 'add', path: '/a/b/x', value: 1 }]],
    ['an unknown operation', [{ op: 'frob', path: '/a' }]],
    ['a path without a slash', [{ op: 'add', path: 'a', value: 1 }]],
    ['moving a value into itself', [{ op: 'move', from: '/a', path: '/a/b' }]],
    ['removing the document', [{ op: 'remove', path: '' }]],
    ['a field of a prototype', [{ op: 'remove', path: '/constructor' }]],
  ])('refuses %s with 422', (_title, patch) => {
    expect(() => applyJsonPatch(document, patch)).toThrow(
      expect.objectContaining({ status: expect.objectContaining({ code: 422, reason: 'Invalid' }) }) as ApiError,
    );
  });

  it('refuses more operations than it will do', () => {
    const patch = Array.from({ length: maxJsonPatchOperations + 1 }, () => ({ op: 'test', path: '/n', value: null }));
    expect(() => applyJsonPatch(document, patch)).toThrow('got 10001');
  });

  it('refuses copies of copies that grow without limit', () => {
    const patch = Array.from({ length: 64 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/c${i}` }));
    expect(() => applyJsonPatch(document, patch)).toThrow(ApiError);
  });

  it('takes __proto__ for a field like any other', () => {
    const patched = applyJsonPatch<object>({}, JSON.parse('[{"op":"add","path":"/__proto__","value":{"polluted":1}}]'));
    expect(Object.hasOwn(patched, '__proto__')).toBe(true);
    expect(Object.getPrototypeOf(patched)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('adding and removing again changes nothing, and never the document itself', () => {
    fc.assert(
      fc.property(jsonObject, fc.constantFrom('new', '__proto__x', 'x~1z'), jsonValue, (doc, key, value) => {
        deepFreeze(doc);
        const added = applyJsonPatch(doc, [{ op: 'add', path: `/${key}`, value }]);
        expect(applyJsonPatch(added, [{ op: 'remove', path: `/${key}` }])).toEqual(doc);
      }),
    );
  });
});
