import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Clock } from '@geobuk/client';
import type { Language } from './app/services.js';
import { drawHeader, headerHeight } from './app/draw-header.js';
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
  readonly XDG_CONFIG_HOME?: string | undefined;
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
  /** Refuses every write, below all keys. */
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
  /** A word shown in red for a context, such as `PROD`; confirmations there want the context's name typed. */
  readonly badges?: Readonly<Record<string, string>> | undefined;
  readonly favourites?: readonly string[] | undefined;
  /** Where k9s' aliases.yaml and hotkeys.yaml are; absent: where k9s looks. */
  readonly k9sDirectory?: string | undefined;
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
  | 'mouse'
  | 'colorDepth'
  | 'language'
  | 'editor'
  | 'programVersion'
  | 'dumpDirectory'
> {
  readonly colorDepth: ColorDepth;
  readonly language: Language;
  readonly editor: readonly string[];
  readonly programVersion: string;
  readonly dumpDirectory: string;
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
    k9sDirectory: config.k9sDirectory ?? k9sDirectory(environment),
  };
  using terminal = new BlessedTerminal({ input: stdin, output: stdout, mouse: config.mouse ?? true });
  paintStart(terminal, settings);
  return await run(settings, terminal);
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

/** Follows: k9s: K9S_CONFIG_DIR, else k9s below XDG_CONFIG_HOME or ~/.config. */
function k9sDirectory({ K9S_CONFIG_DIR, XDG_CONFIG_HOME, HOME }: TuiEnvironment): string | undefined {
  if (K9S_CONFIG_DIR !== undefined && K9S_CONFIG_DIR !== '') return K9S_CONFIG_DIR;
  if (XDG_CONFIG_HOME !== undefined && XDG_CONFIG_HOME !== '') return join(XDG_CONFIG_HOME, 'k9s');
  return HOME === undefined ? undefined : join(HOME, '.config', 'k9s');
}

/** Follows: POSIX locale names, such as `ko_KR.UTF-8`. */
const languageOf = ({ LC_ALL, LANG }: TuiEnvironment): Language =>
  (LC_ALL ?? LANG ?? '').startsWith('ko') ? 'ko' : 'en';

/** Follows: kubectl edit. Words are arguments; no shell reads them. */
const editorOf = ({ KUBE_EDITOR, EDITOR }: TuiEnvironment): readonly string[] =>
  (KUBE_EDITOR ?? EDITOR ?? 'vi').split(' ').filter((word) => word !== '');

const packageVersion = (): string =>
  (createRequire(import.meta.url)('../package.json') as { readonly version: string }).version;
