import { describe, expect, it } from 'vitest';
import { layoutColumns } from './column-layout.js';
import type { ColumnShape } from './row.js';

const shapes: readonly ColumnShape[] = [
  { title: 'NAME' },
  { title: 'STATUS', drop: 1 },
  { title: 'NODE' },
  { title: 'LABELS', wide: true },
  { title: 'AGE', drop: 0 },
];

const titles = (available: number, natural: readonly number[], wide = false, skip = 0): string =>
  layoutColumns(shapes, natural, available, { wide, skip })
    .columns.map(({ index, width }) => `${shapes[index]!.title}:${width}`)
    .join(' ');

describe('layoutColumns', () => {
  it('gives every column its natural width when there is room', () => {
    expect(titles(100, [20, 10, 10, 30, 5])).toBe('NAME:20 STATUS:10 NODE:10 AGE:5');
    expect(titles(120, [20, 10, 10, 30, 5], true)).toBe('NAME:20 STATUS:10 NODE:10 LABELS:30 AGE:5');
  });

  it('lets the longest texts give way first', () => {
    expect(titles(60, [50, 10, 10, 0, 5])).toBe('NAME:32 STATUS:10 NODE:10 AGE:5');
  });

  it('drops what is of least use when texts cannot give way any more', () => {
    expect(titles(45, [40, 18, 10, 0, 5])).toBe('NAME:22 STATUS:16 AGE:5');
  });

  it('never drops the name', () => {
    expect(titles(10, [40, 18, 10, 0, 5])).toBe('NAME:10');
  });

  it('scrolls columns behind the name out to the left', () => {
    expect(titles(100, [20, 10, 10, 30, 5], false, 1)).toBe('NAME:20 NODE:10 AGE:5');
  });

  it('says how many had no room', () => {
    expect(layoutColumns(shapes, [40, 22, 10, 0, 5], 40, { wide: false }).hidden).toBeGreaterThan(0);
  });
});
