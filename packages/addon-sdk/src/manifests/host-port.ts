/** Below the node ports of Services (30000) and the kernel's ephemeral ports (32768). */
const firstPort = 20_000;
const clusterCount = 1_000;
const portsEach = 10;

/**
 * A port of the host for an addon of this cluster. Clusters on one machine get different ones with high probability; a
 * clash shows as a bind error in the addon's log, and its config can then name another.
 */
export function hostPort(clusterId: string, offset: number): number {
  if (!Number.isInteger(offset) || offset < 0 || offset >= portsEach)
    throw new RangeError(`offset ${offset} is not in 0..${portsEach - 1}`);
  return firstPort + (Number.parseInt(clusterId, 16) % clusterCount) * portsEach + offset;
}
