import type { KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import { formatKey, pods } from '@geobuk/api';
import type { Actions } from '../actions/key-map.js';
import { resourceActions } from '../actions/resource-actions.js';
import type { Services } from '../app/services.js';
import { controllerForMany } from '../cluster/many-listeners.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { NodeCrew } from '../cluster/node-crew.js';
import type { Sink } from '../cluster/follow.js';
import { tableSource } from '../cluster/table-source.js';
import type { ServerColumn, ServerRow } from '../cluster/table-source.js';
import { namespaceText } from '../command/parse-command.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import { settingFor } from '../config/view-settings.js';
import type { ViewSetting } from '../config/view-settings.js';
import { describe } from '../describe/describe.js';
import type { Canvas } from '../screen/frame.js';
import { drawTable } from '../table/draw-table.js';
import { parseFilter } from '../table/filter.js';
import type { Row } from '../table/row.js';
import { TableModel } from '../table/table-model.js';
import type { MousePress } from '../terminal/terminal.js';
import { serverRows, viewRows } from '../views/make-rows.js';
import type { RowMaker, RowMakerOptions, ServerRowMaker } from '../views/make-rows.js';
import { hasExpressions } from '../views/arrange-columns.js';
import { viewOf } from '../views/registry.js';
import type { AnyView, LiveFacts } from '../views/view.js';
import { tableActions } from './table-actions.js';
import { plugPointOf } from './plug-point.js';
import type { Page, PageFilter, PlugPoint, Preview } from './page.js';

export interface TablePageOptions {
  /** More than one: rows of all, with a CLUSTER column. */
  readonly clusters: readonly Cluster[];
  readonly type: ResourceType;
  readonly namespaces: NamespaceChoice;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly filter?: string | undefined;
  /** What it was opened from, such as a deployment's name: part of the title. */
  readonly of?: string | undefined;
  /** A row the server cannot select by a field, such as the jobs of a cron job. */
  readonly only?: ((object: KubernetesObject) => boolean) | undefined;
  readonly faultsOnly?: boolean | undefined;
}

/** A live table of one kind: pods, deployments, or whatever a server serves. */
export class TablePage implements Page {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly view: AnyView | undefined;
  readonly model = new TableModel();
  readonly options: TablePageOptions;
  readonly services: Services;
  wide = false;
  /** Columns scrolled out to the left. */
  skip = 0;
  selectedColumn: number | undefined;
  #namespaces: NamespaceChoice;
  #filterText = '';
  #problem = '';
  #hidden = 0;
  #canvasTop = 1;
  #feeds: AbortController | undefined;
  #signal: AbortSignal | undefined;
  readonly #crews = new Map<Cluster, NodeCrew>();
  readonly #makers = new Map<Cluster, RowMaker>();
  #loadSeen = '';

  constructor(options: TablePageOptions, services: Services) {
    this.options = options;
    this.services = services;
    this.cluster = options.clusters[0]!;
    this.type = options.type;
    this.view = viewOf(options.type);
    this.#namespaces = options.type.namespaced ? options.namespaces : { kind: 'all' };
    this.#prepare();
    if (options.filter !== undefined) this.#setFilter(options.filter);
    if (options.faultsOnly === true) this.model.setFaultsOnly(true);
  }

  get crumb(): string {
    return this.type.plural;
  }

  get namespaces(): NamespaceChoice {
    return this.#namespaces;
  }

  get current(): Row | undefined {
    return this.model.cursorRow;
  }

  get isNamespaces(): boolean {
    return this.type.plural === 'namespaces' && this.type.group === '';
  }

  /** Whether the cursor stands on a row that no object is behind. */
  get onNothing(): boolean {
    return this.current !== undefined && this.current.object.metadata.uid === undefined && this.isNamespaces;
  }

  /** The marked rows, else the one under the cursor: what an action is about. */
  get chosen(): readonly Row[] {
    const { marked, cursorRow } = this.model;
    if (marked.length > 0) return marked;
    return cursorRow === undefined ? [] : [cursorRow];
  }

  clusterOf(row: Row): Cluster {
    return this.options.clusters.find(({ identity }) => identity.context === row.cluster) ?? this.cluster;
  }

  get filter(): PageFilter {
    const { filter } = this.model;
    return {
      text: this.#filterText,
      set: (text) => this.#setFilter(text),
      problem: filter.kind === 'invalid' ? filter.reason : undefined,
    };
  }

  start(signal: AbortSignal): void {
    this.#signal = signal;
    this.#follow();
  }

  /** Follows anew, from a fresh list: after `^r`, and when the scope has changed. */
  restart(namespaces: NamespaceChoice = this.#namespaces): void {
    this.#namespaces = this.type.namespaced ? namespaces : { kind: 'all' };
    this.#feeds?.abort(new Error('the table shows something else now'));
    this.model.clear();
    this.#problem = '';
    this.#prepare();
    if (this.#signal !== undefined) this.#follow();
    this.services.invalidate();
  }

  /**
   * Takes one object in without following anything: so that what can be done with a row can be done with it. Of a `bare`
   * one only the metadata is known.
   */
  hold(object: KubernetesObject, bare = false): void {
    const maker = this.#makers.get(this.cluster);
    const row =
      maker === undefined || bare
        ? serverRows([], this.#rowOptions(this.cluster)).row({ cells: [], object })
        : maker.row(object, this.#facts(this.cluster));
    this.model.upsert(row);
    this.model.select(row.id);
  }

  draw(canvas: Canvas, now: number): void {
    this.#refreshLive();
    const inner = canvas.box(this.#title());
    const look = {
      now,
      wide: this.wide,
      skip: this.skip,
      metrics: this.options.clusters.some((cluster) => this.services.facts(cluster).hasMetrics),
      selectedColumn: this.selectedColumn,
      empty: this.#emptyText(),
    };
    this.#hidden = drawTable(inner, this.model, look).hiddenColumns;
    if (this.#hidden > 0) {
      const text = ` ${this.#hidden} more → `;
      canvas.text(canvas.width - text.length - 2, canvas.height - 1, text, 'dim');
    }
    const place = this.model.size === 0 ? '' : ` ${this.model.cursorIndex + 1}/${this.model.settle(now).length} `;
    canvas.text(2, canvas.height - 1, place, 'dim');
  }

  actions(): Actions {
    // A kind's own action goes before what every table has on that key.
    return { ...resourceActions(this), ...tableActions(this) };
  }

  preview(): Preview | undefined {
    const row = this.current;
    if (row === undefined) return undefined;
    const cluster = this.clusterOf(row);
    return {
      id: row.id,
      version: row.object.metadata.resourceVersion ?? '',
      title: rowName(row),
      load: async (signal) =>
        describe(await cluster.connection(signal), this.type, row.key, this.services.clock.now(), signal),
    };
  }

  plugPoint(): PlugPoint | undefined {
    return plugPointOf(this);
  }

  escape(): boolean {
    if (this.model.marked.length > 0) {
      this.model.clearMarks();
      return true;
    }
    if (this.#filterText === '' && !this.model.faultsOnly) return false;
    this.#setFilter('');
    this.model.setFaultsOnly(false);
    return true;
  }

  mouse({ action, y, x }: MousePress): void {
    if (action === 'wheelUp') this.model.move(-1);
    else if (action === 'wheelDown') this.model.move(1);
    else if (y === this.#canvasTop) this.#clickHeader(x);
    else if (y > this.#canvasTop) this.model.moveTo(this.model.offset + y - this.#canvasTop - 1);
    this.services.invalidate();
  }

  /** Ages tick by the second while something young is on the screen, else by the minute. */
  repaintInMs(now: number): number | undefined {
    if (this.model.size === 0) return undefined;
    if (this.model.hasFresh) return 1_000;
    const order = this.model.settle(now);
    const youngest = order
      .slice(this.model.offset, this.model.offset + this.model.pageHeight)
      .reduce(
        (least, row) =>
          Math.min(least, ...row.values.map((at) => (at === undefined || at < 1e12 ? Infinity : now - at))),
        Infinity,
      );
    if (youngest === Infinity) return undefined;
    return youngest < 10 * 60_000 ? 1_000 : 30_000;
  }

  sortBy(title: string): void {
    const column = this.model.columns.findIndex((shape) => shape.title === title);
    if (column >= 0) this.sortByIndex(column);
  }

  /** The same column again turns the order round. */
  sortByIndex(column: number): void {
    const { sort } = this.model;
    const descending = sort.column === column ? !sort.descending : false;
    this.model.setSort({ column, descending });
    this.services.memory.keepSort(this.type.plural, { title: this.model.columns[column]?.title ?? '', descending });
    this.services.invalidate();
  }

  #clickHeader(x: number): void {
    const shapes = this.model.columns;
    const widths = this.model.widths();
    let at = 4;
    for (const [index, shape] of shapes.entries()) {
      if (shape.wide === true && !this.wide) continue;
      if (x >= at && x < at + (widths[index] ?? 0) + 1) {
        this.sortByIndex(index);
        return;
      }
      at += (widths[index] ?? 0) + 1;
    }
  }

  #setFilter(text: string): void {
    this.#filterText = text;
    this.model.setFilter(parseFilter(text, this.model.columns));
    // At once, not with the next frame: the next key is meant for what the filter leaves.
    this.model.settle(this.services.clock.now());
    this.services.invalidate();
  }

  #rowOptions(cluster: Cluster): RowMakerOptions {
    return {
      cluster: cluster.identity.context,
      showCluster: this.options.clusters.length > 1,
      showNamespace: this.type.namespaced && this.#namespaces.kind !== 'one',
    };
  }

  /** How the person wants this kind to be shown in these namespaces. */
  get #setting(): ViewSetting | undefined {
    const namespace = this.#namespaces.kind === 'one' ? this.#namespaces.name : undefined;
    return settingFor(this.services.personal.views, this.type, namespace);
  }

  #prepare(): void {
    if (this.view === undefined) return;
    for (const cluster of this.options.clusters)
      this.#makers.set(cluster, viewRows(this.view, this.#rowOptions(cluster), this.#setting));
    this.#setColumns(this.#makers.get(this.cluster)!.columns);
  }

  #setColumns(columns: TableModel['columns']): void {
    this.model.setColumns(columns);
    const known = this.services.memory.sort(this.type.plural) ?? this.#setting?.sort ?? this.view?.sort;
    const fallback = columns.some(({ title }) => title === 'NAMESPACE') ? 'NAMESPACE' : 'NAME';
    const column = columns.findIndex(({ title }) => title === (known?.title ?? fallback));
    this.model.setSort({ column: Math.max(0, column), descending: known?.descending ?? false });
    if (this.#filterText !== '') this.model.setFilter(parseFilter(this.#filterText, columns));
  }

  #follow(): void {
    const feeds = controllerForMany();
    this.#feeds = feeds;
    this.#signal?.addEventListener('abort', () => feeds.abort(this.#signal?.reason), { once: true });
    if (this.#signal?.aborted === true) feeds.abort(this.#signal.reason);
    for (const cluster of this.options.clusters) void this.services.act(() => this.#feed(cluster, feeds.signal));
  }

  async #feed(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { labelSelector, fieldSelector } = this.options;
    const namespace = this.#namespaces.kind === 'one' ? this.#namespaces.name : undefined;
    const scope = { namespace, labelSelector, fieldSelector };
    const refused = (error: Error): void => this.#refused(cluster, error);
    const view = this.view;
    if (view?.countsPods === true) this.#countPods(cluster, signal);
    if (view !== undefined) {
      const sink = this.#sink<KubernetesObject>(
        cluster,
        (object) => this.#makers.get(cluster)!.row(object, this.#facts(cluster)),
        (object) => object,
      );
      const type = cluster.catalog.find(`${view.resource.plural}.${view.resource.group}`) ?? this.type;
      await cluster.follow((connection) => objectSource(connection, type, scope), sink, refused, signal);
      return;
    }
    const options = this.#rowOptions(cluster);
    let maker: ServerRowMaker = serverRows([], options);
    const onColumns = (given: readonly ServerColumn[]): void => {
      if (given.length === 0 || maker.columns.length > serverRows([], options).columns.length) return;
      maker = serverRows(given, options, this.#setting);
      this.#setColumns(maker.columns);
    };
    const sink = this.#sink<ServerRow>(
      cluster,
      (row) => maker.row(row),
      ({ object }) => object,
    );
    const wholeObjects = hasExpressions(this.#setting);
    await cluster.follow(
      (connection) => tableSource(connection, this.type, { ...scope, wholeObjects }, onColumns),
      sink,
      refused,
      signal,
    );
  }

  /** Nodes show how many pods they carry. */
  #countPods(cluster: Cluster, signal: AbortSignal): void {
    const crew = new NodeCrew(() => this.services.invalidate());
    this.#crews.set(cluster, crew);
    void this.services.act(() =>
      cluster.follow<Pod>(
        (connection) => objectSource(connection, pods, {}),
        crew,
        () => undefined,
        signal,
      ),
    );
  }

  #sink<Item>(cluster: Cluster, rowOf: (item: Item) => Row, objectOf: (item: Item) => KubernetesObject): Sink<Item> {
    const seen = new Set<string>();
    const { model, services, options } = this;
    const wanted = (object: KubernetesObject): boolean =>
      (this.#namespaces.kind !== 'some' || this.#namespaces.includes(object.metadata.namespace ?? '')) &&
      (options.only === undefined || options.only(object));
    // Namespaces begin with one that is none: all of them.
    const everyNamespace = this.isNamespaces
      ? this.#makers.get(cluster)?.row({ metadata: { name: 'all' } }, this.#facts(cluster))
      : undefined;
    return {
      relisting: () => {
        seen.clear();
        if (everyNamespace === undefined) return;
        seen.add(everyNamespace.id);
        model.upsert(everyNamespace);
      },
      set: (item) => {
        if (!wanted(objectOf(item))) return;
        const row = rowOf(item);
        seen.add(row.id);
        model.upsert(row, services.clock.now());
        services.invalidate();
      },
      removed: (item) => {
        model.remove(rowOf(item).id);
        services.invalidate();
      },
      synced: () => {
        model.retain(cluster.identity.context, seen);
        model.synced = true;
        this.#problem = '';
        services.invalidate();
      },
    };
  }

  /** A person who may see one namespace only asks for all of them: show that one, and say so. */
  #refused(cluster: Cluster, error: Error): void {
    const own = cluster.identity.namespace;
    if (this.#namespaces.kind !== 'one' && this.type.namespaced && this.options.clusters.length === 1) {
      this.services.flash('warn', `not allowed in all namespaces: showing ${own}`);
      this.services.useNamespaces({ kind: 'one', name: own });
      this.restart({ kind: 'one', name: own });
      return;
    }
    this.#problem = error.message;
    this.services.invalidate();
  }

  #facts(cluster: Cluster): LiveFacts {
    const facts = this.services.facts(cluster);
    const { forwards, personal } = this.services;
    return {
      thresholds: { cpu: personal.k9s.cpu, memory: personal.k9s.memory },
      usage: (key) => facts.usage(key),
      podsOnNode: (name) => this.#crews.get(cluster)?.on(name),
      namespaceMark: (name) => {
        const inUse = namespaceText(this.services.namespaces()) === name;
        return `${inUse ? '(*)' : ''}${this.services.isFavourite(name) ? '+' : ''}`;
      },
      isForwarded: (key) => forwards.all.some(({ pod, target }) => `${target.namespace}/${pod}` === key),
    };
  }

  /** Columns of usage and forwards are made again when those have changed, and not otherwise. */
  #refreshLive(): void {
    if (this.view?.live !== true) return;
    const { forwards } = this.services;
    const favourites = this.isNamespaces ? namespaceText(this.services.namespaces()) : '';
    const seen = `${favourites} ${forwards.all.map(({ pod }) => pod).join()} ${this.options.clusters.map((one) => `${this.services.facts(one).sampledAt}:${this.#crews.get(one)?.version ?? 0}`).join()}`;
    if (seen === this.#loadSeen) return;
    this.#loadSeen = seen;
    for (const row of [...this.model.rows]) {
      const cluster = this.clusterOf(row);
      this.model.upsert(this.#makers.get(cluster)!.row(row.object, this.#facts(cluster)));
    }
  }

  #title(): string {
    const { of } = this.options;
    const scope = this.type.namespaced ? `(${namespaceText(this.#namespaces)})` : '';
    const from = of === undefined ? '' : ` of ${of}`;
    const filter = this.#filterText === '' ? '' : ` </${this.#filterText}>`;
    const faults = this.model.faultsOnly ? ' <faults>' : '';
    const count =
      this.model.synced || this.model.size > 0 ? `[${this.model.settle(this.services.clock.now()).length}]` : '[…]';
    return `${this.type.plural}${scope}${from}${count}${filter}${faults}`;
  }

  #emptyText(): string {
    const { state, catalog } = this.cluster;
    if (state.kind === 'connected' && !catalog.has(this.type.group, this.type.plural))
      return `this cluster has no ${this.type.plural}`;
    if (this.#problem !== '') return this.#problem;
    if (!this.model.synced) return state.kind === 'lost' ? `waiting for the cluster: ${state.reason}` : 'loading…';
    if (this.model.size > 0) return 'nothing matches the filter: Esc takes it away';
    if (!this.type.namespaced || this.#namespaces.kind === 'all') return `no ${this.type.plural} here`;
    return `no ${this.type.plural} in ${namespaceText(this.#namespaces)}: 0 shows all namespaces`;
  }
}

export const rowName = (row: Row): string => formatKey(row.key);
