import { allSettledOrThrow, clusterConfigOf, createHttpClient, readKubeconfig, systemClock } from '@geobuk/client';
import type { HttpClient, Kubeconfig } from '@geobuk/client';
import { KeyMap, unknownActions } from './actions/key-map.js';
import { App } from './app/app.js';
import { openOutside } from './app/outside.js';
import { controllerForMany } from './cluster/many-listeners.js';
import { ClusterSet } from './cluster/cluster-set.js';
import type { Connection, ContextIdentity } from './cluster/connection.js';
import { noK9sFiles, readK9sFiles } from './config/k9s-files.js';
import { parseNamespaces } from './command/parse-command.js';
import type { Terminal } from './terminal/terminal.js';
import { sgrTable } from './theme/sgr.js';
import { turtleShip } from './theme/theme.js';
import type { TuiSettings } from './tui.js';

/** Reads the kubeconfig and runs the dashboard on its contexts. @throws {ConfigError} a kubeconfig that cannot be used. */
export async function runOnKubeconfig(settings: TuiSettings, terminal: Terminal): Promise<number> {
  const paths = typeof settings.kubeconfig === 'string' ? [settings.kubeconfig] : settings.kubeconfig;
  const kubeconfig = await readKubeconfig(paths);
  const contexts = identitiesOf(kubeconfig);
  const clients: HttpClient[] = [];
  const connect = async (identity: ContextIdentity): Promise<Connection> => {
    const client = createHttpClient(await clusterConfigOf(kubeconfig, { context: identity.context }));
    clients.push(client);
    return client;
  };
  try {
    return await runDashboard({ ...settings, contexts, current: kubeconfig.currentContext, connect }, terminal);
  } finally {
    await allSettledOrThrow(clients.map((client) => client[Symbol.asyncDispose]()));
  }
}

/** What {@link runOnKubeconfig} runs once the kubeconfig is read; tests give a recorded cluster. */
export interface DashboardConfig extends Omit<TuiSettings, 'kubeconfig'> {
  readonly contexts: readonly ContextIdentity[];
  readonly current: string | undefined;
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => Promise<Connection>;
}

export async function runDashboard(config: DashboardConfig, terminal: Terminal): Promise<number> {
  const { contexts, clock = systemClock } = config;
  const context = config.context ?? config.current ?? contexts[0]?.context;
  const identity = contexts.find((one) => one.context === context);
  if (context === undefined || identity === undefined) throw new Error(`no context ${context ?? ''} in the kubeconfig`);
  const unknown = unknownActions(config.keys ?? {});
  const k9s = config.k9sDirectory === undefined ? noK9sFiles : await readK9sFiles(config.k9sDirectory);
  const stop = controllerForMany();
  const end = (): void => stop.abort(config.signal?.reason);
  config.signal?.addEventListener('abort', end, { once: true });
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
      editor: config.editor,
      dumpDirectory: config.dumpDirectory,
    }),
    sgr: sgrTable(turtleShip, config.colorDepth),
    language: config.language,
    programVersion: config.programVersion,
    context,
    namespaces:
      config.namespace === undefined ? { kind: 'one', name: identity.namespace } : parseNamespaces(config.namespace),
    favourites: config.favourites ?? [...new Set([identity.namespace, 'default'])],
    command: config.view ?? 'pods',
    badges: config.badges ?? {},
    k9s,
  });
  for (const problem of k9s.problems) app.flash('warn', problem);
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
