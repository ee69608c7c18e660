import type { ClusterState } from './cluster-state.js';
import type { Framework } from './framework.js';
import type { NodeInfo, PodInfo } from './node-info.js';
import type { Refusal, SchedulerPlugin } from './plugin.js';

/** A refusal and whose it is. */
export interface NodeRefusal {
  readonly plugin: string;
  readonly refusal: Refusal;
}

interface ActiveFilter {
  readonly plugin: SchedulerPlugin;
  readonly state: unknown;
}

/** What the plugins worked out before looking at nodes. */
export type Prefiltered =
  | {
      readonly kind: 'filters';
      readonly filters: readonly ActiveFilter[];
      /** No other node can fit. */
      readonly only: ReadonlySet<string> | undefined;
      readonly onlyBecauseOf: readonly string[];
    }
  | { readonly kind: 'refused'; readonly plugin: string; readonly refusal: Refusal };

/** Asks each plugin once; those that have nothing to say about this pod are left out from here on. */
export function prefilter(pod: PodInfo, cluster: ClusterState, { filters }: Framework): Prefiltered {
  const active: ActiveFilter[] = [];
  const onlyBecauseOf: string[] = [];
  let only: ReadonlySet<string> | undefined;
  for (const plugin of filters) {
    const prepared = plugin.preFilter?.(pod, cluster);
    if (prepared === 'skip') continue;
    if (prepared !== undefined && 'refusal' in prepared)
      return { kind: 'refused', plugin: plugin.name, refusal: prepared.refusal };
    if (prepared?.only !== undefined) {
      const { only: named } = prepared;
      const before: ReadonlySet<string> | undefined = only;
      only = before === undefined ? named : new Set([...named].filter((name) => before.has(name)));
      onlyBecauseOf.push(plugin.name);
    }
    if (plugin.filter !== undefined) active.push({ plugin, state: prepared?.state });
  }
  return { kind: 'filters', filters: active, only, onlyBecauseOf };
}

/** The first plugin that refuses the node, as it stands. */
export function refusalBy(pod: PodInfo, node: NodeInfo, filters: readonly ActiveFilter[]): NodeRefusal | undefined {
  for (const { plugin, state } of filters) {
    const refusal = plugin.filter?.(pod, node, state);
    if (refusal !== undefined) return { plugin: plugin.name, refusal };
  }
  return undefined;
}

/** Pods that preemption makes room for on a node. */
export interface Nominations {
  on(node: string): readonly PodInfo[];
}

/**
 * The first refusal, also counting pods of at least this importance that are promised the node: with them, since they
 * will come, and without them, since they may not. Follows: RunFilterPluginsWithNominatedPods.
 */
export function refusalWithNominated(
  pod: PodInfo,
  node: NodeInfo,
  filters: readonly ActiveFilter[],
  cluster: ClusterState,
  nominations: Nominations,
): NodeRefusal | undefined {
  const promised = nominations
    .on(node.name)
    .filter(({ uid, priority }) => uid !== pod.uid && priority >= pod.priority && !node.pods.has(uid));
  if (promised.length > 0) {
    for (const other of promised) cluster.place(other, node);
    try {
      const refusal = refusalBy(pod, node, filters);
      if (refusal !== undefined) return refusal;
    } finally {
      for (const other of promised) cluster.lift(other, node);
    }
  }
  return refusalBy(pod, node, filters);
}
