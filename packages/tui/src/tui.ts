import { createRequire } from 'node:module';
import { clusterConfigOf, createHttpClient, readKubeconfig, systemClock } from '@geobuk/client';
import type { Clock, Kubeconfig } from '@geobuk/client';
import { KeyMap, unknownActions } from './actions/key-map.js';
import { App } from './app/app.js';
import { openOutside } from './app/outside.js';
import type { Language } from './app/services.js';
import { controllerForMany } from './cluster/many-listeners.js';
import { ClusterSet } from './cluster/cluster-set.js';
import type { Connection, ContextIdentity } from './cluster/connection.js';
import { parseNamespaces } from './command/parse-command.js';
import { BlessedTerminal } from './terminal/blessed-terminal.js';
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
  readonly stdin?: NodeJS.ReadStream | undefined;
  readonly stdout?: NodeJS.WriteStream | undefined;
  readonly environment?: TuiEnvironment | undefined;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the terminal dashboard until the person quits. The first frame is painted before anything is asked of the
 * network, and no state of a cluster ends the program.
 * @returns the exit code. @throws {ConfigError} a kubeconfig that cannot be used.
 */
export async function runTui(config: TuiConfig): Promise<number> {
  const paths = typeof config.kubeconfig === 'string' ? [config.kubeconfig] : config.kubeconfig;
  const kubeconfig = await readKubeconfig(paths);
  const contexts = identitiesOf(kubeconfig);
  const connect = async (identity: ContextIdentity): Promise<Connection> =>
    createHttpClient(await clusterConfigOf(kubeconfig, { context: identity.context }));
  return runDashboard({ ...config, contexts, current: kubeconfig.currentContext, connect });
}

/** What {@link runTui} runs once the kubeconfig is read; tests give a recorded cluster. */
export interface DashboardConfig extends Omit<TuiConfig, 'kubeconfig'> {
  readonly contexts: readonly ContextIdentity[];
  readonly current: string | undefined;
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => Promise<Connection>;
}

export async function runDashboard(config: DashboardConfig): Promise<number> {
  const { contexts, clock = systemClock, stdin = process.stdin, stdout = process.stdout } = config;
  // The one place below the command line that looks at the environment: a terminal is described nowhere else.
  const environment: TuiEnvironment = config.environment ?? process.env;
  const context = config.context ?? config.current ?? contexts[0]?.context;
  const identity = contexts.find((one) => one.context === context);
  if (context === undefined || identity === undefined) throw new Error(`no context ${context ?? ''} in the kubeconfig`);
  const unknown = unknownActions(config.keys ?? {});
  const stop = controllerForMany();
  const end = (): void => stop.abort(config.signal?.reason);
  config.signal?.addEventListener('abort', end, { once: true });
  using terminal = new BlessedTerminal({ input: stdin, output: stdout, mouse: config.mouse ?? true });
  const clusters: ClusterSet = new ClusterSet({
    contexts,
    connect: config.connect,
    clock,
    random: Math.random,
    readOnly: config.readonly ?? false,
    changed: () => app.invalidate(),
  });
  const app: App = new App({
    terminal,
    clusters,
    clock,
    keyMap: new KeyMap(config.keys),
    outside: openOutside({
      terminal,
      editor: config.editor ?? editorOf(environment),
      dumpDirectory: config.dumpDirectory ?? '.',
    }),
    sgr: sgrTable(turtleShip, config.colorDepth ?? colorDepthOf(environment)),
    language: config.language ?? languageOf(environment),
    programVersion: config.programVersion ?? packageVersion(),
    context,
    namespaces:
      config.namespace === undefined ? { kind: 'one', name: identity.namespace } : parseNamespaces(config.namespace),
    favourites: config.favourites ?? [...new Set([identity.namespace, 'default'])],
    command: config.view ?? 'pods',
    badges: config.badges ?? {},
  });
  if (unknown.length > 0) app.flash('warn', `no such actions in the key file: ${unknown.join(', ')}`);
  try {
    return await app.run(stop.signal);
  } finally {
    config.signal?.removeEventListener('abort', end);
  }
}

/** Follows: POSIX locale names, such as `ko_KR.UTF-8`. */
const languageOf = ({ LC_ALL, LANG }: TuiEnvironment): Language =>
  (LC_ALL ?? LANG ?? '').startsWith('ko') ? 'ko' : 'en';

/** Follows: kubectl edit. Words are arguments; no shell reads them. */
const editorOf = ({ KUBE_EDITOR, EDITOR }: TuiEnvironment): readonly string[] =>
  (KUBE_EDITOR ?? EDITOR ?? 'vi').split(' ').filter((word) => word !== '');

const packageVersion = (): string =>
  (createRequire(import.meta.url)('../package.json') as { readonly version: string }).version;

function identitiesOf(kubeconfig: Kubeconfig): readonly ContextIdentity[] {
  return kubeconfig.contexts.map(({ name, cluster, user, namespace }) => {
    const server = kubeconfig.clusters.find((one) => one.name === cluster)?.fields['server'];
    return {
      context: name,
      cluster,
      user,
      server: typeof server === 'string' ? server : '',
      namespace: namespace ?? 'default',
    };
  });
}
