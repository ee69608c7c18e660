import { allSettledOrThrow, clusterConfigOf, createHttpClient, readKubeconfig, systemClock } from '@geobuk/client';
import type { HttpClient, Kubeconfig } from '@geobuk/client';
import { KeyMap, unknownActions } from './actions/key-map.js';
import { App } from './app/app.js';
import { openOutside } from './app/outside.js';
import type { KubeconfigEditor } from './app/services.js';
import { controllerForMany } from './cluster/many-listeners.js';
import { ClusterSet } from './cluster/cluster-set.js';
import type { Connection, ContextIdentity } from './cluster/connection.js';
import { parseNamespaces } from './command/parse-command.js';
import { openKubeconfigEditor } from './config/kubeconfig-editor.js';
import { Memory } from './config/memory.js';
import { readPersonal } from './config/personal.js';
import type { Personal } from './config/personal.js';
import type { Terminal } from './terminal/terminal.js';
import type { TuiSettings } from './tui.js';

/** Reads the kubeconfig and runs the dashboard on its contexts. @throws {ConfigError} a kubeconfig that cannot be used. */
export async function runOnKubeconfig(settings: TuiSettings, terminal: Terminal): Promise<number> {
  const paths = typeof settings.kubeconfig === 'string' ? [settings.kubeconfig] : settings.kubeconfig;
  let kubeconfig = await readKubeconfig(paths);
  const clients: HttpClient[] = [];
  const connect = async (identity: ContextIdentity): Promise<Connection> => {
    const client = createHttpClient(await clusterConfigOf(kubeconfig, { context: identity.context }));
    clients.push(client);
    return client;
  };
  const kubeconfigOf = (replace: (contexts: readonly ContextIdentity[]) => void): KubeconfigEditor =>
    openKubeconfigEditor({
      paths,
      changed: async () => {
        kubeconfig = await readKubeconfig(paths);
        replace(identitiesOf(kubeconfig));
      },
    });
  const contexts = identitiesOf(kubeconfig);
  try {
    const { currentContext: current } = kubeconfig;
    return await runDashboard({ ...settings, contexts, current, connect, kubeconfigOf }, terminal);
  } finally {
    await allSettledOrThrow(clients.map((client) => client[Symbol.asyncDispose]()));
  }
}

/** What {@link runOnKubeconfig} runs once the kubeconfig is read; tests give a recorded cluster. */
export interface DashboardConfig extends TuiSettings {
  readonly contexts: readonly ContextIdentity[];
  readonly current: string | undefined;
  readonly connect: (identity: ContextIdentity, signal: AbortSignal) => Promise<Connection>;
  /** How contexts are changed; `replace` takes what there is afterwards. Absent: they cannot be. */
  readonly kubeconfigOf?: ((replace: (contexts: readonly ContextIdentity[]) => void) => KubeconfigEditor) | undefined;
}

export async function runDashboard(config: DashboardConfig, terminal: Terminal): Promise<number> {
  const { contexts, clock = systemClock } = config;
  const context = config.context ?? config.current ?? contexts[0]?.context;
  const identity = contexts.find((one) => one.context === context);
  if (context === undefined || identity === undefined) throw new Error(`no context ${context ?? ''} in the kubeconfig`);
  const stop = controllerForMany();
  const end = (): void => stop.abort(config.signal?.reason);
  config.signal?.addEventListener('abort', end, { once: true });
  const told: string[] = [];
  const memory = new Memory({ path: config.memoryPath, clock, failed: (reason) => told.push(reason) });
  await memory.load();
  const read = async (all: readonly ContextIdentity[]): Promise<Personal> => {
    const settings = await readPersonal(config.places, all);
    const { header, logo, crumbs } = config.without ?? {};
    const { headless, logoless, crumbsless } = settings.k9s;
    const k9s = {
      ...settings.k9s,
      headless: header ?? headless,
      logoless: logo ?? logoless,
      crumbsless: crumbs ?? crumbsless,
    };
    return { ...settings, k9s };
  };
  let personal = await read(contexts);
  const clusters: ClusterSet = new ClusterSet({
    contexts,
    connect: config.connect,
    clock,
    random: Math.random,
    readOnly: (name) => config.readonly ?? personal.of(name).readOnly ?? false,
    changed: () => app.invalidate(),
  });
  const keys = { ...personal.own.keys, ...config.keys };
  const keyMap = new KeyMap(keys);
  terminal.useMouse(config.mouse ?? personal.own.mouse ?? true);
  const app: App = new App({
    terminal,
    clusters,
    clock,
    keyMap,
    outside: openOutside({
      terminal,
      editor: config.editor,
      dumpDirectory: config.dumpDirectory,
      kubeconfigPath: typeof config.kubeconfig === 'string' ? config.kubeconfig : config.kubeconfig.join(':'),
    }),
    colorDepth: config.colorDepth,
    language: personal.own.language ?? config.language,
    programVersion: config.programVersion,
    context,
    namespaces: config.namespace === undefined ? undefined : parseNamespaces(config.namespace),
    favourites: config.favourites,
    command: config.view,
    personal,
    readPersonal: async () => {
      personal = await read(clusters.contexts);
      return personal;
    },
    memory,
    kubeconfig: config.kubeconfigOf?.((now) => clusters.replace(now)),
  });
  const unknown = unknownActions(keys);
  const problems = [
    ...personal.problems,
    ...told,
    ...(unknown.length > 0 ? [`no such actions in the key settings: ${unknown.join(', ')}`] : []),
    ...keyMap.sharedKeys(keys).map(({ key, ids }) => `key ${key} is bound to ${ids.join(' and ')}: the first one runs`),
  ];
  if (problems[0] !== undefined)
    app.flash('warn', problems.length === 1 ? problems[0] : `${problems[0]} (and ${problems.length - 1} more)`);
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
