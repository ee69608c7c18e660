import { nodeChanged } from '../cluster-event.js';
import type { HostPort } from '../node-info.js';
import { podInfo } from '../node-info.js';
import type { SchedulerPlugin } from '../plugin.js';

const refused = {
  reason: "node(s) didn't have free ports for the requested pod ports",
  preemptionHelps: true,
} as const;

const everywhere = (ip: string): boolean => ip === '' || ip === '0.0.0.0';
const clash = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || everywhere(a.ip) || everywhere(b.ip));
const anyClash = (wanted: readonly HostPort[], taken: readonly HostPort[]): boolean =>
  taken.some((one) => wanted.some((other) => clash(other, one)));

/** Keeps pods off nodes where their host ports are taken. Follows: NodePorts. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  preFilter: ({ hostPorts }) => (hostPorts.length === 0 ? 'skip' : { state: undefined }),
  filter({ hostPorts }, node) {
    for (const other of node.pods.values())
      if (other.hostPorts.length > 0 && anyClash(hostPorts, other.hostPorts)) return refused;
    return undefined;
  },
  wokenBy: (event) => nodeChanged(event, 'added') || event.kind === 'podGone',
  helps: (event, { hostPorts }) => event.kind !== 'podGone' || anyClash(hostPorts, podInfo(event.pod).hostPorts),
};
