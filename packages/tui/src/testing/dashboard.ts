import { systemClock } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import { KeyMap } from '../actions/key-map.js';
import { App } from '../app/app.js';
import type { AppDeps } from '../app/app.js';
import type { Outside, ProgramCall } from '../app/services.js';
import { ClusterSet } from '../cluster/cluster-set.js';
import { Memory } from '../config/memory.js';
import type { ContextPersonal, Personal } from '../config/personal.js';
import { personalOf } from '../config/personal.js';
import type { Connection } from '../cluster/connection.js';
import { parseNamespaces } from '../command/parse-command.js';
import type { ColorDepth } from '../theme/sgr.js';
import { FakeConnection } from './fake-connection.js';
import { HeadlessTerminal } from './headless-terminal.js';
import { recordedAt, recordedFleet, recordedLogs, recordedLoops } from './recorded-fleet.js';

export interface DashboardOptions extends Partial<Pick<AppDeps, 'language' | 'keyMap' | 'memory' | 'kubeconfig'>> {
  readonly connection?: FakeConnection | undefined;
  /** Absent: pods; '': what was shown last. */
  readonly command?: string | undefined;
  readonly others?: Readonly<Record<string, Connection | 'unreachable'>> | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly namespace?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly unreachable?: boolean | undefined;
  readonly colorDepth?: ColorDepth | undefined;
  /** What the person has set, for every context. */
  readonly personal?: Partial<Personal> & { readonly context?: Partial<ContextPersonal> };
  readonly badges?: Readonly<Record<string, string>> | undefined;
  /** What programs say when they are run; they are kept in {@link Dashboard.ran}. */
  readonly programOutput?: string | undefined;
  /** What the editor makes of a text. */
  readonly edit?: ((text: string) => string) | undefined;
  readonly clock?: Clock | undefined;
}

const patienceMs = 8_000;
const lookEveryMs = 15;

/** A dashboard on a recorded cluster in a headless terminal, to press keys on and to read from. */
export class Dashboard implements AsyncDisposable {
  readonly terminal: HeadlessTerminal;
  readonly connection: FakeConnection;
  readonly app: App;
  readonly saved: string[] = [];
  readonly ran: ProgramCall[] = [];
  readonly editedFiles: string[] = [];
  readonly #stop = new AbortController();
  readonly #running: Promise<number>;

  constructor(options: DashboardOptions = {}) {
    const { width = 80, height = 24, unreachable = false, others = {}, edit = (text) => text } = options;
    // Time stands still for what is shown; timers run.
    const clock = options.clock ?? { ...systemClock, now: () => recordedAt };
    this.terminal = new HeadlessTerminal(width, height);
    this.connection =
      options.connection ??
      new FakeConnection({ objects: recordedFleet, loops: recordedLoops, logs: recordedLogs, clock });
    const identity = (context: string) => ({
      context,
      cluster: context,
      user: 'admin',
      server: 'https://127.0.0.1:6443',
      namespace: 'default',
    });
    const never = (signal: AbortSignal): Promise<Connection> =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    const clusters: ClusterSet = new ClusterSet({
      contexts: [identity('geobuk'), ...Object.keys(others).map(identity)],
      connect: ({ context }, signal) => {
        const other = others[context];
        if (context === 'geobuk') return unreachable ? never(signal) : Promise.resolve(this.connection);
        return other === undefined || other === 'unreachable' ? never(signal) : Promise.resolve(other);
      },
      clock,
      random: () => 0.5,
      readOnly: () => options.readOnly ?? false,
      changed: () => this.app.invalidate(),
    });
    const outside: Outside = {
      editText: (text) => Promise.resolve(edit(text)),
      saveText: (name, text) => {
        this.saved.push(text);
        return Promise.resolve(`dumps/${name}`);
      },
      editFile: (path) => {
        this.editedFiles.push(path);
        return Promise.resolve();
      },
      runInFront: (call) => {
        this.ran.push(call);
        return Promise.resolve(0);
      },
      runBehind: (call) => {
        this.ran.push(call);
        return Promise.resolve({ code: 0, output: options.programOutput ?? '' });
      },
      dumpDirectory: 'dumps',
      kubeconfigPath: '/home/me/.kube/config',
    };
    const personal = personalOf(options.personal);
    const badged = (context: string): ContextPersonal => ({
      ...personal.of(context),
      ...(options.badges?.[context] === undefined ? {} : { badge: options.badges[context] }),
    });
    this.app = new App({
      terminal: this.terminal,
      clusters,
      clock,
      keyMap: options.keyMap ?? new KeyMap(),
      outside,
      colorDepth: options.colorDepth ?? '256',
      language: options.language ?? 'en',
      programVersion: '0.1.0',
      context: 'geobuk',
      ...('namespace' in options && options.namespace === undefined
        ? {}
        : { namespaces: parseNamespaces(options.namespace ?? 'default') }),
      favourites: ['default'],
      command: options.command === '' ? undefined : (options.command ?? 'pods'),
      personal: options.badges === undefined ? personal : { ...personal, of: badged },
      memory: options.memory ?? new Memory({ clock, failed: () => undefined }),
      kubeconfig: options.kubeconfig,
    });
    this.#running = this.app.run(this.#stop.signal);
  }

  press(...names: readonly string[]): void {
    for (const name of names) this.terminal.press(name);
  }

  /** Opens the prompt, types a command, and runs it. */
  command(text: string): void {
    this.press(':');
    this.terminal.type(text);
    this.press('enter');
  }

  filter(text: string): void {
    this.press('/');
    this.terminal.type(text);
    this.press('enter');
  }

  /** The screen now, painted. */
  async screen(): Promise<string> {
    this.app.paint();
    return (await this.terminal.lines()).join('\n');
  }

  /** The screen, once it shows something. @throws {Error} with the screen, when it never does. */
  async shows(what: string | RegExp): Promise<string> {
    return this.#until(
      (screen) => (typeof what === 'string' ? screen.includes(what) : what.test(screen)),
      String(what),
    );
  }

  async hides(what: string): Promise<string> {
    return this.#until((screen) => !screen.includes(what), `no ${what}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the test is over'));
    await this.#running;
    this.terminal[Symbol.dispose]();
  }

  async #until(holds: (screen: string) => boolean, what: string): Promise<string> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const screen = await this.screen();
      if (holds(screen)) return screen;
      if (Date.now() > deadline) throw new Error(`the screen never showed ${what}:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  }
}
