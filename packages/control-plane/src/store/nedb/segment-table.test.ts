import { describe, expect, it } from 'vitest';
import type { Entry, Version } from '../mvcc/version-index.js';
import { SegmentTable } from './segment-table.js';

const entryOf = (key: string): Entry => ({ key, versions: [], copies: 0 });
const versionOf = (entry: Entry, modRevision: number, text?: string): Version => {
  const value = Buffer.from(text ?? '');
  return { entry, key: entry.key, modRevision, deleted: text === undefined, value, place: undefined };
};

describe('SegmentTable', () => {
  it('wants a deletion for as long as an older value of its key is on disk', () => {
    const table = new SegmentTable();
    const entry = entryOf('/r/a');
    const other = versionOf(entryOf('/r/other'), 1, 'x'.repeat(1000));
    const value = versionOf(entry, 2, 'a');
    const deletion = versionOf(entry, 3);
    table.add(other, 1);
    table.add(value, 1);
    table.add(deletion, 2);
    table.begin(3);

    table.release(value);
    table.release(deletion);
    expect(table.mostWasted()).toBeUndefined(); // the other one fills most of segment 1
    expect(table.wanted(2)).toEqual([deletion]);

    table.release(other);
    expect(table.mostWasted()).toBe(1);
    table.remove(1);
    expect(table.wanted(2)).toEqual([]);
    expect(table.mostWasted()).toBe(2);
  });

  it('lets a deletion go that a newer value has replaced', () => {
    const table = new SegmentTable();
    const entry = entryOf('/r/a');
    const deletion = versionOf(entry, 3);
    const newer = versionOf(entry, 4, 'new');
    table.add(versionOf(entry, 2, 'old'), 1);
    table.add(deletion, 1);
    table.add(newer, 2);
    entry.versions.push(newer);
    table.release(deletion);
    expect(table.wanted(1)).not.toContain(deletion);
  });

  it('knows a record by its newest copy, and one that was let go on the way as waste', () => {
    const table = new SegmentTable();
    const moved = versionOf(entryOf('/r/a'), 1, 'a');
    const dropped = versionOf(entryOf('/r/b'), 2, 'b');
    table.add(moved, 1);
    table.add(dropped, 1);
    table.begin(2);
    table.add(moved, 2);
    table.release(dropped);
    table.add(dropped, 2, { wanted: dropped.place !== undefined });
    expect(table.wanted(1)).toEqual([]);
    expect(table.wanted(2)).toEqual([moved]);
  });

  it('never empties the segment that is written to', () => {
    const table = new SegmentTable();
    const version = versionOf(entryOf('/r/a'), 1, 'a');
    table.add(version, 1);
    table.release(version);
    expect(table.mostWasted()).toBeUndefined();
    table.begin(2);
    expect(table.mostWasted()).toBe(1);
  });
});
