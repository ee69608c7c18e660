import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Clock } from '@geobuk/client';
import type { Language } from './app/services.js';
import { drawHeader, headerHeight } from './app/draw-header.js';
import type { SettingsPlaces } from './config/personal.js';
import { Frame } from './screen/frame.js';
import { Painter } from './screen/painter.js';
import { BlessedTerminal } from './terminal/blessed-terminal.js';
import type { Terminal } from './terminal/terminal.js';
import { colorDepthOf, sgrTable } from './theme/sgr.js';
import type { ColorDepth } from './theme/sgr.js';
import { turtleShip } from './theme/theme.js';

/** What the dashboard takes from the environment, where nobody says otherwise. */
export interface TuiEnvironment {
  readonly NO_COLOR?: string | undefined;
  readonly COLORTERM?: string | undefined;
  readonly TERM?: string | undefined;
  readonly LC_ALL?: string | undefined;
  readonly LANG?: string | undefined;
  readonly KUBE_EDITOR?: string | undefined;
  readonly EDITOR?: string | undefined;
  readonly K9S_CONFIG_DIR?: string | undefined;
  readonly K9S_EDITOR?: string | undefined;
  readonly K9S_SKIN?: string | undefined;
  readonly GEOBUK_TUI_CONFIG?: string | undefined;
  readonly XDG_CONFIG_HOME?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
  readonly XDG_STATE_HOME?: string | undefined;
  readonly HOME?: string | undefined;
}

/** Everything the dashboard is told from outside. */
export interface TuiConfig {
  /** One kubeconfig file, or several, merged as kubectl does. */
  readonly kubeconfig: string | readonly string[];
  /** The context to begin with; absent: the current one. */
  readonly context?: string | undefined;
  /** A namespace, several (`a,b,!kube-*`) or `all`; absent: that of the context. */
  readonly namespace?: string | undefined;
  /** The command to begin with, such as `pods`, `fleet` or `deployments kube-system`; absent: `pods`. */
  readonly view?: string | undefined;
  /** True refuses every write, below all keys; false allows them whatever settings say; absent: as settings say. */
  readonly readonly?: boolean | undefined;
  /** Absent: Korean where LANG says so, else English. */
  readonly language?: Language | undefined;
  /** Absent: what NO_COLOR, COLORTERM and TERM say. */
  readonly colorDepth?: ColorDepth | undefined;
  /** Clicks and wheel; absent: on. Shift-drag still selects text. */
  readonly mouse?: boolean | undefined;
  /** The person's editor as an argument array; absent: KUBE_EDITOR, EDITOR, `vi`. */
  readonly editor?: readonly string[] | undefined;
  /** Where `^s` saves to; absent: the working directory. */
  readonly dumpDirectory?: string | undefined;
  readonly programVersion?: string | undefined;
  /** Own keys by action id; an empty list takes an action its keys. */
  readonly keys?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly favourites?: readonly string[] | undefined;
  /** Parts of the screen to leave out, whatever settings say. */
  readonly without?:
    | {
        readonly header?: boolean | undefined;
        readonly logo?: boolean | undefined;
        readonly crumbs?: boolean | undefined;
      }
    | undefined;
  /** Where settings are read; absent: tui.yaml below the user's configuration, and where k9s looks. */
  readonly places?: SettingsPlaces | undefined;
  /** Where what should outlive a run is kept; absent: below the user's state. */
  readonly memoryPath?: string | undefined;
  readonly stdin?: NodeJS.ReadStream | undefined;
  readonly stdout?: NodeJS.WriteStream | undefined;
  readonly environment?: TuiEnvironment | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A configuration with nothing about the terminal left open. */
export interface TuiSettings extends Omit<
  TuiConfig,
  | 'stdin'
  | 'stdout'
  | 'environment'
  | 'colorDepth'
  | 'language'
  | 'editor'
  | 'programVersion'
  | 'dumpDirectory'
  | 'places'
> {
  readonly colorDepth: ColorDepth;
  readonly language: Language;
  readonly editor: readonly string[];
  readonly programVersion: string;
  readonly dumpDirectory: string;
  readonly places: SettingsPlaces;
}

/**
 * Runs the terminal dashboard until the person quits. A frame stands on the screen before the client, let alone the
 * network, is even loaded; keys pressed meanwhile wait. No state of a cluster ends the program.
 * @returns the exit code. @throws {ConfigError} a kubeconfig that cannot be used.
 */
export function runTui(config: TuiConfig): Promise<number> {
  return inTerminal(config, async (settings, terminal) => {
    const { runOnKubeconfig } = await import('./dashboard.js');
    return runOnKubeconfig(settings, terminal);
  });
}

/** Opens the terminal, paints the first frame, and hands both over to what takes longer to load. */
export async function inTerminal(
  config: Omit<TuiConfig, 'kubeconfig'> & Partial<Pick<TuiConfig, 'kubeconfig'>>,
  run: (settings: TuiSettings, terminal: Terminal) => Promise<number>,
): Promise<number> {
  const { stdin = process.stdin, stdout = process.stdout } = config;
  // The one place below the command line that looks at the environment: a terminal is described nowhere else.
  const environment: TuiEnvironment = config.environment ?? process.env;
  const settings: TuiSettings = {
    ...config,
    kubeconfig: config.kubeconfig ?? [],
    colorDepth: config.colorDepth ?? colorDepthOf(environment),
    language: config.language ?? languageOf(environment),
    editor: config.editor ?? editorOf(environment),
    programVersion: config.programVersion ?? packageVersion(),
    dumpDirectory: config.dumpDirectory ?? '.',
    places: config.places ?? settingsPlaces(environment),
    memoryPath: config.memoryPath ?? stateFile(environment),
  };
  using terminal = new BlessedTerminal({ input: stdin, output: stdout, mouse: config.mouse ?? true });
  using ending = endOnSignals(config.signal);
  paintStart(terminal, settings);
  return await run({ ...settings, signal: ending.signal }, terminal);
}

/**
 * A hang-up or SIGTERM ends the dashboard in order: what was made for its sake, such as the pod of a node shell, is
 * taken away. A second one ends it at once.
 */
function endOnSignals(given: AbortSignal | undefined): Disposable & { readonly signal: AbortSignal } {
  const over = new AbortController();
  const names = ['SIGHUP', 'SIGTERM'] as const;
  const follow = (): void => over.abort(given?.reason);
  const end = (): void => {
    stopListening();
    over.abort(new Error('the terminal is gone'));
  };
  const stopListening = (): void => {
    for (const name of names) process.off(name, end);
    given?.removeEventListener('abort', follow);
  };
  for (const name of names) process.on(name, end);
  given?.addEventListener('abort', follow, { once: true });
  if (given?.aborted === true) follow();
  return { signal: over.signal, [Symbol.dispose]: stopListening };
}

function paintStart(terminal: Terminal, settings: TuiSettings): void {
  const { width, height } = terminal.size;
  const frame = new Frame(width, height);
  const canvas = frame.canvas();
  const header = headerHeight(height);
  drawHeader(canvas.region(0, 0, width, header), {
    context: settings.context ?? '…',
    cluster: '…',
    user: '…',
    programVersion: settings.programVersion,
    clusterVersion: '',
    readOnly: settings.readonly ?? false,
    link: { text: '◐ starting', paint: 'pending' },
    namespaces: [],
    activeNamespace: '',
    hints: [],
  });
  canvas.region(0, header, width, height - header - 1).box(settings.view ?? 'pods');
  terminal.write(new Painter({ sgr: sgrTable(turtleShip, settings.colorDepth) }).paint(frame));
}

/** A folder of the person's; undefined where there is no home. Follows: the XDG base directories. */
const below = (base: string | undefined, HOME: string | undefined, usual: string): string | undefined =>
  base !== undefined && base !== '' ? base : HOME === undefined ? undefined : join(HOME, usual);

/** Follows: k9s: all in K9S_CONFIG_DIR, else settings and plugins below the configuration, contexts below the data. */
export function settingsPlaces(environment: TuiEnvironment): SettingsPlaces {
  const { K9S_CONFIG_DIR, K9S_SKIN, GEOBUK_TUI_CONFIG, XDG_CONFIG_HOME, XDG_DATA_HOME, HOME } = environment;
  const configHome = below(XDG_CONFIG_HOME, HOME, '.config');
  const dataHome = below(XDG_DATA_HOME, HOME, '.local/share');
  const own = GEOBUK_TUI_CONFIG ?? (configHome === undefined ? undefined : join(configHome, 'geobuk', 'tui.yaml'));
  const skin = K9S_SKIN === '' ? undefined : K9S_SKIN;
  if (K9S_CONFIG_DIR !== undefined && K9S_CONFIG_DIR !== '')
    return { own, skin, k9s: K9S_CONFIG_DIR, k9sContexts: join(K9S_CONFIG_DIR, 'clusters'), plugins: [] };
  const k9s = configHome === undefined ? undefined : join(configHome, 'k9s');
  const data = dataHome === undefined ? undefined : join(dataHome, 'k9s');
  return {
    own,
    skin,
    k9s,
    k9sContexts: data === undefined ? undefined : join(data, 'clusters'),
    plugins: [data, k9s].flatMap((folder) => (folder === undefined ? [] : [join(folder, 'plugins')])),
  };
}

function stateFile({ XDG_STATE_HOME, HOME }: TuiEnvironment): string | undefined {
  const folder = below(XDG_STATE_HOME, HOME, '.local/state');
  return folder === undefined ? undefined : join(folder, 'geobuk', 'tui.json');
}

/** Follows: POSIX locale names, such as `ko_KR.UTF-8`. */
const languageOf = ({ LC_ALL, LANG }: TuiEnvironment): Language =>
  (LC_ALL ?? LANG ?? '').startsWith('ko') ? 'ko' : 'en';

/** Follows: k9s and kubectl edit. Words are arguments; no shell reads them. */
const editorOf = ({ K9S_EDITOR, KUBE_EDITOR, EDITOR }: TuiEnvironment): readonly string[] =>
  (K9S_EDITOR ?? KUBE_EDITOR ?? EDITOR ?? 'vi').split(' ').filter((word) => word !== '');

const packageVersion = (): string =>
  (createRequire(import.meta.url)('../package.json') as { readonly version: string }).version;
