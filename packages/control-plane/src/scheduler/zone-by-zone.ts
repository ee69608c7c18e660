import type { NodeInfo } from './node-info.js';

const zoneOf = ({ labels }: NodeInfo): string =>
  `${labels['topology.kubernetes.io/region'] ?? ''}/${labels['topology.kubernetes.io/zone'] ?? ''}`;

/**
 * Nodes in turns of their zones, so that a share of the list is a share of every zone.
 * Follows: nodeTree: a1 a2 a3, b1 become a1 b1 a2 a3.
 */
export function zoneByZone(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const zones = new Map<string, NodeInfo[]>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const known = zones.get(zone);
    if (known === undefined) zones.set(zone, [node]);
    else known.push(node);
  }
  if (zones.size <= 1) return nodes;
  const mixed: NodeInfo[] = [];
  for (let turn = 0; mixed.length < nodes.length; turn += 1) {
    for (const members of zones.values()) {
      const node = members[turn];
      if (node !== undefined) mixed.push(node);
    }
  }
  return mixed;
}
