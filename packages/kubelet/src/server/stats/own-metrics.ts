import { kubeletVersion } from '../../node/node-object.js';
import type { PodState } from '../../runtime/runtime.js';
import { Exposition } from './exposition.js';
import type { VolumeStats } from './volume-stats.js';

export interface OwnFacts {
  readonly nodeName: string;
  readonly states: readonly PodState[];
  /** Of claimed volumes. */
  readonly volumes: readonly { readonly namespace: string; readonly stats: VolumeStats }[];
}

type VolumeNumber = 'capacityBytes' | 'availableBytes' | 'usedBytes' | 'inodes' | 'inodesFree' | 'inodesUsed';

const volumeSeries: readonly (readonly [string, string, VolumeNumber])[] = [
  ['capacity_bytes', 'Capacity in bytes of the volume', 'capacityBytes'],
  ['available_bytes', 'Number of available bytes in the volume', 'availableBytes'],
  ['used_bytes', 'Number of used bytes in the volume', 'usedBytes'],
  ['inodes', 'Maximum number of inodes in the volume', 'inodes'],
  ['inodes_free', 'Number of free inodes in the volume', 'inodesFree'],
  ['inodes_used', 'Number of used inodes in the volume', 'inodesUsed'],
];

/** What the kubelet says of itself and of what it keeps. Follows: /metrics of the kubelet, its names. Pure. */
export function ownMetrics({ nodeName, states, volumes }: OwnFacts): string {
  const out = new Exposition();
  out.family('kubelet_node_name', 'gauge', "The node's name. The count is always 1.");
  out.sample('kubelet_node_name', { node: nodeName }, 1);
  out.family('kubernetes_build_info', 'gauge', 'A metric with a constant 1 value labeled by the version.');
  out.sample('kubernetes_build_info', { git_version: kubeletVersion, platform: `linux/${process.arch}` }, 1);
  const running = states.filter(({ sandboxes }) => sandboxes.some(({ state }) => state === 'ready'));
  out.family('kubelet_running_pods', 'gauge', 'Number of pods that have a running pod sandbox');
  out.sample('kubelet_running_pods', {}, running.length);
  const byState = new Map<string, number>();
  for (const { state } of states.flatMap(({ containers }) => containers))
    byState.set(state, (byState.get(state) ?? 0) + 1);
  out.family('kubelet_running_containers', 'gauge', 'Number of containers currently running');
  for (const [state, count] of byState) out.sample('kubelet_running_containers', { container_state: state }, count);
  for (const [name, help, field] of volumeSeries) {
    out.family(`kubelet_volume_stats_${name}`, 'gauge', help);
    for (const { namespace, stats } of volumes) {
      const labels = { namespace, persistentvolumeclaim: stats.claim ?? '' };
      out.sample(`kubelet_volume_stats_${name}`, labels, stats[field]);
    }
  }
  return out.toString();
}
