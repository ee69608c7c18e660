import type { HostPort } from '../node-info.js';
import type { SchedulerPlugin } from '../plugin.js';

const everywhere = (ip: string): boolean => ip === '' || ip === '0.0.0.0';
const clash = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || everywhere(a.ip) || everywhere(b.ip));

/** Keeps pods off nodes where their host ports are taken. Follows: NodePorts. */
export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  filter({ hostPorts }, node) {
    if (hostPorts.length === 0) return undefined;
    for (const other of node.pods.values()) {
      if (other.hostPorts.some((taken) => hostPorts.some((wanted) => clash(wanted, taken)))) {
        return { reason: "node(s) didn't have free ports for the requested pod ports", preemptionHelps: true };
      }
    }
    return undefined;
  },
};
