import type { KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import {
  ApiError,
  configMaps,
  controllerRevisions,
  cronJobs,
  daemonSets,
  deployments,
  jobs,
  keyOf,
  leases,
  nodes,
  pods,
  replicaSets,
  statefulSets,
} from '@geobuk/api';
import type { Controller, EventRecorder } from '@geobuk/client';
import { allSettledOrThrow, createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { CronJobController } from '../cron-job/cron-job-controller.js';
import { DaemonSetController } from '../daemon-set/daemon-set-controller.js';
import { nodeOfDaemon } from '../daemon-set/daemon-set-diff.js';
import { DeploymentController } from '../deployment/deployment-controller.js';
import { GarbageCollector } from '../garbage-collector/garbage-collector.js';
import { JobController } from '../job/job-controller.js';
import { ReplicaSetController } from '../replica-set/replica-set-controller.js';
import { StatefulSetController } from '../stateful-set/stateful-set-controller.js';
import { NodeLifecycleController } from '../node-lifecycle/node-lifecycle-controller.js';
import { PodGcController } from '../pod-gc/pod-gc-controller.js';
import { ResourceQuotaController } from '../resource-quota/resource-quota-controller.js';
import { TaintEvictionController } from '../taint-eviction/taint-eviction-controller.js';
import { rfc3339Micro } from '../rfc3339.js';
import { finishPod, removePod, startPod } from '../testing/fake-kubelet.js';

export interface SimulationOptions {
  /** The same seed brings the same faults. */
  readonly seed: number;
  readonly objects: readonly KubernetesObject[];
  /** How often a call of a controller is refused; 0 to 1. */
  readonly refusals: number;
  /** How often, at each step, the controllers start anew, with nothing remembered. */
  readonly restarts: number;
  /** How often, at each step, the history of watches is lost. */
  readonly lostWatches: number;
  /** What becomes of a running pod at a step: an exit code, or undefined when it goes on. */
  readonly fate: (pod: Pod, random: () => number) => number | undefined;
}

/** A seeded source of numbers below one: mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const collected: readonly ResourceType[] = [
  configMaps,
  controllerRevisions,
  cronJobs,
  daemonSets,
  deployments,
  jobs,
  pods,
  replicaSets,
  statefulSets,
] as readonly ResourceType[];

const counted: readonly ResourceType[] = [pods, jobs] as readonly ResourceType[];
/** Nodes that pods without a node of their own are bound to, until the world has nodes. */
const unnamedNodes = ['n0', 'n1', 'n2'];

/** How a pod ended, as its kubelet knows. */
export interface Ending {
  readonly uid: string;
  readonly owner: string;
  readonly exitCode: number;
}

/** The controllers of workloads over slow nodes and an API that refuses at random, with a clock that runs as fast as it can. */
export class Simulation implements AsyncDisposable {
  readonly client: FakeClient;
  readonly clock = new FakeClock();
  readonly random: () => number;
  /** Nodes that are off: their kubelets say and do nothing. */
  readonly dead = new Set<string>();
  /** Every end of a pod, which nobody may miss or count twice. */
  readonly endings: Ending[] = [];
  readonly #options: SimulationOptions;
  #stop = new AbortController();
  #runs: Promise<unknown> = Promise.resolve();

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed);
    this.client = new FakeClient({ clock: this.clock, objects: options.objects });
  }

  /** Starts the controllers, as after a fresh start of the process. */
  start(): void {
    const { client, clock } = this;
    const log = pino({ level: 'silent' });
    const informers = createInformers({ client, log, clock, random: () => 0.5, freezeObjects: true });
    const recorder: Pick<EventRecorder, 'record'> = { record: () => undefined };
    const deps = { client, clock, informers, recorder, log };
    const collector = new GarbageCollector({ ...deps, discover: () => collected });
    const controllers: readonly Controller[] = [
      new DeploymentController(deps),
      new ReplicaSetController(deps),
      new StatefulSetController(deps),
      new JobController(deps),
      new CronJobController(deps),
      new DaemonSetController(deps),
      // A world without nodes binds its pods to names: who looks after nodes would take those for gone.
      ...(this.client.stored(nodes).length === 0
        ? []
        : [new NodeLifecycleController(deps), new TaintEvictionController(deps), new PodGcController(deps)]),
      new ResourceQuotaController({ ...deps, discover: () => counted }),
    ];
    const runner = createRunner({ controllers: controllers as readonly Controller<unknown>[], informers, log, clock });
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#runs = allSettledOrThrow([informers.run(signal), runner.run(signal), collector.run(signal)]).catch(
      (error: unknown) => {
        if (!signal.aborted) throw error;
      },
    );
  }

  async restart(): Promise<void> {
    this.#stop.abort();
    await this.clock.advance(0);
    await this.#runs;
    this.start();
  }

  /** Lets `ms` pass, with the faults of this seed, and the nodes do some of their work. */
  async step(ms: number): Promise<void> {
    const { restarts, lostWatches } = this.#options;
    if (this.random() < restarts) await this.restart();
    if (this.random() < lostWatches) this.client.compact();
    this.client.intercept = ({ verb, type, name = '' }) => this.#perhapsRefuse(verb, type, name);
    await this.clock.advance(ms);
    this.client.intercept = undefined;
    await this.#turnNodes();
  }

  /** Steps without faults until nothing is left to do. */
  async calm(ms: number, steps = 40): Promise<void> {
    this.client.intercept = undefined;
    for (let i = 0; i < steps; i += 1) {
      await this.clock.advance(ms);
      await this.#turnNodes();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.intercept = undefined;
    this.#stop.abort();
    await this.clock.advance(0);
    await this.#runs;
  }

  #perhapsRefuse(verb: string, type: ResourceType, name: string): void {
    if (verb === 'watch' || verb === 'list' || this.random() >= this.#options.refusals) return;
    throw this.random() < 0.5 ? ApiError.conflict(type, name) : ApiError.internal('the store is away for a moment');
  }

  /** Nodes are slow: what is due happens now or at a later step. */
  async #turnNodes(): Promise<void> {
    await this.#beat();
    for (const { metadata } of this.client.stored(pods)) {
      const pod = this.client.stored(pods, metadata.namespace).find((each) => each.metadata.uid === metadata.uid);
      if (pod === undefined || this.random() < 0.4 || this.dead.has(pod.spec.nodeName ?? '')) continue;
      const phase = pod.status?.phase ?? 'Pending';
      if (pod.metadata.deletionTimestamp !== undefined) {
        if (pod.metadata.deletionGracePeriodSeconds !== 0) await removePod(this, pod);
      } else if (phase === 'Pending') await this.#startOnNode(pod);
      else if (phase === 'Running') await this.#perhapsEnd(pod);
    }
  }

  async #startOnNode(pod: Pod): Promise<void> {
    const { signal } = new AbortController();
    const nodeName = pod.spec.nodeName ?? nodeOfDaemon(pod) ?? this.#anyNode();
    if (nodeName === undefined || this.dead.has(nodeName)) return;
    const bound = { ...pod, spec: { ...pod.spec, nodeName } };
    await startPod(this, await this.client.update(pods, bound, { signal }));
  }

  /** One that pods may go to, as a scheduler would choose. */
  #anyNode(): string | undefined {
    const all = this.client.stored(nodes);
    const names =
      all.length === 0
        ? unnamedNodes
        : all.filter(({ spec }) => (spec.taints ?? []).length === 0).map(({ metadata }) => metadata.name ?? '');
    return names[Math.floor(this.random() * names.length)];
  }

  /** Every node that is on renews its lease, and is Ready again when it was thought dead. */
  async #beat(): Promise<void> {
    const { signal } = new AbortController();
    const renewTime = rfc3339Micro(this.clock.now());
    for (const { metadata, status } of this.client.stored(nodes)) {
      const { name = '' } = metadata;
      if (this.dead.has(name)) continue;
      const key = { namespace: 'kube-node-lease', name };
      await this.client.patch(leases, key, { type: 'merge', body: { spec: { renewTime } } }, { signal });
      if (status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True') continue;
      const body = { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } };
      await this.client.patch(nodes, { name }, { type: 'merge', body }, { signal, subresource: 'status' });
    }
  }

  async #perhapsEnd(pod: Pod): Promise<void> {
    const exitCode = this.#options.fate(pod, this.random);
    if (exitCode === undefined) return;
    await finishPod(this, pod, exitCode);
    const [owner] = pod.metadata.ownerReferences ?? [];
    this.endings.push({ uid: pod.metadata.uid ?? '', owner: owner?.uid ?? '', exitCode });
  }
}

/** Deletes as a user would, with dependants left to the collector. */
export async function removeOwner<T extends KubernetesObject>(
  simulation: Simulation,
  type: ResourceType<T>,
  object: T,
): Promise<void> {
  const { signal } = new AbortController();
  await simulation.client.delete(type, keyOf(object), { signal, propagationPolicy: 'Background' });
}
