import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines, hunksOf } from './line-diff.js';

const marks = { same: ' ', added: '+', removed: '-' } as const;
const show = (before: string, after: string): string =>
  diffLines(before, after)
    .map(({ kind, text }) => marks[kind] + text)
    .join('|');

describe('differences of lines', () => {
  it.each([
    ['a\nb\nc', 'a\nb\nc', ' a| b| c'],
    ['a\nb\nc', 'a\nx\nc', ' a|-b|+x| c'],
    ['a', 'a\nb', ' a|+b'],
    ['a\nb\nc\nd', 'b\nd\ne', '-a| b|-c| d|+e'],
    ['a\na', 'a', ' a|-a'],
  ])('%j → %j', (before, after, expected) => {
    expect(show(before, after)).toBe(expected);
  });

  it('give back both texts, whatever they are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        const without = (kind: string): string =>
          lines
            .filter((line) => line.kind !== kind)
            .map((line) => line.text)
            .join('\n');
        expect(without('added')).toBe(before);
        expect(without('removed')).toBe(after);
      }),
    );
  });

  it('leave out what is far from any change', () => {
    const lines = Array.from({ length: 20 }, (_, index) => String(index));
    const after = lines.with(10, 'ten');
    const hunks = hunksOf(diffLines(lines.join('\n'), after.join('\n')), 1);
    expect(hunks.map(({ skipped, lines: shown }) => [skipped, shown.map(({ text }) => text)])).toEqual([
      [9, ['9', '10', 'ten', '11']],
    ]);
    expect(hunksOf(diffLines('a', 'a'))).toEqual([]);
  });
});
