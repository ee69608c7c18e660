import type { Pod } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { CsiVolumes } from '../../csi/csi-volumes.js';
import { claimOf } from '../../pods/pod-references.js';
import type { VolumeManager } from '../../volumes/volume-manager.js';
import { directoryStats } from './file-stats.js';
import type { FileStats } from './file-stats.js';

export interface VolumeStats extends Omit<FileStats, 'timestampMs'> {
  readonly timestampMs: number;
  readonly name: string;
  /** Of a claimed volume. */
  readonly claim: string | undefined;
  /** Lies on the node's own disk and goes with the pod. */
  readonly ephemeral: boolean;
  /** What its driver says of it. */
  readonly abnormal: boolean | undefined;
}

export interface VolumeStatsDeps {
  readonly volumes: Pick<VolumeManager, 'mounted'>;
  readonly csi: Pick<CsiVolumes, 'measurable'>;
  readonly clock: Clock;
}

/** Follows: volumeStatsAggPeriod. Files are counted one by one: not at each question. */
const keepMs = 60_000;

/** What the volumes of a pod take, measured when somebody asks and kept for a minute. */
export class VolumeStatsReader {
  readonly #deps: VolumeStatsDeps;
  readonly #kept = new Map<string, { readonly until: number; readonly stats: Promise<readonly VolumeStats[]> }>();

  constructor(deps: VolumeStatsDeps) {
    this.#deps = deps;
  }

  of(pod: Pod, signal: AbortSignal): Promise<readonly VolumeStats[]> {
    const uid = pod.metadata.uid ?? '';
    const now = this.#deps.clock.now();
    const known = this.#kept.get(uid);
    if (known !== undefined && known.until > now) return known.stats;
    const stats = this.#measure(pod, now, signal);
    this.#kept.set(uid, { until: now + keepMs, stats });
    stats.catch(() => this.#kept.delete(uid));
    return stats;
  }

  /** Pods that are gone need no numbers. */
  keepOnly(uids: ReadonlySet<string>): void {
    for (const uid of this.#kept.keys()) if (!uids.has(uid)) this.#kept.delete(uid);
  }

  async #measure(pod: Pod, now: number, signal: AbortSignal): Promise<readonly VolumeStats[]> {
    const { volumes, csi } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    const ofDrivers = new Map(csi.measurable(uid).map((one) => [one.published.hostPath, one]));
    const found: VolumeStats[] = [];
    for (const volume of pod.spec.volumes ?? []) {
      const mounted = volumes.mounted(uid, volume.name);
      // Paths of the node are the node's, and images are counted with images.
      if (mounted === undefined || volume.hostPath !== undefined || mounted.image !== undefined) continue;
      const claim = claimOf(pod, volume);
      const driver = ofDrivers.get(mounted.hostPath);
      const common = { name: volume.name, claim, ephemeral: claim === undefined && volume.csi === undefined };
      if (driver !== undefined) {
        const told = await askDriver(driver, now, signal);
        if (told !== undefined) found.push({ ...common, ...told });
      } else if (mounted.block !== true) {
        const files = await directoryStats(mounted.hostPath, now, signal);
        const inMemory = volume.emptyDir?.medium === 'Memory';
        if (files !== undefined)
          found.push({ ...common, ...files, ephemeral: common.ephemeral && !inMemory, abnormal: undefined });
      }
    }
    return found;
  }
}

type Measurable = ReturnType<CsiVolumes['measurable']>[number];

/** @returns `undefined` where the driver does not answer now. */
async function askDriver(
  { plugin, published }: Measurable,
  timestampMs: number,
  signal: AbortSignal,
): Promise<(FileStats & { readonly abnormal: boolean | undefined }) | undefined> {
  const { wanted, hostPath, staging } = published;
  const request = { volumeId: wanted.handle, volumePath: hostPath, stagingTargetPath: staging ?? '' };
  const answer = await plugin.call('NodeGetVolumeStats', request, signal).catch(() => undefined);
  if (answer === undefined) return undefined;
  const bytes = answer.usage.find(({ unit }) => unit === 'BYTES');
  const inodes = answer.usage.find(({ unit }) => unit === 'INODES');
  return {
    timestampMs,
    availableBytes: bytes?.available ?? 0,
    capacityBytes: bytes?.total ?? 0,
    usedBytes: bytes?.used ?? 0,
    inodesFree: inodes?.available ?? 0,
    inodes: inodes?.total ?? 0,
    inodesUsed: inodes?.used ?? 0,
    abnormal: answer.volumeCondition?.abnormal,
  };
}
