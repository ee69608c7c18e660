import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { csiDrivers, ignoring, runtimeClasses, services } from '@geobuk/api';
import type { Taint } from '@geobuk/api';
import { allSettledOrThrow, createInformers, createKeyRunner, followSignal } from '@geobuk/client';
import type { Client, Clock, LoopState } from '@geobuk/client';
import type { Logger } from 'pino';
import { CsiError } from './csi/csi-error.js';
import { CsiNodeObject } from './csi/csi-node-object.js';
import { CsiVolumes } from './csi/csi-volumes.js';
import { PluginRegistry } from './csi/plugin-registry.js';
import { ApiEventRecorder } from './events/event-recorder.js';
import { EvictionManager } from './eviction/eviction-manager.js';
import { NodeReadings } from './eviction/node-readings.js';
import { PodUsageReader } from './eviction/pod-usage.js';
import type { Readings } from './eviction/pressure.js';
import { parseThresholds, reservedOf } from './eviction/thresholds.js';
import type { EvictionConfig } from './eviction/thresholds.js';
import { ImageGc } from './node/image-gc.js';
import { readMachine } from './node/machine.js';
import { NodeLease } from './node/node-lease.js';
import { NodeStatusLoop } from './node/node-status-loop.js';
import { NodeShutdown } from './node/shutdown/node-shutdown.js';
import { Logind } from './node/shutdown/logind.js';
import { shutdownPriorities } from './node/shutdown/shutdown-plan.js';
import type { ShutdownConfig } from './node/shutdown/shutdown-plan.js';
import { RuntimeHealth } from './node/runtime-health.js';
import { parseResolvConf } from './pods/environment/dns-config.js';
import { ImagePuller } from './pods/image-puller.js';
import { PodCgroups } from './pods/cgroups.js';
import { LogRotation } from './pods/log-rotation.js';
import { findOrphans } from './pods/orphans.js';
import { MirrorPods } from './pods/mirror-pods.js';
import { PodCleanup } from './pods/pod-cleanup.js';
import { PodDirectories } from './pods/pod-directories.js';
import { PodMemories } from './pods/pod-memory.js';
import { PodRuntimes } from './pods/pod-runtimes.js';
import { PodSource } from './pods/pod-source.js';
import { PodSteps } from './pods/pod-steps.js';
import { PodWorker } from './pods/pod-worker.js';
import { ReferencedObjects } from './pods/referenced-objects.js';
import { Relist } from './pods/relist.js';
import { StaticManifests } from './pods/static-manifests.js';
import { StatusWriter } from './pods/status-writer.js';
import { StartContainer } from './pods/steps/start-container.js';
import { StopContainer } from './pods/steps/stop-container.js';
import { PodProbes } from './probes/pod-probes.js';
import type { ContainerRuntime } from './runtime/runtime.js';
import { readNodeDetails } from './server/stats/node-stats.js';
import type { NodeDetails } from './server/stats/node-stats.js';
import { PodDetailsReader } from './server/stats/pod-details.js';
import { VolumeStatsReader } from './server/stats/volume-stats.js';
import { systemMounter } from './volumes/mounts.js';
import type { Mounter } from './volumes/mounts.js';
import { ServiceAccountTokens } from './volumes/service-account-tokens.js';
import { VolumeManager } from './volumes/volume-manager.js';

export interface NodeAgentConfig {
  readonly nodeName: string;
  readonly ips: readonly string[];
  readonly maxPods: number;
  readonly podsRoot: string;
  readonly podLogsRoot: string;
  /** Where CSI drivers keep their sockets and staged volumes. */
  readonly pluginsRoot: string;
  /** Where plugins make themselves known. */
  readonly pluginsRegistry: string;
  readonly seccompRoot: string;
  readonly cgroupRoot: string | undefined;
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly allowedUnsafeSysctls: readonly string[];
  readonly hostPodEnv: Readonly<Record<string, string>>;
  /** Where manifests of static pods lie; none unless said. */
  readonly manifestsDirectory?: string | undefined;
  /** Kubernetes' own hard thresholds unless said. */
  readonly eviction?: EvictionConfig | undefined;
  /** Pods are not ended when the machine goes down, unless said. */
  readonly shutdown?: ShutdownConfig | undefined;
}

export interface NodeAgentDeps {
  readonly client: Client;
  /** Ends the client's connections, where it has some: they may hang on a network that was away. */
  readonly reconnect?: (() => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly engine: ContainerRuntime | undefined;
  readonly host: ContainerRuntime | undefined;
  /** The server's port, known once it listens. */
  readonly port: () => number;
  readonly onReady: () => void;
  /** The machine's own unless said. */
  readonly mounter?: Mounter | undefined;
  /** What is left on the node; measured unless said. */
  readonly readings?: ((signal: AbortSignal) => Promise<Readings>) | undefined;
}

/** What others see of a running node: its server, tests, the loop view. */
export interface NodeAgent {
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly status: StatusWriter;
  readonly health: RuntimeHealth;
  readonly directories: PodDirectories;
  readonly events: ApiEventRecorder;
  readonly eviction: EvictionManager;
  readonly probes: PodProbes;
  readonly shutdown: NodeShutdown;
  readonly details: PodDetailsReader;
  readonly volumeStats: VolumeStatsReader;
  readonly nodeDetails: (signal: AbortSignal) => Promise<NodeDetails>;
  loops(): readonly LoopState[];
  /** Resolves after an abort, when every loop has ended. Containers run on. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends all that runs for pods, in order, without telling the API. */
  stopPods(signal: AbortSignal): Promise<void>;
}

/** Workers mostly wait: for pulls, hooks, graces. The engine's share is limited apart from this. */
const podsAtOnce = 200;
const parallelStarts = 8;
const parallelPulls = 5;
const workerBackOff = { initialMs: 200, maxMs: 10_000 };
const stopGraceSeconds = 10;

/** The parts of a node and how they are put together. */
export async function createNodeAgent(config: NodeAgentConfig, deps: NodeAgentDeps): Promise<NodeAgent> {
  const { client, clock, log, engine, host, mounter = systemMounter } = deps;
  const { nodeName, podsRoot, podLogsRoot, seccompRoot, cgroupRoot, clusterDomain } = config;
  const machine = await readMachine(podsRoot);
  const thresholds = parseThresholds(config.eviction ?? {});
  const priorities = shutdownPriorities(config.shutdown ?? {});
  const informers = createInformers({ client, clock, log });
  const source = new PodSource(informers, nodeName);
  const serviceInformer = informers.of(services);
  const classInformer = informers.of(runtimeClasses);
  const driverInformer = informers.of(csiDrivers);
  const runtimes = new PodRuntimes({ engine, host, runtimeClasses: classInformer.lister });
  const cgroups =
    cgroupRoot === undefined
      ? undefined
      : new PodCgroups({ root: cgroupRoot, cpus: machine.cpus, memoryBytes: machine.memoryBytes });
  const memories = new PodMemories();
  const events = new ApiEventRecorder({ client, clock, log, nodeName });

  const wake = (uid: string): void => runner.add(uid);
  const wakeAll = (): void => {
    for (const pod of source.all()) wake(pod.metadata.uid ?? '');
  };
  const health = new RuntimeHealth({
    runtime: engine,
    clock,
    log,
    changed: () => {
      node.wake();
      wakeAll();
    },
  });
  const node = new NodeStatusLoop({
    client,
    clock,
    log,
    events,
    health,
    machine,
    nodeName,
    runtime: engine,
    hostRuntime: host !== undefined,
    ips: config.ips,
    port: deps.port,
    maxPods: config.maxPods,
    pressures: () => eviction.pressures,
    reserved: reservedOf(thresholds, machine),
    volumesInUse: () => csi.attached,
    goesDown: () => shutdown.active,
    labels: config.labels,
    taints: config.taints,
    onReady: deps.onReady,
  });
  const lease = new NodeLease({
    client,
    clock,
    log,
    nodeName,
    node: () => node.facts.node,
    // Watches hang on the same dead connections, and would for minutes.
    silent: () => void deps.reconnect?.().catch((error: unknown) => log.warn({ err: error }, 'connections not ended')),
    heard: () => node.reportAnew(),
    lost: () => node.reportAnew(),
  });
  const hostIP = (): string | undefined => config.ips[0];

  const objects = new ReferencedObjects({
    client,
    clock,
    log,
    changed: (uids) => {
      for (const uid of uids) {
        memories.known(uid)?.objectsChanged();
        wake(uid);
      }
    },
  });
  const tokens = new ServiceAccountTokens(client, clock);
  let sweepVolumes: () => void = () => undefined;
  const plugins: PluginRegistry = new PluginRegistry({
    directory: config.pluginsRegistry,
    clock,
    log,
    node: new CsiNodeObject({ client, nodeName }),
    changed: () => {
      wakeAll();
      sweepVolumes();
    },
  });
  const csi: CsiVolumes = new CsiVolumes({
    client,
    clock,
    log,
    events,
    plugins,
    drivers: driverInformer.lister,
    tokens,
    mounter,
    nodeName,
    podsRoot,
    pluginsRoot: config.pluginsRoot,
    attachedChanged: () => node.wake(),
  });
  await csi.load();
  const volumes = new VolumeManager({ client, objects, tokens, mounter, csi, podsRoot });
  const directories = new PodDirectories(podsRoot, podLogsRoot);
  const probes = new PodProbes({ clock, log, events, hostIP, changed: wake });
  const status = new StatusWriter({ client, source, clock, log });
  const puller = new ImagePuller({ clock, events, parallelPulls });
  const starter = new StartContainer({
    puller,
    objects,
    directories,
    events,
    clock,
    clusterDomain,
    seccompRoot,
    serviceLister: serviceInformer.lister,
    node: () => node.facts,
    nodeHosts: () => readFile('/etc/hosts', 'utf8'),
    hostPodEnv: Object.entries(config.hostPodEnv).map(([name, value]) => ({ name, value })),
  });
  const stopper = new StopContainer({ events, clock, hostIP });
  const steps = new PodSteps({
    runtimes,
    directories,
    events,
    starter,
    stopper,
    cgroupRoot,
    cgroups,
    allPods: () => source.all(),
    clock,
    seccompRoot,
    parallelStarts,
    node: () => node.facts,
    nodeDns: async () => parseResolvConf(await readFile('/etc/resolv.conf', 'utf8')),
    clusterDns: { servers: config.clusterDns, domain: clusterDomain },
  });
  const cleanup = new PodCleanup({
    client,
    volumes,
    directories,
    objects,
    status,
    puller,
    probes,
    memories,
    source,
    cgroups,
    released: (uid) => shutdown.released(uid),
  });
  const worker = new PodWorker({
    source,
    runtimes,
    steps,
    status,
    volumes,
    objects,
    probes,
    cleanup,
    memories,
    events,
    clock,
    node: () => node.facts,
    allowedUnsafeSysctls: config.allowedUnsafeSysctls,
    appArmor: machine.appArmor,
  });
  const runner = createKeyRunner<string>({
    name: 'pod',
    clock,
    log,
    concurrency: podsAtOnce,
    backOff: workerBackOff,
    reconcile: (uid, context) => worker.reconcile(uid, context),
  });
  const mirrors = new MirrorPods({ client, clock, log, source, node: () => node.facts.node });
  const manifests =
    config.manifestsDirectory === undefined
      ? []
      : [
          new StaticManifests({
            directory: config.manifestsDirectory,
            nodeName,
            clock,
            log,
            changed: (all) => source.setStatic(all),
          }),
        ];
  const rotation = new LogRotation({ runtimes: runtimes.all, clock, log });
  const imageGc = engine === undefined ? undefined : new ImageGc({ runtime: engine, clock, log, events });
  const readings = new NodeReadings({ podsRoot, memoryBytes: machine.memoryBytes, engine });
  const eviction: EvictionManager = new EvictionManager({
    thresholds,
    maxPodGraceSeconds: config.eviction?.maxPodGraceSeconds ?? 0,
    readings: deps.readings ?? ((signal) => readings.read(signal)),
    usage: new PodUsageReader({ runtimes, directories, cgroups }),
    pods: () => source.all().map((pod) => ({ ...pod, status: status.of(pod) })),
    memoryOf: (uid) => memories.of(uid),
    reclaimDisk: async (signal) => imageGc?.collectUnused(signal),
    events,
    clock,
    log,
    changed: () => node.wake(),
    evicted: (uid) => runner.interrupt(uid),
  });
  const shutdown: NodeShutdown = new NodeShutdown({
    priorities,
    pods: () => source.all().map((pod) => ({ ...pod, status: status.of(pod) })),
    memoryOf: (uid) => memories.of(uid),
    flush: (uid, signal) => status.flush(uid, signal),
    events,
    clock,
    log,
    changed: () => node.wake(),
    ended: (uid) => runner.interrupt(uid),
  });
  const volumeStats = new VolumeStatsReader({ volumes, csi, clock });
  const relists = runtimes.all.map(
    (runtime) => new Relist({ runtime, clock, log, changed: wake, busy: () => source.all().length > 0 }),
  );

  /** Tells when the machine goes down, where pods are to be ended then and nothing else tells it. */
  const logind = (signal: AbortSignal): readonly Logind[] => {
    if (priorities.length === 0 || config.shutdown?.onStop === true) return [];
    const prepare = async (goesDown: boolean): Promise<void> => {
      if (goesDown) await shutdown.end(signal);
      else shutdown.cancel();
    };
    return [new Logind({ clock, log, prepare })];
  };

  /** Not before everything is known: else a pod would start without its Services, or be taken for gone. */
  const runPods = async (signal: AbortSignal): Promise<void> => {
    await informers.whenSynced(signal);
    for (const one of manifests) await one.read();
    sweepVolumes = () =>
      void csi.sweep(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'volumes of pods that are gone not looked for');
      });
    const subscription = source.subscribe({
      podChanged: (uid, urgent) => {
        if (urgent) runner.interrupt(uid);
        else runner.add(uid);
        // There may be room now for a pod that wants to grow.
        for (const waiting of memories.deferred()) runner.add(waiting);
      },
      mirrorChanged: (key) => {
        mirrors.look(key);
        const uid = source.staticPod(key)?.metadata.uid;
        if (uid !== undefined) status.again(uid);
      },
    });
    try {
      const sweep = sweepOrphans(signal);
      await allSettledOrThrow([runner.run(signal), sweep, ...relists.map((relist) => relist.run(signal))]);
    } finally {
      subscription[Symbol.dispose]();
    }
  };
  /** A first reading is taken before pods come, so that a node in need lets none in. */
  const evictWhenReady = async (signal: AbortSignal): Promise<void> => {
    await informers.whenSynced(signal);
    await eviction.run(signal);
  };
  const sweepOrphans = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      try {
        for (const uid of await findOrphans({ source, runtimes, directories, cgroups }, signal)) wake(uid);
        return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'orphans not looked for, trying again');
        await clock.after(workerBackOff.maxMs, { signal }).catch(() => undefined);
      }
    }
  };

  return {
    source,
    runtimes,
    status,
    health,
    directories,
    events,
    eviction,
    probes,
    shutdown,
    details: new PodDetailsReader({ source, directories, volumes: volumeStats, cgroupRoot, clock }),
    volumeStats,
    nodeDetails: (signal) => readNodeDetails({ podsRoot, cgroupRoot, engine, cpus: machine.cpus }, clock.now(), signal),
    loops: () => [runner.loop()],
    async run(parent) {
      // Hundreds of loops and waits hang on it.
      using own = followSignal(parent);
      const { signal } = own;
      setMaxListeners(0, signal);
      try {
        await allSettledOrThrow(
          [
            informers,
            events,
            health,
            node,
            lease,
            status,
            mirrors,
            plugins,
            rotation,
            ...manifests,
            ...(imageGc === undefined ? [] : [imageGc]),
            ...logind(signal),
          ]
            .map((part) => part.run(signal))
            .concat(runPods(signal), evictWhenReady(signal)),
        );
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        probes[Symbol.dispose]();
        objects[Symbol.dispose]();
      }
    },
    async stopPods(signal) {
      for (const runtime of runtimes.all) {
        const states = await runtime.observeAll({ signal });
        const running = states.flatMap(({ containers }) => containers.filter(({ state }) => state === 'running'));
        await allSettledOrThrow(running.map(({ id }) => runtime.stopContainer(id, stopGraceSeconds, { signal })));
        const sandboxes = states.flatMap((one) => one.sandboxes.filter(({ state }) => state === 'ready'));
        await allSettledOrThrow(sandboxes.map(({ id }) => runtime.stopSandbox(id, { signal })));
      }
      // A driver that is a pod has just been stopped: its volumes are taken away when it is back.
      const driverGone = ignoring((error) => error instanceof CsiError);
      await allSettledOrThrow(
        source.all().map((pod) => volumes.unmount(pod.metadata.uid ?? '', signal).catch(driverGone)),
      );
      for (const uid of (await cgroups?.uids()) ?? []) await cgroups?.remove(uid);
      await cgroups?.removeTree();
    },
  };
}
