import type { Filter } from './filter.js';
import { textWidth } from '../screen/text-width.js';
import { naturalKey } from './natural-order.js';
import type { ColumnShape, Row } from './row.js';

export interface Sort {
  readonly column: number;
  readonly descending: boolean;
}

/** How long a new or changed row is shown as such. */
const freshMs = 3_000;

/**
 * The rows of one table: kept by id, shown in order. Changes are collected and put in their places by {@link settle},
 * once a frame, by one pass over the order; nothing is sorted again for a change of a few rows.
 *
 * The cursor is an id. Wherever its row goes, it goes along; only when the row is removed does it fall to the row that
 * takes the place.
 */
export class TableModel {
  readonly #rows = new Map<string, Row>();
  readonly #dirty = new Set<string>();
  readonly #marks = new Set<string>();
  readonly #changedAt = new Map<string, Change>();
  #columns: readonly ColumnShape[] = [];
  #sort: Sort = { column: 0, descending: false };
  #filter: Filter = { kind: 'all' };
  #faultsOnly = false;
  #order: Row[] = [];
  #rebuild = true;
  #cursor: string | undefined;
  #cursorIndex = 0;
  #offset = 0;
  #height = 1;
  #widths: number[] = [];
  #synced = false;

  get columns(): readonly ColumnShape[] {
    return this.#columns;
  }

  get sort(): Sort {
    return this.#sort;
  }

  get filter(): Filter {
    return this.#filter;
  }

  get faultsOnly(): boolean {
    return this.#faultsOnly;
  }

  /** Rows held, shown or not. */
  get size(): number {
    return this.#rows.size;
  }

  /** Whether the first list has arrived. */
  get synced(): boolean {
    return this.#synced;
  }

  set synced(value: boolean) {
    this.#synced = value;
  }

  get rows(): Iterable<Row> {
    return this.#rows.values();
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  setColumns(columns: readonly ColumnShape[]): void {
    this.#columns = columns;
    this.#widths = [];
    this.#rebuild = true;
  }

  setSort(sort: Sort): void {
    this.#sort = sort;
    this.#rebuild = true;
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#rebuild = true;
  }

  setFaultsOnly(on: boolean): void {
    this.#faultsOnly = on;
    this.#rebuild = true;
  }

  /** Takes a row in. Given no time, the change is none of the object's own and is not pointed out. */
  upsert(row: Row, now?: number): void {
    const before = this.#rows.get(row.id);
    if (before !== undefined && sameCells(before, row)) {
      // Nothing a person could see has changed; only the object behind it is newer.
      this.#rows.set(row.id, row);
      const index = this.#order.indexOf(before);
      if (index >= 0) this.#order[index] = row;
      return;
    }
    this.#rows.set(row.id, row);
    this.#dirty.add(row.id);
    if (this.#widths.length > 0) this.#widen(row);
    if (this.#synced && now !== undefined) this.#changedAt.set(row.id, { at: now, before });
  }

  remove(id: string): void {
    if (!this.#rows.delete(id)) return;
    this.#marks.delete(id);
    this.#changedAt.delete(id);
    this.#dirty.add(id);
  }

  /** Removes rows of one cluster that a new list no longer holds. */
  retain(cluster: string, ids: ReadonlySet<string>): void {
    for (const row of this.#rows.values()) if (row.cluster === cluster && !ids.has(row.id)) this.remove(row.id);
  }

  clear(): void {
    this.#rows.clear();
    this.#marks.clear();
    this.#changedAt.clear();
    this.#order = [];
    this.#widths = [];
    this.#synced = false;
    this.#rebuild = true;
  }

  /** Brings the order up to date. @returns the rows to show, in order. */
  settle(now: number): readonly Row[] {
    if (this.#rebuild || this.#dirty.size > this.#order.length / 2) this.#sortAll(now);
    else if (this.#dirty.size > 0) this.#sortIn(now);
    this.#dirty.clear();
    this.#rebuild = false;
    this.#placeCursor();
    return this.#order;
  }

  /** `new` or `changed` for a short while after it happened. */
  freshness(id: string, now: number): 'new' | 'changed' | undefined {
    const change = this.#changedAt.get(id);
    if (change === undefined) return undefined;
    if (now - change.at < freshMs) return change.before === undefined ? 'new' : 'changed';
    this.#changedAt.delete(id);
    return undefined;
  }

  /** How a cell of a row differs from what it was a short while ago; '' when it does not. Follows: k9s' deltas. */
  delta(row: Row, column: number): '' | '↑' | '↓' | 'Δ' {
    const { before } = this.#changedAt.get(row.id) ?? {};
    const was = before?.cells[column] ?? '';
    const is = row.cells[column] ?? '';
    if (was === '' || was === 'n/a' || was === is || this.#columns[column]?.kind === 'time') return '';
    const [from, to] = [before?.values[column] ?? amountOf(was), row.values[column] ?? amountOf(is)];
    return from === undefined || to === undefined || from === to ? 'Δ' : to > from ? '↑' : '↓';
  }

  /** When the next row stops being fresh, for who has to paint it again. */
  get hasFresh(): boolean {
    return this.#changedAt.size > 0;
  }

  /** The greatest width of each column over all rows, title included; it grows and does not flicker. */
  widths(): readonly number[] {
    if (this.#widths.length !== this.#columns.length) {
      this.#widths = this.#columns.map(({ title, kind }) => Math.max(textWidth(title) + 1, kind === 'time' ? 6 : 0));
      for (const row of this.#rows.values()) this.#widen(row);
    }
    return this.#widths;
  }

  get cursorIndex(): number {
    return this.#cursorIndex;
  }

  get cursorRow(): Row | undefined {
    return this.#cursor === undefined ? undefined : this.#rows.get(this.#cursor);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Rows that fit on the screen. */
  setHeight(height: number): void {
    this.#height = Math.max(1, height);
    this.#scroll();
  }

  moveTo(index: number): void {
    this.#cursorIndex = Math.max(0, Math.min(index, this.#order.length - 1));
    this.#cursor = this.#order[this.#cursorIndex]?.id;
    this.#scroll();
  }

  move(delta: number): void {
    this.moveTo(this.#cursorIndex + delta);
  }

  get pageHeight(): number {
    return this.#height;
  }

  /** Puts the cursor on a row; before it arrives, too. */
  select(id: string): void {
    this.#cursor = id;
    this.#placeCursor();
  }

  isMarked(id: string): boolean {
    return this.#marks.has(id);
  }

  get marked(): readonly Row[] {
    return [...this.#marks].flatMap((id) => this.#rows.get(id) ?? []);
  }

  toggleMark(id: string): void {
    if (!this.#marks.delete(id)) this.#marks.add(id);
  }

  /** Marks all from the nearest marked row to the cursor. */
  markRange(): void {
    const marked = this.#order.flatMap((row, index) => (this.#marks.has(row.id) ? [index] : []));
    const here = this.#cursorIndex;
    const nearest = marked.sort((a, b) => Math.abs(a - here) - Math.abs(b - here))[0] ?? here;
    for (let index = Math.min(nearest, here); index <= Math.max(nearest, here); index += 1) {
      const row = this.#order[index];
      if (row !== undefined) this.#marks.add(row.id);
    }
  }

  clearMarks(): void {
    this.#marks.clear();
  }

  #sortAll(now: number): void {
    const keyed = [...this.#rows.values()].filter((row) => this.#shows(row, now)).map((row) => this.#keyed(row));
    this.#order = keyed.sort((a, b) => this.#compare(a, b)).map(({ row }) => row);
  }

  /** Takes the changed rows out and puts them back where they belong, each by a binary search. */
  #sortIn(now: number): void {
    const changed: Keyed[] = [];
    for (const id of this.#dirty) {
      const row = this.#rows.get(id);
      if (row !== undefined && this.#shows(row, now)) changed.push(this.#keyed(row));
    }
    changed.sort((a, b) => this.#compare(a, b));
    const kept = this.#order.filter((row) => !this.#dirty.has(row.id));
    const merged: Row[] = [];
    let from = 0;
    for (const one of changed) {
      const to = this.#placeOf(one, kept, from);
      for (let index = from; index < to; index += 1) merged.push(kept[index]!);
      merged.push(one.row);
      from = to;
    }
    for (let index = from; index < kept.length; index += 1) merged.push(kept[index]!);
    this.#order = merged;
  }

  /** Index in `rows`, from `from` on, of the first row that comes after `one`. */
  #placeOf(one: Keyed, rows: readonly Row[], from: number): number {
    let low = from;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#keyed(rows[middle]!), one) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #shows(row: Row, now: number): boolean {
    if (this.#faultsOnly && row.problem === '') return false;
    return this.#filter.kind !== 'rows' || this.#filter.matches(row, now);
  }

  #compare(a: Keyed, b: Keyed): number {
    if (a.key !== b.key) return a.key < b.key === this.#sort.descending ? 1 : -1;
    return a.tie < b.tie ? -1 : a.tie > b.tie ? 1 : 0;
  }

  #keyed(row: Row): Keyed {
    return { row, key: this.#keyOf(row), tie: tieOf(row) };
  }

  #keyOf(row: Row): string | number {
    const { column } = this.#sort;
    // No column: the order of the names.
    if (column < 0) return '';
    const kind = this.#columns[column]?.kind ?? 'text';
    // A young object has a late creation time: ages sort the other way round than times.
    if (kind === 'time') return -(row.values[column] ?? 0);
    if (kind === 'number') return row.values[column] ?? -Infinity;
    return naturalKeyOf(row, column);
  }

  #placeCursor(): void {
    const row = this.#cursor === undefined ? undefined : this.#rows.get(this.#cursor);
    const index = row === undefined ? -1 : this.#order.indexOf(row);
    if (index >= 0) {
      // Keep the row on its line of the screen when rows come and go above it.
      if (this.#offset > 0) this.#offset += index - this.#cursorIndex;
      this.#cursorIndex = index;
    } else if (this.#order.length > 0 && (this.#synced || this.#cursor === undefined)) {
      this.#cursorIndex = Math.max(0, Math.min(this.#cursorIndex, this.#order.length - 1));
      this.#cursor = this.#order[this.#cursorIndex]!.id;
    }
    this.#scroll();
  }

  #scroll(): void {
    const last = Math.max(0, this.#order.length - this.#height);
    if (this.#cursorIndex < this.#offset) this.#offset = this.#cursorIndex;
    if (this.#cursorIndex >= this.#offset + this.#height) this.#offset = this.#cursorIndex - this.#height + 1;
    this.#offset = Math.max(0, Math.min(this.#offset, last));
  }

  #widen(row: Row): void {
    const widths = this.#widths;
    row.cells.forEach((cell, index) => {
      const width = textWidth(cell);
      if (width > (widths[index] ?? 0)) widths[index] = width;
    });
  }
}

interface Change {
  readonly at: number;
  /** Undefined: the row is new. */
  readonly before: Row | undefined;
}

/** A number, or what `2/3` has of its whole; undefined for other texts. */
const amountOf = (text: string): number | undefined => {
  const [, amount] = /^(-?\d+(?:\.\d+)?)(?:%|\/\d+)?$/.exec(text) ?? [];
  return amount === undefined ? undefined : Number(amount);
};

/** A row with what it is sorted by. */
interface Keyed {
  readonly row: Row;
  readonly key: string | number;
  readonly tie: string;
}

const ties = new WeakMap<Row, string>();

/** What decides between equal rows: namespace, name, id. Made once per row. */
function tieOf(row: Row): string {
  const known = ties.get(row);
  if (known !== undefined) return known;
  const tie = `${row.key.namespace ?? ''}/${row.key.name} ${row.id}`;
  ties.set(row, tie);
  return tie;
}

const naturalKeys = new WeakMap<Row, Map<number, string>>();

function naturalKeyOf(row: Row, column: number): string {
  const keys = naturalKeys.get(row) ?? new Map<number, string>();
  const known = keys.get(column);
  if (known !== undefined) return known;
  const key = naturalKey(row.cells[column] ?? '');
  keys.set(column, key);
  naturalKeys.set(row, keys);
  return key;
}

function sameCells(a: Row, b: Row): boolean {
  return (
    a.health === b.health &&
    a.problem === b.problem &&
    a.cells.every((cell, index) => cell === b.cells[index]) &&
    a.values.every((value, index) => value === b.values[index])
  );
}
