import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { createHash } from 'node:crypto';
import type { HttpClient, Informers } from '@geobuk/client';
import { createHttpClient, createInformers, loadKubeconfig, systemClock } from '@geobuk/client';
import { addons, ignoring, isAlreadyExists, isNotFound, namespaces, secrets } from '@geobuk/api';
import { pino } from 'pino';
import { bootstrapTokenSecret, formatBootstrapToken, newBootstrapToken } from '../bootstrap-token.js';
import { convergeAddons } from '../addons/converge-addons.js';
import { CliError } from '../cli-error.js';
import type { AddonWish } from '../cluster-config.js';
import type { ClusterChoices } from '../cluster-file.js';
import { clusterChoices, clusterId, rememberClusterId } from '../cluster-file.js';
import type { DataDirectory } from '../data-directory.js';
import { removeHostNetwork } from '../host-network.js';
import { installHostPackages, missingHostPackages } from '../host-packages.js';
import { whenClusterReady } from './ready.js';
import type { LocalNetwork } from './local-network.js';
import { buildLocalNetwork, chooseNodeSubnet, planLocalNetwork } from './local-network.js';
import { controlPlaneProcess, kubeletProcess } from './part-processes.js';
import { StartError, SupervisedProcess } from './supervised-process.js';

export interface UpConfig {
  readonly directory: DataDirectory;
  readonly port: number;
  readonly bind: string;
  readonly kubeletPort: number;
  readonly nodeName: string | undefined;
  /** How many nodes run on this machine; each further one has its own network namespace and containerd. */
  readonly nodes: number;
  readonly asked: Partial<ClusterChoices>;
  readonly install: boolean;
  readonly stopPods: boolean;
  readonly enable: readonly string[];
  readonly disable: readonly string[];
  /** Of the configuration file. */
  readonly addons: readonly AddonWish[];
  readonly logLevel: string;
  /** The `geobuk` command itself, to be started once for each part. */
  readonly script: string;
  readonly nodeArgs: readonly string[];
  /** What the control plane is told besides. */
  readonly controlPlaneArgs: readonly string[];
}

export interface UpEvents {
  /** Progress, for people: one line. */
  say(line: string): void;
  ready(url: string, kubeconfig: string): void;
}

/** Room for the containers of a first start on a slow machine. */
const tokenLifeMs = 3_600_000;

/**
 * Runs a single-node cluster in the foreground: control plane and kubelet as two supervised processes.
 * Resolves after `signal`, when both have ended. @throws {CliError} it cannot start.
 */
export async function up(config: UpConfig, events: UpEvents, signal: AbortSignal): Promise<void> {
  const { directory } = config;
  const choices = clusterChoices(directory, config.asked);
  const canRunContainers = prepareHost(config, events);
  const local = canRunContainers && config.nodes > 1 ? openLocalNetwork(config) : undefined;

  const stop = new AbortController();
  const follow = (): void => stop.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener('abort', follow, { once: true });
  const processes: Promise<void>[] = [];
  const kubeletStop = new AbortController();
  let failure: unknown;
  const supervise = (part: SupervisedProcess, until: AbortSignal): void => {
    processes.push(
      part.run(until, events.say).catch((error: unknown) => {
        failure ??= error;
        stop.abort(error);
      }),
    );
  };

  try {
    const controlPlane = new SupervisedProcess(controlPlaneProcess(config, choices, local?.network));
    const controlPlaneStop = new AbortController();
    supervise(controlPlane, controlPlaneStop.signal);
    // The kubelet goes first, so that its last words still reach the API.
    const stopped = whenAborted(stop.signal).then(async () => {
      kubeletStop.abort(stop.signal.reason);
      await Promise.all(processes.slice(1));
      controlPlaneStop.abort(stop.signal.reason);
    });
    await Promise.race([controlPlane.whenReady(), whenAborted(stop.signal)]);
    if (!stop.signal.aborted)
      await serve(config, choices, canRunContainers, local?.network, events, stop.signal, (part) =>
        supervise(part, kubeletStop.signal),
      );
    await stopped;
    await Promise.all(processes);
  } catch (error) {
    if (!stop.signal.aborted) failure ??= error;
    stop.abort(error);
    kubeletStop.abort(error);
    await Promise.all(processes);
  } finally {
    signal.removeEventListener('abort', follow);
  }
  if (config.stopPods) local?.close();
  const id = clusterId(directory);
  if (config.stopPods && id !== undefined && process.getuid?.() === 0) removeHostNetwork(id);
  if (failure instanceof StartError) throw new CliError(failure.message, 1, { cause: failure });
  if (failure !== undefined) throw failure;
}

async function serve(
  config: UpConfig,
  choices: ClusterChoices,
  canRunContainers: boolean,
  local: LocalNetwork | undefined,
  events: UpEvents,
  signal: AbortSignal,
  supervise: (part: SupervisedProcess) => void,
): Promise<void> {
  const { directory } = config;
  const cluster = await loadKubeconfig({ paths: [directory.kubeconfig] });
  const client = createHttpClient(cluster);
  const informers = createInformers({ client, log: pino({ level: 'silent' }), clock: systemClock });
  const watching = new AbortController();
  const endWatching = (): void => watching.abort(signal.reason);
  signal.addEventListener('abort', endWatching, { once: true });
  try {
    const { metadata } = await client.read(namespaces, { name: 'kube-system' }, { signal });
    rememberClusterId(directory, (metadata.uid ?? '').slice(0, 8));
    await convergeAddons(client, config.addons, events.say, signal);
    await switchAddons(client, config, signal);
    const nodeName = nodeNameOf(config);
    const nodeNames = canRunContainers ? [nodeName, ...(local?.nodes ?? []).map(({ name }) => name)] : [];
    if (canRunContainers) {
      const token = newBootstrapToken();
      await client.create(
        secrets,
        bootstrapTokenSecret(token, Date.now() + tokenLifeMs, 'made by geobuk up for its own nodes'),
        { signal },
      );
      const text = formatBootstrapToken(token);
      supervise(
        new SupervisedProcess(
          kubeletProcess(config, choices, text, cluster.server, { name: nodeName, address: local?.address }),
        ),
      );
      for (const node of local?.nodes ?? []) {
        const server = `https://${local?.address ?? ''}:${new URL(cluster.server).port}`;
        supervise(new SupervisedProcess(kubeletProcess(config, choices, text, server, node)));
      }
    }
    await waitUntilReady(informers, nodeNames, canRunContainers, events, watching.signal);
    events.ready(cluster.server, directory.kubeconfig);
    watching.abort();
    await whenAborted(signal);
  } finally {
    signal.removeEventListener('abort', endWatching);
    watching.abort();
    await client[Symbol.asyncDispose]();
  }
}

async function waitUntilReady(
  informers: Informers,
  nodes: readonly string[],
  expectAddons: boolean,
  events: UpEvents,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  const running = informers.run(stop.signal).catch(() => undefined);
  try {
    if (expectAddons) await whenClusterReady(informers, nodes, true, events.say, systemClock, signal);
  } finally {
    signal.removeEventListener('abort', end);
    stop.abort();
    await running;
  }
}

/** @returns whether this machine can be a node. */
function prepareHost(config: UpConfig, events: UpEvents): boolean {
  if (process.platform !== 'linux') {
    events.say(
      'this system cannot run Linux containers: running the control plane alone; join a Linux machine with geobuk kubelet',
    );
    return false;
  }
  const isRoot = process.getuid?.() === 0;
  const missing = missingHostPackages();
  if (!isRoot) {
    const first = missing.length === 0 ? '' : `sudo apt-get install ${missing.join(' ')} && `;
    events.say(
      `without root no containers can be run: running the control plane alone; for a node type: ${first}sudo npx geobuk up`,
    );
    return false;
  }
  if (missing.length === 0) return true;
  if (!config.install)
    throw new CliError(
      `not installed: ${missing.join(', ')}: run apt-get install ${missing.join(' ')}, or leave out --no-install`,
    );
  installHostPackages(missing, events.say);
  return true;
}

/** Carries out --enable and --disable as soon as the API answers. @throws {CliError} usage: no such addon. */
async function switchAddons(client: HttpClient, { enable, disable }: UpConfig, signal: AbortSignal): Promise<void> {
  const wishes = [
    ...enable.map((name) => ({ name, enabled: true })),
    ...disable.map((name) => ({ name, enabled: false })),
  ];
  for (const { name, enabled } of wishes) {
    const body = { spec: { enabled } };
    const patched = await client
      .patch(addons, { name }, { type: 'merge', body }, { signal })
      .catch(ignoring(isNotFound));
    if (patched !== undefined) continue;
    const wish = { apiVersion: 'addons.geobuk.dev/v1alpha1', kind: 'Addon', metadata: { name }, spec: { enabled } };
    await client.create(addons, wish, { signal }).catch(ignoring(isAlreadyExists));
  }
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const nodeNameOf = ({ nodeName }: UpConfig): string => (nodeName ?? hostname()).toLowerCase();

interface OpenedLocalNetwork {
  readonly network: LocalNetwork;
  close(): void;
}

/** The bridge must be there before the control plane, whose certificate names the addresses of this machine. */
function openLocalNetwork(config: UpConfig): OpenedLocalNetwork {
  const tag = createHash('sha256').update(config.directory.path).digest('hex').slice(0, 6);
  const subnet = chooseNodeSubnet(readFileSync('/proc/net/route', 'utf8'));
  const network = planLocalNetwork(tag, subnet, nodeNameOf(config), config.nodes - 1);
  const close = buildLocalNetwork(tag, network);
  return { network, close };
}
