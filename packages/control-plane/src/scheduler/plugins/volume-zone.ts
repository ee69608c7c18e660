import { nodeChanged } from '../cluster-event.js';
import type { SchedulerPlugin } from '../plugin.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';

const refused = { reason: 'node(s) had no available volume zone', preemptionHelps: false } as const;

const zoneLabels = [
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
] as const;

interface ZoneState {
  readonly zones: readonly { readonly label: string; readonly allowed: ReadonlySet<string> }[];
}

/** Keeps pods in the zones of their volumes, where volumes name zones in labels. Follows: VolumeZone. */
export function volumeZone(lookup: VolumeLookup): SchedulerPlugin<ZoneState> {
  return {
    name: 'VolumeZone',
    preFilter({ claims }) {
      const zones: { label: string; allowed: ReadonlySet<string> }[] = [];
      for (const key of claims) {
        const labels = lookup.volume(lookup.claim(key)?.spec?.volumeName ?? '')?.metadata.labels ?? {};
        for (const label of zoneLabels) {
          const value = labels[label];
          if (value !== undefined) zones.push({ label, allowed: new Set(value.split('__')) }); // several zones
        }
      }
      return zones.length === 0 ? 'skip' : { state: { zones } };
    },
    filter(_pod, { labels }, { zones }) {
      if (!zoneLabels.some((label) => labels[label] !== undefined)) return undefined; // a cluster without zones
      return zones.every(({ label, allowed }) => allowed.has(labels[label] ?? '')) ? undefined : refused;
    },
    wokenBy: (event) =>
      event.kind === 'claim' ||
      event.kind === 'volume' ||
      event.kind === 'storageClass' ||
      nodeChanged(event, 'added', 'labels'),
  };
}
