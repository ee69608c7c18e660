import { describe, expect, it } from 'vitest';
import type { WatchFrame } from '../api/watch.js';
import { ageOf } from './age.js';
import { filterRows, sortRows } from './sort-rows.js';
import type { TableRow } from './table-rows.js';
import { applyFrames, rowOf, versionAfter } from './table-rows.js';

const frame = (
  type: WatchFrame['type'],
  uid: string,
  cells: readonly unknown[],
  resourceVersion = '1',
): WatchFrame => ({
  type,
  object: {
    metadata: { resourceVersion },
    rows: [{ cells, object: { metadata: { uid, name: uid, labels: { app: 'web' } } } }],
  },
});
const row = (name: string, ...cells: readonly unknown[]): TableRow =>
  rowOf({ cells: [name, ...cells], object: { metadata: { uid: name, name, labels: { app: name } } } });

describe('rows of a live table', () => {
  it('come, change and go with the frames of a watch', () => {
    let rows = applyFrames(new Map(), [frame('ADDED', 'a', ['a', 1]), frame('ADDED', 'b', ['b', 1])]);
    const before = rows;
    rows = applyFrames(rows, [frame('MODIFIED', 'a', ['a', 2], '7'), frame('DELETED', 'b', ['b', 1])]);
    expect([...rows.values()].map(({ cells }) => cells)).toEqual([['a', 2]]);
    expect(before.size).toBe(2);
  });

  it('are the same map when nothing was said about them', () => {
    const rows = new Map([['a', row('a')]]);
    expect(applyFrames(rows, [frame('BOOKMARK', '', [], '9')])).toBe(rows);
    expect(versionAfter([frame('ADDED', 'a', [], '3'), frame('BOOKMARK', '', [], '9')])).toBe('9');
    expect(versionAfter([])).toBeUndefined();
  });

  it('are found by words and by labels', () => {
    const rows = [row('web-1', 'Running'), row('db-1', 'Pending')];
    expect(filterRows(rows, ' RUN web ').map(({ name }) => name)).toEqual(['web-1']);
    expect(filterRows(rows, 'app=db-1').map(({ name }) => name)).toEqual(['db-1']);
    expect(filterRows(rows, 'run db')).toEqual([]);
    expect(filterRows(rows, '')).toBe(rows);
  });

  it('are sorted by number where there are numbers, and by name otherwise', () => {
    const columns = ['Name', 'Count'].map((name) => ({ name, type: 'string', priority: 0 }));
    const rows = [row('a-10', 2), row('a-9', 10), row('a-1', 2)];
    const names = (column: string, descending: boolean) =>
      sortRows(rows, columns, { column, descending }).map(({ name }) => name);
    expect(names('Name', false)).toEqual(['a-1', 'a-9', 'a-10']);
    expect(names('Count', true)).toEqual(['a-9', 'a-1', 'a-10']);
  });

  it.each([
    [45, '45s'],
    [119, '119s'],
    [180, '3m'],
    [3600 * 3 + 1200, '3h20m'],
    [3600 * 20, '20h'],
    [86_400 * 5, '5d'],
    [86_400 * 800, '2y'],
  ])('have an age: %d seconds are %s', (seconds, text) => {
    expect(ageOf(0, seconds * 1000)).toBe(text);
  });
});
