import { readFile, statfs } from 'node:fs/promises';
import type { Clock } from '@geobuk/client';
import type { PodRuntimes } from '../../pods/pod-runtimes.js';
import type { PodSource } from '../../pods/pod-source.js';
import type { ContainerState, ContainerStats, PodState } from '../../runtime/runtime.js';

export interface ContainerUsage extends ContainerStats {
  readonly name: string;
  readonly container: ContainerState;
  /** Over the time since the last question; absent at the first. */
  readonly cpuNanoCores: number | undefined;
}

export interface PodUsage {
  readonly pod: PodState['pod'];
  readonly startTime: string | undefined;
  /** A network of its own. */
  readonly hasNetwork: boolean;
  readonly containers: readonly ContainerUsage[];
}

export interface NodeUsage {
  readonly timestampMs: number;
  readonly cpuUsageNanos: number;
  readonly cpuNanoCores: number | undefined;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryAvailableBytes: number;
  readonly memoryTotalBytes: number;
  readonly fsCapacityBytes: number;
  readonly fsAvailableBytes: number;
}

export interface UsageDeps {
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly clock: Clock;
  readonly dataDir: string;
}

interface Sample {
  readonly at: number;
  readonly nanos: number;
}

const ticksPerSecond = 100;

/** What the node and its pods use now. Measured when asked: nobody pays for numbers that nobody reads. */
export class Usage {
  readonly #deps: UsageDeps;
  #before = new Map<string, Sample>();
  #nodeBefore: Sample | undefined;

  constructor(deps: UsageDeps) {
    this.#deps = deps;
  }

  async pods(signal: AbortSignal): Promise<readonly PodUsage[]> {
    const { runtimes, source } = this.#deps;
    const samples = new Map<string, Sample>();
    const found: PodUsage[] = [];
    for (const runtime of runtimes.all) {
      const [states, stats] = await Promise.all([runtime.observeAll({ signal }), runtime.stats({ signal })]);
      const byId = new Map(stats.map((one) => [one.containerId, one]));
      for (const { pod, containers, sandboxes } of states) {
        const used = containers.flatMap((container) => {
          const measured = container.state === 'running' ? byId.get(container.id) : undefined;
          return measured === undefined ? [] : [this.#with(container, measured, samples)];
        });
        const startTime = source.byUid(pod.uid)?.pod.status?.startTime;
        if (used.length > 0) {
          const hasNetwork = sandboxes.some(({ hostNetwork }) => !hostNetwork);
          found.push({ pod, startTime, hasNetwork, containers: used });
        }
      }
    }
    this.#before = samples;
    return found;
  }

  async node(): Promise<NodeUsage> {
    const [stat, meminfo, disk] = await Promise.all([
      readFile('/proc/stat', 'utf8'),
      readFile('/proc/meminfo', 'utf8'),
      statfs(this.#deps.dataDir),
    ]);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
      /^cpu\s+(.*)$/m.exec(stat)?.[1]?.split(/\s+/).map(Number) ?? [];
    const nanos = ((user + nice + system + irq + softirq + steal) * 1e9) / ticksPerSecond;
    const kilobytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
    const total = kilobytes('MemTotal');
    const available = kilobytes('MemAvailable');
    const at = this.#deps.clock.now();
    const cpuNanoCores = rateOf(this.#nodeBefore, { at, nanos });
    this.#nodeBefore = { at, nanos };
    return {
      timestampMs: at,
      cpuUsageNanos: nanos,
      cpuNanoCores,
      memoryUsageBytes: total - kilobytes('MemFree'),
      memoryWorkingSetBytes: total - available,
      memoryAvailableBytes: available,
      memoryTotalBytes: total,
      fsCapacityBytes: disk.blocks * disk.bsize,
      fsAvailableBytes: disk.bavail * disk.bsize,
    };
  }

  #with(container: ContainerState, stats: ContainerStats, samples: Map<string, Sample>): ContainerUsage {
    const sample = { at: stats.timestampMs, nanos: stats.cpuUsageNanos };
    samples.set(container.id, sample);
    return { ...stats, name: container.name, container, cpuNanoCores: rateOf(this.#before.get(container.id), sample) };
  }
}

function rateOf(before: Sample | undefined, now: Sample): number | undefined {
  if (before === undefined || now.at <= before.at) return undefined;
  return Math.max(0, Math.round((now.nanos - before.nanos) / ((now.at - before.at) / 1000)));
}
