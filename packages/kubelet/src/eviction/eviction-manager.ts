import type { Pod, PodCondition } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import { isTerminal } from '../pods/pod-containers.js';
import type { PodMemory } from '../pods/pod-memory.js';
import { rfc3339 } from '../pods/rfc3339.js';
import { bytesText } from './amount-text.js';
import { pressureNow } from './pressure.js';
import type { PressureType, Readings, Since } from './pressure.js';
import type { ContainerUse, PodUsageReader } from './pod-usage.js';
import { claimOf, isCritical, rankForEviction } from './ranking.js';
import type { PodUse } from './ranking.js';
import { hasStorageLimits, storageViolation } from './storage-limits.js';
import { amountOf } from './thresholds.js';
import type { Threshold } from './thresholds.js';

export interface EvictionManagerDeps {
  readonly thresholds: readonly Threshold[];
  readonly maxPodGraceSeconds: number;
  readonly readings: (signal: AbortSignal) => Promise<Readings>;
  readonly usage: Pick<PodUsageReader, 'containers' | 'storage' | 'use'>;
  /** With their newest status. */
  readonly pods: () => readonly Pod[];
  readonly memoryOf: (uid: string) => PodMemory;
  /** Frees what belongs to no pod: unused images. */
  readonly reclaimDisk: (signal: AbortSignal) => Promise<void>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** The kind of pressure changed. */
  readonly changed: () => void;
  /** This pod has a verdict: whatever is being done for it gives way. */
  readonly evicted: (uid: string) => void;
}

/** The kernel tells nobody in time that a node runs out of disk or processes. Follows: evictionMonitoringPeriod. */
const periodMs = 10_000;
/** One at a time: the next goes only when this one is gone, or takes too long. */
const patienceMs = 30_000;
const hardGraceSeconds = 1;

/** Ends pods before the node itself runs out of memory, disk or processes. Follows: eviction.managerImpl. */
export class EvictionManager {
  readonly #deps: EvictionManagerDeps;
  #since: Since = new Map();
  #types: ReadonlySet<PressureType> = new Set();
  #last: { readonly uid: string; readonly at: number } | undefined;

  constructor(deps: EvictionManagerDeps) {
    this.#deps = deps;
  }

  get pressures(): ReadonlySet<PressureType> {
    return this.#types;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await this.pass(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'eviction not decided, trying again');
      });
      await clock.after(periodMs, { signal }).catch(() => undefined);
    }
  }

  /** check → diff → act, once. */
  async pass(signal: AbortSignal): Promise<void> {
    const { thresholds, readings, clock, reclaimDisk } = this.#deps;
    let seen = await readings(signal);
    let now = pressureNow(thresholds, seen, this.#since, clock.now());
    if (now.acting?.signal.includes('fs.') === true) {
      await reclaimDisk(signal);
      seen = await readings(signal);
      now = pressureNow(thresholds, seen, this.#since, clock.now());
    }
    this.#since = now.met;
    this.#tell(now.types);
    if (await this.#enforceStorageLimits(signal)) return;
    if (now.acting !== undefined && !this.#waits()) await this.#evictOne(now.acting, seen, signal);
  }

  #tell(types: ReadonlySet<PressureType>): void {
    const same = types.size === this.#types.size && [...types].every((type) => this.#types.has(type));
    this.#types = types;
    if (!same) this.#deps.changed();
  }

  #candidates(): readonly Pod[] {
    const { pods, memoryOf } = this.#deps;
    return pods().filter((pod) => !isTerminal(pod) && memoryOf(pod.metadata.uid ?? '').verdict === undefined);
  }

  #waits(): boolean {
    const { clock, pods } = this.#deps;
    const last = this.#last;
    if (last === undefined || clock.now() - last.at >= patienceMs) return false;
    return pods().some((pod) => pod.metadata.uid === last.uid && !isTerminal(pod));
  }

  async #enforceStorageLimits(signal: AbortSignal): Promise<boolean> {
    const { usage } = this.#deps;
    const limited = this.#candidates().filter((pod) => hasStorageLimits(pod) && !isCritical(pod));
    if (limited.length === 0) return false;
    const containers = await usage.containers(signal);
    let any = false;
    for (const pod of limited) {
      const used = await usage.storage(pod, containers.get(pod.metadata.uid ?? '') ?? [], signal);
      const message = storageViolation(pod, used);
      if (message === undefined) continue;
      this.#evict(pod, message, hardGraceSeconds);
      any = true;
    }
    return any;
  }

  async #evictOne(threshold: Threshold, readings: Readings, signal: AbortSignal): Promise<void> {
    const { usage, maxPodGraceSeconds, log } = this.#deps;
    const containers = await usage.containers(signal);
    const uses: PodUse[] = [];
    for (const pod of this.#candidates())
      uses.push(await usage.use(pod, containers.get(pod.metadata.uid ?? '') ?? [], signal));
    const [first] = rankForEviction(threshold.signal, uses);
    if (first === undefined) {
      log.warn({ signal: threshold.signal }, 'the node runs out of a resource and no pod can be evicted');
      return;
    }
    const own = first.pod.spec.terminationGracePeriodSeconds ?? 30;
    const graceSeconds = threshold.graceMs === 0 ? hardGraceSeconds : Math.min(own, maxPodGraceSeconds);
    const message = messageOf(threshold, readings, first, containers.get(first.pod.metadata.uid ?? '') ?? []);
    this.#last = { uid: first.pod.metadata.uid ?? '', at: this.#deps.clock.now() };
    this.#evict(first.pod, message, graceSeconds);
  }

  #evict(pod: Pod, message: string, graceSeconds: number): void {
    const { memoryOf, events, clock, log, evicted } = this.#deps;
    const { uid = '', namespace, name } = pod.metadata;
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
      lastTransitionTime: rfc3339(clock.now()),
    };
    memoryOf(uid).verdict = { reason: 'Evicted', message, graceSeconds, conditions: [condition] };
    events.pod(pod, 'Warning', 'Evicted', message);
    log.warn({ pod: `${namespace}/${name}`, uid, why: message.trim() }, 'pod evicted');
    evicted(uid);
  }
}

const resourceNames = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
} as const;

/** Follows: evictionMessage. */
function messageOf(
  { signal, value }: Threshold,
  readings: Readings,
  use: PodUse,
  containers: readonly ContainerUse[],
): string {
  const resource = resourceNames[signal];
  const { available = 0, capacity = 0 } = readings.get(signal) ?? {};
  const isBytes = resource === 'memory' || resource === 'ephemeral-storage';
  const shown = (amount: number): string => (isBytes ? bytesText(amount) : String(amount));
  const head = `The node was low on resource: ${resource}. Threshold quantity: ${shown(amountOf(value, capacity))}, available: ${shown(available)}. `;
  if (resource !== 'memory') return head;
  const { requested } = claimOf(signal, use);
  const hungry = containers.filter(({ memoryBytes }) => memoryBytes > requested / Math.max(1, containers.length));
  return (
    head +
    hungry
      .map(({ name, memoryBytes }) => {
        const request =
          use.pod.spec.containers.find((one) => one.name === name)?.resources?.requests?.['memory'] ?? '0';
        return `Container ${name} was using ${bytesText(memoryBytes)}, request is ${request}, has larger consumption of memory. `;
      })
      .join('')
  );
}
