import { clusterConfigOf, createHttpClient, readKubeconfig, systemClock } from '@geobuk/client';
import type { Clock, Kubeconfig } from '@geobuk/client';
import { KeyMap, unknownActions } from './actions/key-map.js';
import { App } from './app/app.js';
import { openOutside } from './app/outside.js';
import type { Language } from './app/services.js';
import { ClusterSet } from './cluster/cluster-set.js';
import type { Connection, ContextIdentity } from './cluster/connection.js';
import { parseNamespaces } from './command/parse-command.js';
import { BlessedTerminal } from './terminal/blessed-terminal.js';
import { sgrTable } from './theme/sgr.js';
import type { ColorDepth } from './theme/sgr.js';
import { turtleShip } from './theme/theme.js';

/** Everything the dashboard is told from outside. Flags, environment and files are read by the caller. */
export interface TuiConfig {
  /** Kubeconfig files, merged as kubectl does. */
  readonly kubeconfigPaths: readonly string[];
  /** The context to begin with; absent: the current one. */
  readonly context?: string | undefined;
  /** A namespace, several (`a,b,!kube-*`) or `all`; absent: that of the context. */
  readonly namespace?: string | undefined;
  /** The command to begin with, such as `pods`, `fleet` or `deployments kube-system`. */
  readonly command?: string | undefined;
  /** Refuses every write, below all keys. */
  readonly readOnly?: boolean | undefined;
  readonly language?: Language | undefined;
  readonly colorDepth: ColorDepth;
  readonly mouse?: boolean | undefined;
  /** The person's editor as an argument array, such as `['vi']`. */
  readonly editor: readonly string[];
  /** Where `^s` saves to. */
  readonly dumpDirectory: string;
  readonly programVersion: string;
  /** Own keys by action id; an empty list takes an action its keys. */
  readonly keys?: Readonly<Record<string, readonly string[]>> | undefined;
  /** A word shown in red for a context, such as `PROD`; confirmations there want the context's name typed. */
  readonly badges?: Readonly<Record<string, string>> | undefined;
  readonly favourites?: readonly string[] | undefined;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the terminal dashboard until the person quits. The first frame is painted before anything is asked of the
 * network, and no state of a cluster ends the program.
 * @returns the exit code. @throws {ConfigError} a kubeconfig that cannot be used.
 */
export async function runTui(config: TuiConfig): Promise<number> {
  const kubeconfig = await readKubeconfig(config.kubeconfigPaths);
  const contexts = identitiesOf(kubeconfig);
  const connect = async (identity: ContextIdentity): Promise<Connection> =>
    createHttpClient(await clusterConfigOf(kubeconfig, { context: identity.context }));
  return runDashboard({ ...config, contexts, current: kubeconfig.currentContext, connect });
}

/** What {@link runTui} runs once the kubeconfig is read; tests give a recorded cluster. */
export interface DashboardConfig extends Omit<TuiConfig, 'kubeconfigPaths'> {
  readonly contexts: readonly ContextIdentity[];
  readonly current: string | undefined;
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => Promise<Connection>;
}

export async function runDashboard(config: DashboardConfig): Promise<number> {
  const { contexts, clock = systemClock } = config;
  const context = config.context ?? config.current ?? contexts[0]?.context;
  const identity = contexts.find((one) => one.context === context);
  if (context === undefined || identity === undefined) throw new Error(`no context ${context ?? ''} in the kubeconfig`);
  const unknown = unknownActions(config.keys ?? {});
  const stop = new AbortController();
  const end = (): void => stop.abort(config.signal?.reason);
  config.signal?.addEventListener('abort', end, { once: true });
  using terminal = new BlessedTerminal({ input: config.stdin, output: config.stdout, mouse: config.mouse ?? false });
  const clusters: ClusterSet = new ClusterSet({
    contexts,
    connect: config.connect,
    clock,
    random: Math.random,
    readOnly: config.readOnly ?? false,
    changed: () => app.invalidate(),
  });
  const app: App = new App({
    terminal,
    clusters,
    clock,
    keyMap: new KeyMap(config.keys),
    outside: openOutside({ terminal, editor: config.editor, dumpDirectory: config.dumpDirectory }),
    sgr: sgrTable(turtleShip, config.colorDepth),
    language: config.language ?? 'en',
    programVersion: config.programVersion,
    context,
    namespaces:
      config.namespace === undefined ? { kind: 'one', name: identity.namespace } : parseNamespaces(config.namespace),
    favourites: config.favourites ?? [...new Set([identity.namespace, 'default'])],
    command: config.command ?? 'pods',
    badges: config.badges ?? {},
  });
  if (unknown.length > 0) app.flash('warn', `no such actions in the key file: ${unknown.join(', ')}`);
  try {
    return await app.run(stop.signal);
  } finally {
    config.signal?.removeEventListener('abort', end);
  }
}

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
