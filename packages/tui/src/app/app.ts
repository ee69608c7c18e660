import type { Clock } from '@geobuk/client';
import type { KeyMap } from '../actions/key-map.js';
import { actionInfo } from '../actions/action-table.js';
import type { ActionId } from '../actions/action-table.js';
import { keyLabel } from '../actions/key-map.js';
import { pluginsAt, runPlugin } from '../actions/run-plugin.js';
import { controllerForMany } from '../cluster/many-listeners.js';
import type { Cluster } from '../cluster/cluster.js';
import type { ClusterSet } from '../cluster/cluster-set.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import type { Hotkey } from '../config/aliases.js';
import type { Memory } from '../config/memory.js';
import type { Personal } from '../config/personal.js';
import type { Plugin } from '../config/plugins.js';
import type { OwnKey } from '../pages/help-page.js';
import type { Page } from '../pages/page.js';
import type { KeyPress, MousePress, Terminal } from '../terminal/terminal.js';
import type { ColorDepth } from '../theme/sgr.js';
import { Commands } from './commands.js';
import { CommandHistory } from './history.js';
import { DialogStack } from './dialog-stack.js';
import type { Hint } from './draw-header.js';
import { globalActions } from './global-actions.js';
import { hintsOf } from './header-state.js';
import { Journal } from './journal.js';
import { NamespaceChoices } from './namespace-choices.js';
import { PortForwards } from './port-forwards.js';
import { Prompts } from './prompts.js';
import { Screen } from './screen.js';
import { Tabs } from './tabs.js';
import type { FlashLevel, KubeconfigEditor, Language, Outside, Services } from './services.js';

export interface AppDeps {
  readonly terminal: Terminal;
  readonly clusters: ClusterSet;
  readonly clock: Clock;
  readonly keyMap: KeyMap;
  readonly outside: Outside;
  readonly colorDepth: ColorDepth;
  readonly language: Language;
  readonly programVersion: string;
  /** The context to begin with. */
  readonly context: string;
  /** Absent: those of last time. */
  readonly namespaces?: NamespaceChoice | undefined;
  readonly favourites?: readonly string[] | undefined;
  /** The command run first, such as `pods`; absent: what was shown last. */
  readonly command?: string | undefined;
  readonly personal: Personal;
  /** Reads the settings again; absent: they come from nowhere. */
  readonly readPersonal?: (() => Promise<Personal>) | undefined;
  readonly memory: Memory;
  readonly kubeconfig?: KubeconfigEditor | undefined;
}

/** Changes of the cluster are painted at most this often; keys at once. */
const frameEveryMs = 50;

/** The dashboard: pages on stacks, a prompt, dialogs; keys go in, frames come out. */
export class App implements Services {
  readonly clock: Clock;
  readonly keyMap: KeyMap;
  readonly language: Language;
  readonly terminal: Terminal;
  readonly outside: Outside;
  readonly journal = new Journal();
  readonly memory: Memory;
  readonly kubeconfig: KubeconfigEditor | undefined;
  readonly forwards: PortForwards;
  readonly dialogs: DialogStack;
  readonly #deps: AppDeps;
  readonly #screen: Screen;
  readonly #tabs: Tabs;
  readonly #commands: Commands;
  readonly #prompts: Prompts;
  readonly #choices: NamespaceChoices;
  readonly #history = new CommandHistory();
  readonly #acts = new Set<Promise<void>>();
  readonly #quit = controllerForMany();
  #personal: Personal;
  #context: string;
  #timer: Disposable | undefined;
  #timerAt = Infinity;
  #paintedAt = -Infinity;

  constructor(deps: AppDeps) {
    this.#deps = deps;
    this.clock = deps.clock;
    this.keyMap = deps.keyMap;
    this.language = deps.language;
    this.outside = deps.outside;
    this.terminal = deps.terminal;
    this.memory = deps.memory;
    this.kubeconfig = deps.kubeconfig;
    this.#personal = deps.personal;
    this.#context = deps.context;
    const personal = (): Personal => this.#personal;
    this.forwards = new PortForwards(() => this.invalidate());
    this.dialogs = new DialogStack({
      changed: () => this.invalidate(),
      // In a context with a badge everything that is confirmed wants the context's name typed.
      wantedText: () => (personal().of(this.#context).badge === undefined ? undefined : this.#context),
    });
    this.#tabs = new Tabs({ clock: deps.clock, invalidate: () => this.invalidate() });
    this.#choices = new NamespaceChoices({
      personal,
      memory: deps.memory,
      usual: (context) => this.cluster(context).identity.namespace,
    });
    this.#choices.begin(deps.context, deps.namespaces, deps.favourites);
    this.#commands = new Commands({
      clusters: deps.clusters,
      services: this,
      history: this.#history,
      enter: (context) => {
        this.#context = context;
      },
      show: (page, onTop) => {
        if (!onTop) this.#tabs.clear();
        this.open(page);
      },
      quit: () => this.quit(),
      reload: () => void this.act(() => this.#reload()),
    });
    this.#prompts = new Prompts({
      services: this,
      commands: this.#commands,
      page: () => this.page,
      actions: () => this.#hints(),
      runAction: (label) => this.#runLabel(label),
    });
    this.#screen = new Screen({
      services: this,
      terminal: deps.terminal,
      colorDepth: deps.colorDepth,
      programVersion: deps.programVersion,
      tabs: this.#tabs,
      prompts: this.#prompts,
      dialogs: this.dialogs,
      hints: () => this.#hints(),
      numbered: () => this.#numbered(),
    });
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
        this.#screen.forget();
        this.paint();
      },
      closed: stop,
    });
    // The first frame stands before anything is asked of the network.
    this.#commands.run(command ?? this.#firstCommand(), { remember: true });
    if (this.page === undefined) this.command('pods');
    this.paint();
    await clusters.run(this.#quit.signal);
    this.#tabs[Symbol.dispose]();
    this.dialogs.close();
    await Promise.allSettled(this.#acts);
    this.#timer?.[Symbol.dispose]();
    this.forwards[Symbol.dispose]();
    await this.memory[Symbol.asyncDispose]();
    return 0;
  }

  quit(): void {
    this.#quit.abort(new Error('the dashboard ends'));
  }

  get contexts(): readonly string[] {
    return this.#deps.clusters.contexts.map(({ context }) => context);
  }

  get context(): string {
    return this.#context;
  }

  get personal(): Personal {
    return this.#personal;
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
    return this.#choices.of(this.#context);
  }

  useNamespaces(choice: NamespaceChoice): void {
    this.#choices.use(this.#context, choice);
    this.invalidate();
  }

  isFavourite(namespace: string): boolean {
    return this.#choices.isFavourite(this.#context, namespace);
  }

  flash(level: FlashLevel, text: string): void {
    this.#screen.flash(level, text);
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
    this.#turned();
  }

  command(text: string): void {
    this.#commands.run(text, { remember: true });
  }

  drillDown(text: string): void {
    this.#commands.run(text, { remember: false, onTop: true });
  }

  invalidate(): void {
    this.#schedule(Math.max(0, this.#paintedAt + frameEveryMs - this.clock.now()));
  }

  /** A key, as if pressed. */
  press(press: KeyPress): void {
    if (this.dialogs.isOpen) this.dialogs.key(press);
    else if (this.#prompts.isOpen) this.#prompts.key(press);
    else this.#pressOnPage(press);
    this.#schedule(0);
  }

  /** Draws the whole screen and writes what differs. */
  paint(): void {
    if (this.#quit.signal.aborted) return;
    const now = this.clock.now();
    this.#paintedAt = now;
    const again = this.#screen.paint(now);
    if (again !== undefined) this.#schedule(again);
  }

  /** Another page is seen: what is typed next is about its context. */
  #turned(): void {
    this.#context = this.page?.cluster.identity.context ?? this.#context;
    this.invalidate();
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

  /** What was shown last in this context, here or in k9s; else the view k9s is told to begin with. */
  #firstCommand(): string {
    const { k9s } = this.#personal;
    return this.memory.of(this.#context).view ?? this.#personal.of(this.#context).view ?? k9s.defaultView ?? 'pods';
  }

  async #reload(): Promise<void> {
    const { readPersonal } = this.#deps;
    if (readPersonal === undefined) return;
    this.#personal = await readPersonal();
    this.#screen.forget();
    const [problem] = this.#personal.problems;
    if (problem === undefined) this.flash('info', 'settings read again');
    else this.flash('warn', problem);
  }

  /**
   * Whose key it is: the page's own letters, what is told to go before actions, actions, plugins, hotkeys, digits. A
   * plugin or hotkey takes a key away from an action only if it says so: else help would no longer tell the truth.
   */
  #pressOnPage(press: KeyPress): void {
    const page = this.page;
    if (page?.key?.(press) === true) return;
    const plugin = this.#plugins().find(({ key }) => key === press.name);
    const hotkey = this.#personal.of(this.#context).hotkeys.find(({ key }) => key === press.name);
    const act = this.keyMap.find(press.name, page?.actions() ?? {}, this.#global());
    if (plugin?.override === true) this.#runPlugin(plugin);
    else if (hotkey?.override === true) this.#runHotkey(hotkey);
    else if (act !== undefined) void this.act(async () => act());
    else if (plugin !== undefined) this.#runPlugin(plugin);
    else if (hotkey !== undefined) this.#runHotkey(hotkey);
    else if (/^[0-9]$/.test(press.name)) this.#numberKey(Number(press.name));
  }

  #plugins(): readonly Plugin[] {
    const { page } = this;
    return page === undefined ? [] : pluginsAt(this, page.cluster, page.plugPoint?.());
  }

  #runPlugin(plugin: Plugin): void {
    const { page } = this;
    const point = page?.plugPoint?.();
    if (page !== undefined && point !== undefined) void this.act(() => runPlugin(this, page.cluster, plugin, point));
  }

  #ownKeys(): readonly OwnKey[] {
    const plugins = this.#plugins().map((plugin): OwnKey => {
      const { key, description: label } = plugin;
      return { key, label, kind: 'plugin', run: () => this.#runPlugin(plugin) };
    });
    const hotkeys = this.#personal.of(this.#context).hotkeys.map((hotkey): OwnKey => {
      const { key, description: label } = hotkey;
      return { key, label, kind: 'hotkey', run: () => this.#runHotkey(hotkey) };
    });
    return [...plugins, ...hotkeys];
  }

  #runHotkey({ command, keepHistory }: Hotkey): void {
    if (keepHistory) this.drillDown(command);
    else this.command(command);
  }

  #global(): ReturnType<typeof globalActions> {
    const { page } = this;
    return globalActions({
      services: this,
      page,
      screen: this.#screen,
      tabs: this.#tabs,
      prompts: this.#prompts,
      history: this.#history,
      recall: (command) => this.#commands.run(command, { remember: false }),
      runAction: (id) => this.#runAction(id),
      ownKeys: () => this.#ownKeys(),
      newTab: () => this.#newTab(),
      turned: () => this.#turned(),
      quit: () => this.quit(),
    });
  }

  /** Closes the help and does it on the page below. */
  #runAction(id: ActionId): void {
    this.back();
    const act = this.page?.actions()[id] ?? this.#global()[id];
    if (act !== undefined) void this.act(async () => act());
  }

  #runLabel(label: string): void {
    const actions = { ...this.#global(), ...this.page?.actions() };
    const id = (Object.keys(actions) as ActionId[]).find((one) => actionInfo(one)[this.language] === label);
    const act = id === undefined ? undefined : actions[id];
    const plugin = this.#plugins().find(({ description }) => description === label);
    if (act !== undefined) void this.act(async () => act());
    else if (plugin !== undefined) this.#runPlugin(plugin);
  }

  #numberKey(digit: number): void {
    const name = digit === 0 ? 'all' : this.#numbered()[digit - 1];
    if (name === undefined) return;
    const choice: NamespaceChoice = name === 'all' ? { kind: 'all' } : { kind: 'one', name };
    this.useNamespaces(choice);
    this.page?.restart?.(choice);
  }

  #numbered(): readonly string[] {
    return this.#choices.numbered(this.#context, this.facts(this.cluster(this.#context)).namespaces);
  }

  #newTab(): void {
    const command = this.#history.recent[0] ?? 'pods';
    this.#tabs.add();
    this.#commands.run(command, { remember: false });
  }

  #mouse(press: MousePress): void {
    if (this.dialogs.isOpen || this.#prompts.isOpen) return;
    this.page?.mouse?.({ ...press, y: press.y - this.#screen.contentTop });
    this.#schedule(0);
  }

  #hints(): readonly Hint[] {
    const plugins = this.#plugins().map(({ key, description }) => ({ key: keyLabel(key), label: description }));
    return hintsOf(this, this.page, plugins);
  }
}
