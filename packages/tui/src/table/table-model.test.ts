import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Row } from './row.js';
import { TableModel } from './table-model.js';

const row = (id: string, name: string, count = 0): Row => ({
  id,
  cluster: 'c',
  key: { name },
  cells: [name, String(count)],
  values: [undefined, count],
  health: 'ok',
  problem: count > 5 ? 'too many' : '',
  labels: {},
  object: { metadata: {} },
});

function modelOf(...rows: readonly Row[]): TableModel {
  const model = new TableModel();
  model.setColumns([{ title: 'NAME' }, { title: 'COUNT', kind: 'number' }]);
  for (const one of rows) model.upsert(one, 0);
  model.synced = true;
  model.settle(0);
  return model;
}

const names = (model: TableModel): readonly string[] => model.settle(0).map(({ key }) => key.name);

describe('TableModel', () => {
  it('orders names as people do', () => {
    expect(names(modelOf(row('1', 'web-10'), row('2', 'web-9'), row('3', 'Web-1')))).toEqual([
      'Web-1',
      'web-9',
      'web-10',
    ]);
  });

  it('sorts numbers by value, ties by name', () => {
    const model = modelOf(row('1', 'b', 10), row('2', 'c', 9), row('3', 'a', 10));
    model.setSort({ column: 1, descending: true });
    expect(names(model)).toEqual(['b', 'a', 'c'].sort((a, b) => (a === 'c' ? 1 : b === 'c' ? -1 : a < b ? -1 : 1)));
  });

  it('puts the cursor on the neighbour when its row is removed', () => {
    const model = modelOf(row('1', 'a'), row('2', 'b'), row('3', 'c'));
    model.moveTo(1);
    model.remove('2');
    expect(model.cursorRow).toBeUndefined();
    model.settle(0);
    expect(model.cursorRow?.key.name).toBe('c');
    model.remove('3');
    model.settle(0);
    expect(model.cursorRow?.key.name).toBe('a');
  });

  it('keeps the row under the cursor on its line of the screen when rows come above it', () => {
    const model = modelOf(...Array.from({ length: 50 }, (_, index) => row(String(index), `row-${index}`)));
    model.setHeight(10);
    model.moveTo(30);
    const line = model.cursorIndex - model.offset;
    model.upsert(row('new', 'aaa'), 0);
    model.settle(0);
    expect(model.cursorRow?.id).toBe('30');
    expect(model.cursorIndex - model.offset).toBe(line);
  });

  it('forgets marks of rows that are gone, and keeps those a filter hides', () => {
    const model = modelOf(row('1', 'a'), row('2', 'b'));
    model.toggleMark('1');
    model.toggleMark('2');
    model.setFilter({ kind: 'rows', matches: ({ key }) => key.name === 'a' });
    model.remove('1');
    model.settle(0);
    expect(model.marked.map(({ id }) => id)).toEqual(['2']);
  });

  it('marks from the nearest mark to the cursor', () => {
    const model = modelOf(...['a', 'b', 'c', 'd', 'e'].map((name) => row(name, name)));
    model.toggleMark('b');
    model.moveTo(3);
    model.markRange();
    expect(model.marked.map(({ id }) => id).sort()).toEqual(['b', 'c', 'd']);
  });

  it('shows faults only', () => {
    const model = modelOf(row('1', 'a', 1), row('2', 'b', 9));
    model.setFaultsOnly(true);
    expect(names(model)).toEqual(['b']);
  });

  it('is not new again when only what nobody sees has changed', () => {
    const model = modelOf(row('1', 'a'));
    model.upsert({ ...row('1', 'a'), object: { metadata: { resourceVersion: '2' } } }, 0);
    expect(model.freshness('1', 0)).toBeUndefined();
    model.upsert(row('1', 'a', 2), 0);
    expect(model.freshness('1', 0)).toBe('changed');
    expect(model.freshness('1', 10_000)).toBeUndefined();
  });

  it('has the order of a full sort after any changes', () => {
    const change = fc.record({
      id: fc.integer({ min: 0, max: 30 }),
      count: fc.integer({ min: 0, max: 9 }),
      gone: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 8 }),
        fc.boolean(),
        (rounds, descending) => {
          const model = modelOf(
            ...Array.from({ length: 20 }, (_, index) => row(String(index), `n-${index}`, index % 4)),
          );
          model.setSort({ column: 1, descending });
          model.settle(0);
          for (const round of rounds) {
            for (const { id, count, gone } of round) {
              if (gone) model.remove(String(id));
              else model.upsert(row(String(id), `n-${id}`, count), 0);
            }
            const kept = [...model.settle(0)];
            model.setSort({ column: 1, descending });
            expect(kept.map(({ id }) => id)).toEqual(model.settle(0).map(({ id }) => id));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('F111 what has changed in a row', () => {
  it('is told per cell for a short while: up, down, or other', () => {
    const model = new TableModel();
    model.setColumns([
      { title: 'NAME' },
      { title: 'COUNT', kind: 'number' },
      { title: 'READY' },
      { title: 'AGE', kind: 'time' },
    ]);
    const of = (count: number, ready: string, status: string): Row => ({
      ...row('1', status, count),
      cells: [status, String(count), ready, ''],
      values: [undefined, count, undefined, count],
    });
    model.upsert(of(1, '1/3', 'a'), 0);
    model.synced = true;
    model.upsert(of(3, '0/3', 'b'), 1_000);
    const now = model.get('1')!;
    expect([0, 1, 2, 3].map((column) => model.delta(now, column))).toEqual(['Δ', '↑', '↓', '']);
    expect(model.freshness('1', 2_000)).toBe('changed');
    expect(model.freshness('1', 9_000)).toBeUndefined();
    expect(model.delta(now, 1)).toBe('');
  });
});
