import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';

const refused = { reason: 'node(s) exceed max volume count', preemptionHelps: true } as const;

interface Attachment {
  readonly driver: string;
  /** The same volume used twice is attached once. */
  readonly id: string;
}

interface LimitState {
  readonly wanted: readonly Attachment[];
}

/** Keeps pods off nodes whose CSI drivers cannot attach more volumes. Follows: NodeVolumeLimits (CSINode allocatable). */
export function nodeVolumeLimits(lookup: VolumeLookup): SchedulerPlugin<LimitState> {
  const attachment = (claimKey: string): Attachment | undefined => {
    const claim = lookup.claim(claimKey);
    const volume = lookup.volume(claim?.spec?.volumeName ?? '');
    if (volume !== undefined) {
      const csi = volume.spec?.csi;
      return csi === undefined ? undefined : { driver: csi.driver, id: `${csi.driver}/${csi.volumeHandle}` };
    }
    const driver = lookup.storageClass(claim?.spec?.storageClassName ?? '')?.provisioner;
    return driver === undefined ? undefined : { driver, id: `${driver}/${claimKey}` };
  };
  return {
    name: 'NodeVolumeLimits',
    preFilter({ claims }) {
      const wanted = claims.flatMap((key) => attachment(key) ?? []);
      return wanted.length === 0 ? 'skip' : { state: { wanted } };
    },
    filter(_pod, node, { wanted }) {
      const limits = new Map<string, number>();
      for (const { name, allocatable } of lookup.csiNode(node.name)?.spec.drivers ?? [])
        if (allocatable?.count !== undefined) limits.set(name, allocatable.count);
      if (!wanted.some(({ driver }) => limits.has(driver))) return undefined;
      const attached = new Map<string, Set<string>>();
      const attach = ({ driver, id }: Attachment): void => {
        const ids = attached.get(driver) ?? new Set<string>();
        attached.set(driver, ids.add(id));
      };
      for (const { claims } of node.pods.values()) claims.flatMap((key) => attachment(key) ?? []).forEach(attach);
      const before = new Map([...attached].map(([driver, ids]) => [driver, ids.size]));
      wanted.forEach(attach);
      for (const [driver, ids] of attached) {
        const limit = limits.get(driver);
        // A node that is over its limit already refuses only those that would attach more.
        if (limit !== undefined && ids.size > limit && ids.size > (before.get(driver) ?? 0)) return refused;
      }
      return undefined;
    },
    wokenBy: (event) =>
      event.kind === 'csiNode' || event.kind === 'podGone' || event.kind === 'claim' || nodeChanged(event, 'added'),
  };
}
