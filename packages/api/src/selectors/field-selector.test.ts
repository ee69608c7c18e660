import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFieldSelector, matchesFields, parseFieldSelector } from './field-selector.js';

describe('field selectors', () => {
  it.each([
    ['metadata.name=web', [{ field: 'metadata.name', operator: '=', value: 'web' }]],
    ['metadata.name==web', [{ field: 'metadata.name', operator: '=', value: 'web' }]],
    [
      'status.phase!=Succeeded,status.phase!=Failed',
      [
        { field: 'status.phase', operator: '!=', value: 'Succeeded' },
        { field: 'status.phase', operator: '!=', value: 'Failed' },
      ],
    ],
    ['spec.nodeName=', [{ field: 'spec.nodeName', operator: '=', value: '' }]],
    ['a=x\\,y\\=z\\\\', [{ field: 'a', operator: '=', value: 'x,y=z\\' }]],
    ['', []],
    [',a=b,', [{ field: 'a', operator: '=', value: 'b' }]],
  ])('reads %j', (text, expected) => {
    expect(parseFieldSelector(text)).toEqual(expected);
  });

  it.each([
    ['abc', "invalid selector: 'abc'; can't understand 'abc'"],
    ['a=b=c', 'invalid field selector: unescaped character in value: ='],
    ['a=\\x', 'invalid field selector: invalid escape sequence: \\x'],
  ])('refuses %j', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(message);
  });

  it('compares with the values of an object, an absent one being empty', () => {
    const fields: Readonly<Record<string, string>> = { phase: 'Running' };
    const match = (text: string) => matchesFields(parseFieldSelector(text), (field) => fields[field]);
    expect(match('phase=Running,other=')).toBe(true);
    expect(match('phase!=Running')).toBe(false);
    expect(match('other!=x')).toBe(true);
  });

  it('reads back any value that it wrote', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const requirements = [{ field: 'a.b', operator: '=' as const, value }];
        expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual(requirements);
      }),
    );
  });
});
