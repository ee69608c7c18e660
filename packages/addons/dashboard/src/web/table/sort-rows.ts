import type { TableColumn, TableRow } from './table-rows.js';

export interface Sorting {
  readonly column: string;
  readonly descending: boolean;
}

/** Every word must be somewhere in the row; `key=value` asks for a label. */
export function filterRows(rows: readonly TableRow[], text: string): readonly TableRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const haystack = `${row.namespace} ${row.cells.map(String).join(' ')}`.toLowerCase();
    return words.every((word) => {
      const [key = '', value] = word.split('=');
      if (value === undefined) return haystack.includes(word);
      return Object.entries(row.labels).some(
        ([label, is]) => label.toLowerCase() === key && is.toLowerCase() === value,
      );
    });
  });
}

/** Sorts by a column's own kind: ages by birth, numbers by size, the rest by text with its numbers. */
export function sortRows(
  rows: readonly TableRow[],
  columns: readonly TableColumn[],
  sorting: Sorting,
): readonly TableRow[] {
  const index = columns.findIndex(({ name }) => name === sorting.column);
  const sign = sorting.descending ? -1 : 1;
  const byName = (a: TableRow, b: TableRow): number =>
    collator.compare(a.namespace, b.namespace) || collator.compare(a.name, b.name);
  const by = (a: TableRow, b: TableRow): number => {
    if (sorting.column === 'Age') return b.createdAt - a.createdAt;
    if (sorting.column === 'Namespace') return collator.compare(a.namespace, b.namespace);
    const [x, y] = [a.cells[index], b.cells[index]];
    return typeof x === 'number' && typeof y === 'number' ? x - y : collator.compare(String(x ?? ''), String(y ?? ''));
  };
  return [...rows].sort((a, b) => sign * by(a, b) || byName(a, b));
}

const collator = new Intl.Collator('en', { numeric: true });
