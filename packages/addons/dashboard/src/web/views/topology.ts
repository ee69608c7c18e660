import { matchesSelector } from './selector.js';
import type { PlacedPod } from './place-pods.js';

export interface MapNode {
  readonly id: string;
  readonly kind: 'service' | 'pod' | 'node';
  readonly name: string;
  readonly namespace: string;
  readonly status: string;
  readonly x: number;
  readonly y: number;
}

export interface Topology {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly (readonly [from: MapNode, to: MapNode])[];
  readonly height: number;
}

export interface MapService {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Readonly<Record<string, string>>;
}

const columns = { service: 20, pod: 390, node: 760 } as const;
const step = 40;

/** Three columns, with pods in the order of the Services that they stand behind. Pure. */
export function layOut(services: readonly MapService[], pods: readonly PlacedPod[]): Topology {
  const idOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;
  const behind = services.map((service) => ({
    service,
    pods: pods.filter(
      ({ namespace, labels }) => namespace === service.namespace && matchesSelector(service.selector, labels),
    ),
  }));
  const ordered = [...new Set([...behind.flatMap(({ pods: found }) => found), ...pods])];
  const placed = new Map<string, MapNode>();
  const place = (
    kind: MapNode['kind'],
    names: readonly Omit<MapNode, 'id' | 'kind' | 'x' | 'y'>[],
    height: number,
  ): void => {
    const gap = names.length === 0 ? step : Math.max(step, height / names.length);
    for (const [index, each] of names.entries()) {
      const id = idOf(kind, each.namespace, each.name);
      placed.set(id, { ...each, id, kind, x: columns[kind], y: gap * index + gap / 2 });
    }
  };
  const nodeNames = [...new Set(ordered.flatMap(({ node }) => node ?? []))].sort();
  const height = Math.max(1, ordered.length, services.length, nodeNames.length) * step;
  place(
    'service',
    services.map(({ name, namespace }) => ({ name, namespace, status: '' })),
    height,
  );
  place('pod', ordered, height);
  place(
    'node',
    nodeNames.map((name) => ({ name, namespace: '', status: '' })),
    height,
  );
  const edges: (readonly [MapNode, MapNode])[] = [];
  const join = (from: string, to: string): void => {
    const [a, b] = [placed.get(from), placed.get(to)];
    if (a !== undefined && b !== undefined) edges.push([a, b]);
  };
  for (const { service, pods: found } of behind)
    for (const pod of found)
      join(idOf('service', service.namespace, service.name), idOf('pod', pod.namespace, pod.name));
  for (const { namespace, name, node } of ordered)
    if (node !== undefined) join(idOf('pod', namespace, name), idOf('node', '', node));
  return { nodes: [...placed.values()], edges, height };
}
