import type { Clock } from '@geobuk/client';
import type { KeyMap } from '../actions/key-map.js';
import { actionInfo } from '../actions/action-table.js';
import type { ActionId } from '../actions/action-table.js';
import { keyLabel } from '../actions/key-map.js';
import type { Actions } from '../actions/key-map.js';
import { controllerForMany } from '../cluster/many-listeners.js';
import type { Cluster } from '../cluster/cluster.js';
import type { K9sFiles } from '../config/k9s-files.js';
import type { ClusterSet } from '../cluster/cluster-set.js';
import { namespaceText, parseCommand } from '../command/parse-command.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import { suggest } from '../command/suggest.js';
import type { Suggestion } from '../command/suggest.js';
import type { Page } from '../pages/page.js';
import { HelpPage } from '../pages/help-page.js';
import { Frame } from '../screen/frame.js';
import type { Canvas } from '../screen/frame.js';
import type { Paint } from '../screen/paint.js';
import { Painter } from '../screen/painter.js';
import { formatAge } from '../table/age.js';
import type { KeyPress, MousePress, Terminal } from '../terminal/terminal.js';
import { CommandHistory } from './history.js';
import { DialogStack } from './dialog-stack.js';
import { drawHeader, headerHeight } from './draw-header.js';
import type { HeaderState, Hint } from './draw-header.js';
import { Journal } from './journal.js';
import { ownViews, pageOf } from './navigation.js';
import { PortForwards } from './port-forwards.js';
import { Prompt } from './prompt.js';
import { Tabs } from './tabs.js';
import type { FlashLevel, Language, Outside, Services } from './services.js';

export interface AppDeps {
  readonly terminal: Terminal;
  readonly clusters: ClusterSet;
  readonly clock: Clock;
  readonly keyMap: KeyMap;
  readonly outside: Outside;
  readonly sgr: (paint: Paint) => string;
  readonly language: Language;
  readonly programVersion: string;
  /** The context to begin with. */
  readonly context: string;
  readonly namespaces: NamespaceChoice;
  readonly favourites: readonly string[];
  /** The command run first, such as `pods`. */
  readonly command: string;
  readonly badges: Readonly<Record<string, string>>;
  /** Aliases and hotkeys the person has set for k9s. */
  readonly k9s: K9sFiles;
}

const flashMs = 6_000;
/** Changes of the cluster are painted at most this often; keys at once. */
const frameEveryMs = 50;
const mostFavourites = 9;
/** Narrower screens are not split: neither half could be read. */
const narrowestSplit = 70;

/** The dashboard: pages on stacks, a prompt, dialogs; keys go in, frames come out. */
export class App implements Services {
  readonly clock: Clock;
  readonly keyMap: KeyMap;
  readonly language: Language;
  readonly terminal: Terminal;
  readonly outside: Outside;
  readonly journal = new Journal();
  readonly sorts: Services['sorts'] = new Map();
  readonly forwards: PortForwards;
  readonly dialogs: DialogStack;
  readonly #deps: AppDeps;
  readonly #painter: Painter;
  readonly #tabs: Tabs;
  readonly #history = new CommandHistory();
  readonly #acts = new Set<Promise<void>>();
  readonly #quit = controllerForMany();
  readonly #namespacesOf = new Map<string, NamespaceChoice>();
  #prompt: Prompt | undefined;
  #flash: { readonly level: FlashLevel; readonly text: string; readonly until: number } | undefined;
  #favourites: readonly string[];
  #context: string;
  #showHeader = true;
  #showCrumbs = true;
  #fullScreen = false;
  #timer: Disposable | undefined;
  #timerAt = Infinity;
  #paintedAt = -Infinity;
  #contentTop = 0;

  constructor(deps: AppDeps) {
    this.#deps = deps;
    this.clock = deps.clock;
    this.keyMap = deps.keyMap;
    this.language = deps.language;
    this.outside = deps.outside;
    this.terminal = deps.terminal;
    this.forwards = new PortForwards(() => this.invalidate());
    this.dialogs = new DialogStack({
      changed: () => this.invalidate(),
      // In a context with a badge everything that is confirmed wants the context's name typed.
      wantedText: () => (deps.badges[this.#context] === undefined ? undefined : this.#context),
    });
    this.#tabs = new Tabs({ clock: deps.clock, invalidate: () => this.invalidate() });
    this.#painter = new Painter({ sgr: deps.sgr });
    this.#favourites = deps.favourites;
    this.#context = deps.context;
    this.#namespacesOf.set(deps.context, deps.namespaces);
  }

  /** Runs until the person quits or the signal fires. @returns the exit code. */
  async run(signal: AbortSignal): Promise<number> {
    const { terminal, clusters, command } = this.#deps;
    const stop = (): void => this.#quit.abort(new Error('the dashboard ends'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    terminal.listen({
      key: (press) => this.press(press),
      mouse: (press) => this.#mouse(press),
      resized: () => {
        this.#painter.forget();
        this.paint();
      },
      closed: stop,
    });
    // The first frame stands before anything is asked of the network.
    this.command(command);
    this.paint();
    const running = clusters.run(this.#quit.signal);
    await running;
    this.#tabs[Symbol.dispose]();
    this.dialogs.close();
    await Promise.allSettled(this.#acts);
    this.#timer?.[Symbol.dispose]();
    this.forwards[Symbol.dispose]();
    return 0;
  }

  quit(): void {
    this.#quit.abort(new Error('the dashboard ends'));
  }

  get contexts(): readonly string[] {
    return this.#deps.clusters.contexts.map(({ context }) => context);
  }

  get page(): Page | undefined {
    return this.#tabs.page;
  }

  cluster(context: string): Cluster {
    return this.#deps.clusters.get(context);
  }

  facts(cluster: Cluster): ReturnType<ClusterSet['facts']> {
    return this.#deps.clusters.facts(cluster);
  }

  namespaces(): NamespaceChoice {
    const identity = this.cluster(this.#context).identity;
    return this.#namespacesOf.get(this.#context) ?? { kind: 'one', name: identity.namespace };
  }

  useNamespaces(choice: NamespaceChoice): void {
    this.#namespacesOf.set(this.#context, choice);
    if (choice.kind === 'one' && !this.#favourites.includes(choice.name)) {
      this.#favourites = [choice.name, ...this.#favourites].slice(0, mostFavourites);
    }
    this.invalidate();
  }

  flash(level: FlashLevel, text: string): void {
    this.#flash = { level, text, until: this.clock.now() + flashMs };
    this.invalidate();
  }

  async act(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const done = work(this.#quit.signal).catch((error: unknown) => {
      if (!this.#quit.signal.aborted) this.flash('alert', error instanceof Error ? error.message : String(error));
    });
    this.#acts.add(done);
    await done;
    this.#acts.delete(done);
  }

  open(page: Page): void {
    this.#tabs.push(page);
    this.invalidate();
  }

  back(): void {
    this.#tabs.pop();
    this.#context = this.page?.cluster.identity.context ?? this.#context;
    this.invalidate();
  }

  command(text: string): void {
    this.#run(text, true);
  }

  invalidate(): void {
    this.#schedule(Math.max(0, this.#paintedAt + frameEveryMs - this.clock.now()));
  }

  /** A key, as if pressed. */
  press(press: KeyPress): void {
    if (this.dialogs.isOpen) this.dialogs.key(press);
    else if (this.#prompt !== undefined) this.#prompt.key(press);
    else this.#pressOnPage(press);
    this.#schedule(0);
  }

  /** Draws the whole screen and writes what differs. */
  paint(): void {
    if (this.#quit.signal.aborted) return;
    const now = this.clock.now();
    this.#paintedAt = now;
    const { width, height } = this.#deps.terminal.size;
    const frame = new Frame(width, height);
    this.#draw(frame.canvas(), now);
    const bytes = this.#painter.paint(frame);
    if (bytes !== '') this.#deps.terminal.write(bytes);
    const again = this.#repaintInMs(now);
    if (again !== undefined) this.#schedule(again);
  }

  #schedule(ms: number): void {
    const at = this.clock.now() + ms;
    if (this.#quit.signal.aborted || at >= this.#timerAt) return;
    this.#timer?.[Symbol.dispose]();
    this.#timerAt = at;
    this.#timer = this.clock.timer(ms, () => {
      this.#timerAt = Infinity;
      this.paint();
    });
  }

  #repaintInMs(now: number): number | undefined {
    const page = this.page?.repaintInMs?.(now);
    const flash = this.#flash === undefined ? undefined : Math.max(1, this.#flash.until - now);
    const lost = this.page?.cluster.state.kind === 'lost' ? 1_000 : undefined;
    const all = [page, flash, lost].filter((ms) => ms !== undefined);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  #pressOnPage(press: KeyPress): void {
    const page = this.page;
    if (page?.key?.(press) === true) return;
    const actions = page?.actions() ?? {};
    const act = this.keyMap.find(press.name, actions, this.#globalActions(page));
    const hotkey = this.#deps.k9s.hotkeys.find(({ key }) => key === press.name);
    // A key of our own is never taken away by a hotkey: what it does would no longer be what help says.
    if (act !== undefined) void this.act(async () => act());
    else if (hotkey !== undefined) this.command(hotkey.command);
    else if (/^[0-9]$/.test(press.name)) this.#numberKey(Number(press.name));
  }

  #globalActions(page: Page | undefined): Actions {
    const history = (command: string | undefined): void => {
      if (command !== undefined) this.#run(command, false);
    };
    return {
      command: () => this.#openPrompt('command', ''),
      ...(page?.filter === undefined ? {} : { filter: () => this.#openPrompt('filter', page.filter?.text ?? '') }),
      help: () =>
        this.open(
          new HelpPage(
            {
              cluster: this.cluster(this.#context),
              under: page,
              actions: page?.actions() ?? {},
              run: (id) => this.#runAction(id),
            },
            this,
          ),
        ),
      back: () => {
        if (page?.escape?.() !== true) this.back();
      },
      historyBack: () => history(this.#history.back()),
      historyForward: () => history(this.#history.forward()),
      lastCommand: () => history(this.#history.last()),
      toggleHeader: () => void (this.#showHeader = !this.#showHeader),
      toggleCrumbs: () => void (this.#showCrumbs = !this.#showCrumbs),
      fullScreen: () => void (this.#fullScreen = !this.#fullScreen),
      aliases: () => (page?.crumb === 'aliases' ? this.back() : this.command('aliases')),
      newTab: () => this.#newTab(),
      nextTab: () => this.#tabs.next(),
      closeTab: () => this.#tabs.remove(),
      ...(page?.preview === undefined ? {} : { split: () => this.#tabs.toggleSide() }),
      quit: () => this.quit(),
    };
  }

  #runAction(id: ActionId): void {
    this.back();
    const page = this.page;
    const act = page?.actions()[id] ?? this.#globalActions(page)[id];
    if (act !== undefined) void this.act(async () => act());
  }

  #numberKey(digit: number): void {
    const name = digit === 0 ? 'all' : this.#favouriteList()[digit - 1];
    if (name === undefined) return;
    const choice: NamespaceChoice = name === 'all' ? { kind: 'all' } : { kind: 'one', name };
    this.useNamespaces(choice);
    const page = this.page as (Page & { restart?: (namespaces: NamespaceChoice) => void }) | undefined;
    page?.restart?.(choice);
  }

  /** Favourites first, then what else there is, so that a fresh cluster has number keys too. */
  #favouriteList(): readonly string[] {
    const { namespaces } = this.facts(this.cluster(this.#context));
    const known = this.#favourites.filter((name) => namespaces.length === 0 || namespaces.includes(name));
    return [...known, ...namespaces.filter((name) => !known.includes(name))].slice(0, mostFavourites);
  }

  #newTab(): void {
    const command = this.#history.recent[0] ?? this.#deps.command;
    this.#tabs.add();
    this.#run(command, false);
  }

  #openPrompt(kind: 'command' | 'filter', start: string): void {
    const page = this.page;
    const close = (): void => {
      this.#prompt = undefined;
    };
    const cluster = this.cluster(this.#context);
    if (kind === 'command')
      void this.act((signal) => cluster.discover(signal, 30_000).catch((error: unknown) => cluster.lost(error)));
    this.#prompt = new Prompt({
      kind,
      start,
      suggest: (text) => (kind === 'command' ? this.#suggest(text, page) : []),
      isExact: (text) => this.#isExact(text),
      changed: kind === 'filter' ? (text) => page?.filter?.set(text) : undefined,
      problem: () => (kind === 'filter' ? page?.filter?.problem : undefined),
      cancelled: () => {
        if (kind === 'filter') page?.filter?.set(start);
        close();
      },
      done: (text, suggestion) => {
        close();
        if (kind === 'filter') page?.filter?.set(text);
        else if (suggestion?.kind === 'action') this.#runLabel(suggestion.command);
        else if (text.trim() !== '') this.command(text.trim());
      },
    });
  }

  #suggest(text: string, page: Page | undefined): readonly Suggestion[] {
    const cluster = this.cluster(this.#context);
    return suggest(text, {
      catalog: cluster.catalog,
      namespaces: this.facts(cluster).namespaces,
      contexts: this.contexts,
      views: ownViews,
      actions: this.#hints(page).map(({ key, label }) => ({ key, label })),
      history: this.#history.recent,
    });
  }

  #runLabel(label: string): void {
    const actions = { ...this.#globalActions(this.page), ...this.page?.actions() };
    const id = (Object.keys(actions) as ActionId[]).find((one) => actionInfo(one)[this.language] === label);
    const act = id === undefined ? undefined : actions[id];
    if (act !== undefined) void this.act(async () => act());
  }

  /** A person's own alias in place of its name; what follows it stays. */
  #expanded(text: string): string {
    const [name = '', ...rest] = text.trim().split(' ');
    const meant = this.#deps.k9s.aliases[name.toLowerCase()];
    return meant === undefined ? text : [meant, ...rest].join(' ');
  }

  #isExact(text: string): boolean {
    const name = parseCommand(this.#expanded(text))?.name ?? '';
    return (
      ['q', 'q!', 'qa', 'quit', 'exit', 'can'].includes(name) ||
      ownViews.some((view) => view.name === name || view.aliases.includes(name)) ||
      this.cluster(this.#context).catalog.find(name) !== undefined
    );
  }

  #run(text: string, remember: boolean): void {
    const command = parseCommand(this.#expanded(text));
    if (command === undefined) return;
    if (['q', 'q!', 'qa', 'quit', 'exit'].includes(command.name)) {
      this.quit();
      return;
    }
    const unknown = command.contexts.find((context) => !this.#deps.clusters.has(context));
    if (unknown !== undefined) {
      this.flash('alert', `no context ${unknown}`);
      return;
    }
    const switched = /^(ctx|contexts?)$/.test(command.name) ? command.args[0] : undefined;
    const context = switched ?? command.contexts[0];
    if (context !== undefined && !this.#deps.clusters.has(context)) {
      this.flash('alert', `no context ${context}`);
      return;
    }
    this.#context = context ?? this.#context;
    const clusters = (command.contexts.length > 1 ? command.contexts : [this.#context]).map((name) =>
      this.cluster(name),
    );
    const page = pageOf(switched === undefined ? command : { name: 'pods', args: [], contexts: [] }, clusters, this);
    if (page === undefined) {
      this.flash('alert', `no resource or view is called ${command.name}; : and some letters show what there is`);
      return;
    }
    if (remember) this.#history.push(text);
    this.#tabs.clear();
    this.open(page);
  }

  #mouse(press: MousePress): void {
    if (this.dialogs.isOpen || this.#prompt !== undefined) return;
    this.page?.mouse?.({ ...press, x: press.x, y: press.y - this.#contentTop });
    this.#schedule(0);
  }

  #draw(canvas: Canvas, now: number): void {
    const { page } = this;
    const header = this.#showHeader && !this.#fullScreen ? headerHeight(canvas.height) : 0;
    const prompt = this.#prompt === undefined ? 0 : Math.min(this.#prompt.height, Math.floor(canvas.height / 2));
    const crumbs = this.#showCrumbs && !this.#fullScreen ? 1 : 0;
    this.#contentTop = header + prompt;
    // The page first: what it finds to show decides which keys the header names.
    this.#drawContent(canvas.region(0, header + prompt, canvas.width, canvas.height - header - prompt - crumbs), now);
    if (header > 0) drawHeader(canvas.region(0, 0, canvas.width, header), this.#header(page, now));
    this.#prompt?.draw(canvas.region(0, header, canvas.width, prompt));
    const bottom = canvas.region(0, canvas.height - 1, canvas.width, 1);
    if (crumbs > 0) this.#drawCrumbs(bottom);
    this.#drawFlash(bottom, now);
    this.dialogs.draw(canvas, this.#deps.badges[this.#context]);
  }

  /** The page, and beside it what its cursor rests on when the screen is split and wide enough. */
  #drawContent(canvas: Canvas, now: number): void {
    const { page } = this;
    const { side } = this.#tabs;
    if (side === undefined || page?.preview === undefined || canvas.width < narrowestSplit) {
      page?.draw(canvas, now);
      return;
    }
    const left = Math.floor(canvas.width * 0.55);
    page.draw(canvas.region(0, 0, left, canvas.height), now);
    side.show(page.preview());
    side.draw(canvas.region(left, 0, canvas.width - left, canvas.height));
  }

  #drawCrumbs(canvas: Canvas): void {
    let x = 0;
    const { count, index: seen, crumbs } = this.#tabs;
    if (count > 1) x = canvas.text(x, 0, ` ${seen + 1}/${count} `, 'badge') + 1;
    crumbs.forEach((crumb, index) => {
      x = canvas.text(x, 0, ` <${crumb}> `, index === crumbs.length - 1 ? 'crumbActive' : 'crumb') + 1;
    });
  }

  #drawFlash(canvas: Canvas, now: number): void {
    const flash = this.#flash;
    if (flash === undefined) return;
    if (now >= flash.until) {
      this.#flash = undefined;
      return;
    }
    const sign = { info: '✓', warn: '!', alert: '✖' }[flash.level];
    const text = ` ${sign} ${flash.text.replaceAll('\n', ' ')} `;
    canvas.fill(' ');
    canvas.text(0, 0, text, flash.level);
  }

  #header(page: Page | undefined, now: number): HeaderState {
    const cluster = page?.cluster ?? this.cluster(this.#context);
    const { state, identity } = cluster;
    const link: HeaderState['link'] =
      state.kind === 'connected'
        ? { text: '● connected', paint: 'diffAdd' }
        : state.kind === 'connecting'
          ? { text: `◐ connecting to ${identity.server}`, paint: 'pending' }
          : { text: `✖ out of reach for ${formatAge(now - state.since)}: ${state.reason}`, paint: 'alert' };
    return {
      context: identity.context,
      cluster: identity.cluster,
      user: identity.user,
      programVersion: this.#deps.programVersion,
      clusterVersion: cluster.version,
      readOnly: cluster.readOnly,
      badge: this.#deps.badges[identity.context],
      load: this.facts(cluster).load,
      link,
      namespaces: [
        { key: '0', label: 'all' },
        ...this.#favouriteList().map((label, index) => ({ key: String(index + 1), label })),
      ],
      activeNamespace: namespaceText(this.namespaces()),
      hints: this.#hints(page),
    };
  }

  #hints(page: Page | undefined): readonly Hint[] {
    const ids = [
      ...Object.keys(page?.actions() ?? {}),
      'command',
      ...(page?.filter === undefined ? [] : ['filter']),
      'help',
    ] as ActionId[];
    return [...new Set(ids)].flatMap((id) => {
      const info = actionInfo(id);
      const key = this.keyMap.keysOf(id)[0];
      return info.quiet === true || key === undefined ? [] : [{ key: keyLabel(key), label: info[this.language] }];
    });
  }
}
