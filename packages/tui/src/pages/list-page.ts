import type { Actions } from '../actions/key-map.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Canvas } from '../screen/frame.js';
import type { Health, PaintName } from '../screen/paint.js';
import { drawTable } from '../table/draw-table.js';
import { parseFilter } from '../table/filter.js';
import type { ColumnShape, Row } from '../table/row.js';
import { TableModel } from '../table/table-model.js';
import type { MousePress } from '../terminal/terminal.js';
import type { Page, PageFilter, PlugPoint } from './page.js';

/** One line of a list of our own. */
export interface ListRow<Item> {
  readonly id: string;
  readonly cells: readonly string[];
  readonly values?: readonly (number | undefined)[] | undefined;
  readonly health?: Health | undefined;
  readonly problem?: string | undefined;
  readonly cellPaints?: ReadonlyMap<number, PaintName> | undefined;
  readonly item: Item;
}

export interface ListPageOptions<Item> {
  readonly crumb: string;
  readonly title: () => string;
  readonly cluster: Cluster;
  readonly columns: readonly ColumnShape[];
  /** Everything there is now; asked before each painting. */
  readonly rows: () => readonly ListRow<Item>[];
  readonly empty: () => string;
  readonly sort?: { readonly column: number; readonly descending: boolean } | undefined;
  /** Keeps the order of `rows`. */
  readonly unsorted?: boolean | undefined;
  readonly actions: (current: Item | undefined) => Actions;
  /** What plugins are run on. */
  readonly plugPoint?: ((current: Item) => PlugPoint) | undefined;
  readonly run?: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Drawn above the list; returns the rows it took. */
  readonly header?: ((canvas: Canvas, now: number) => number) | undefined;
}

/** A list that is no resource: containers of a pod, contexts, aliases, forwards, loops. */
export class ListPage<Item> implements Page {
  readonly crumb: string;
  readonly cluster: Cluster;
  readonly model = new TableModel();
  readonly #options: ListPageOptions<Item>;
  readonly #services: Services;
  readonly #items = new Map<string, Item>();
  #filterText = '';
  #top = 1;

  constructor(options: ListPageOptions<Item>, services: Services) {
    this.#options = options;
    this.#services = services;
    this.crumb = options.crumb;
    this.cluster = options.cluster;
    this.model.setColumns(options.columns);
    this.model.setSort(options.sort ?? { column: options.unsorted === true ? -1 : 0, descending: false });
  }

  start(signal: AbortSignal): void {
    const { run } = this.#options;
    if (run !== undefined) void this.#services.act(() => run(signal));
  }

  get current(): Item | undefined {
    // A key may come before the first frame: it is meant for what that would show.
    if (this.model.size === 0) {
      const now = this.#services.clock.now();
      this.#update(now);
      this.model.settle(now);
    }
    const id = this.model.cursorRow?.id;
    return id === undefined ? undefined : this.#items.get(id);
  }

  get filter(): PageFilter {
    const { filter } = this.model;
    return {
      text: this.#filterText,
      set: (text) => {
        this.#filterText = text;
        this.model.setFilter(parseFilter(text, this.#options.columns));
        this.model.settle(this.#services.clock.now());
        this.#services.invalidate();
      },
      problem: filter.kind === 'invalid' ? filter.reason : undefined,
    };
  }

  draw(canvas: Canvas, now: number): void {
    this.#update(now);
    const filter = this.#filterText === '' ? '' : ` </${this.#filterText}>`;
    const inner = canvas.box(`${this.#options.title()}[${this.model.settle(now).length}]${filter}`);
    const above = this.#options.header?.(inner, now) ?? 0;
    this.#top = 1 + above;
    const body = inner.region(0, above, inner.width, inner.height - above);
    drawTable(body, this.model, { now, wide: true, skip: 0, empty: this.#options.empty(), noTime: '' });
  }

  actions(): Actions {
    const { model } = this;
    const move =
      (act: () => void): (() => void) =>
      () => {
        act();
        this.#services.invalidate();
      };
    return {
      ...this.#options.actions(this.current),
      up: move(() => model.move(-1)),
      down: move(() => model.move(1)),
      pageUp: move(() => model.move(-model.pageHeight)),
      pageDown: move(() => model.move(model.pageHeight)),
      top: move(() => model.moveTo(0)),
      bottom: move(() => model.moveTo(Number.MAX_SAFE_INTEGER)),
    };
  }

  plugPoint(): PlugPoint | undefined {
    const { current } = this;
    return current === undefined ? undefined : this.#options.plugPoint?.(current);
  }

  escape(): boolean {
    if (this.#filterText === '') return false;
    this.filter.set('');
    return true;
  }

  mouse({ action, y }: MousePress): void {
    if (action === 'wheelUp') this.model.move(-1);
    else if (action === 'wheelDown') this.model.move(1);
    else if (y > this.#top) this.model.moveTo(this.model.offset + y - this.#top - 1);
    this.#services.invalidate();
  }

  repaintInMs(): number | undefined {
    return this.#options.columns.some(({ kind }) => kind === 'time') && this.model.size > 0 ? 1_000 : undefined;
  }

  #update(now: number): void {
    const rows = this.#options.rows();
    const ids = new Set<string>();
    this.#items.clear();
    rows.forEach((row, place) => {
      ids.add(row.id);
      this.#items.set(row.id, row.item);
      this.model.upsert(this.#rowOf(row, place), now);
    });
    this.model.retain('', ids);
    if (rows.length > 0) this.model.synced = true;
  }

  #rowOf(row: ListRow<Item>, place: number): Row {
    const { cells, values = cells.map(() => undefined), health = 'ok', problem = '', cellPaints } = row;
    return {
      id: row.id,
      cluster: '',
      // Equal rows stand in the order of all their cells.
      key: { name: this.#options.unsorted === true ? String(place).padStart(6, '0') : cells.join(' ') },
      cells,
      values,
      health,
      problem,
      ...(cellPaints === undefined ? {} : { cellPaints }),
      labels: {},
      object: { metadata: {} },
    };
  }
}
