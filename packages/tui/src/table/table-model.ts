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
  readonly #sortKeys = new Map<string, string | number>();
  readonly #changedAt = new Map<string, { readonly at: number; readonly isNew: boolean }>();
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

  upsert(row: Row, now: number): void {
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
    if (this.#synced) this.#changedAt.set(row.id, { at: now, isNew: before === undefined });
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
    if (now - change.at < freshMs) return change.isNew ? 'new' : 'changed';
    this.#changedAt.delete(id);
    return undefined;
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
    this.#sortKeys.clear();
    const rows = [...this.#rows.values()].filter((row) => this.#shows(row, now));
    this.#order = rows.sort((a, b) => this.#compare(a, b));
  }

  /** Takes the changed rows out and merges them back in, in one pass. */
  #sortIn(now: number): void {
    const changed: Row[] = [];
    for (const id of this.#dirty) {
      this.#sortKeys.delete(id);
      const row = this.#rows.get(id);
      if (row !== undefined && this.#shows(row, now)) changed.push(row);
    }
    changed.sort((a, b) => this.#compare(a, b));
    const kept = this.#order.filter((row) => !this.#dirty.has(row.id));
    if (changed.length === 0) {
      this.#order = kept;
      return;
    }
    const merged: Row[] = [];
    let next = 0;
    for (const row of kept) {
      while (next < changed.length && this.#compare(changed[next]!, row) < 0) merged.push(changed[next++]!);
      merged.push(row);
    }
    while (next < changed.length) merged.push(changed[next++]!);
    this.#order = merged;
  }

  #shows(row: Row, now: number): boolean {
    if (this.#faultsOnly && row.problem === '') return false;
    return this.#filter.kind !== 'rows' || this.#filter.matches(row, now);
  }

  #compare(a: Row, b: Row): number {
    const one = this.#keyOf(a);
    const other = this.#keyOf(b);
    const order = one === other ? 0 : one < other ? -1 : 1;
    if (order !== 0) return this.#sort.descending ? -order : order;
    const nameA = `${a.key.namespace ?? ''}/${a.key.name}`;
    const nameB = `${b.key.namespace ?? ''}/${b.key.name}`;
    if (nameA !== nameB) return nameA < nameB ? -1 : 1;
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
  }

  #keyOf(row: Row): string | number {
    const known = this.#sortKeys.get(row.id);
    if (known !== undefined) return known;
    const key = this.#makeKey(row);
    this.#sortKeys.set(row.id, key);
    return key;
  }

  #makeKey(row: Row): string | number {
    const { column } = this.#sort;
    // No column: the order of the keys.
    if (column < 0) return '';
    const kind = this.#columns[column]?.kind ?? 'text';
    // A young object has a late creation time: ages sort the other way round than times.
    if (kind === 'time') return -(row.values[column] ?? 0);
    if (kind === 'number') return row.values[column] ?? -Infinity;
    return naturalKey(row.cells[column] ?? '');
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

function sameCells(a: Row, b: Row): boolean {
  return (
    a.health === b.health &&
    a.problem === b.problem &&
    a.cells.every((cell, index) => cell === b.cells[index]) &&
    a.values.every((value, index) => value === b.values[index])
  );
}
