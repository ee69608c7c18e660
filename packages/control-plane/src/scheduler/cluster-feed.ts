import type { KubernetesObject, Pod, PodDisruptionBudget, ResourceType } from '@geobuk/api';
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  deepEqual,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  services,
  statefulSets,
  storageClasses,
} from '@geobuk/api';
import type { Informers } from '@geobuk/client';
import type { ClusterEvent } from './cluster-event.js';
import { nodeChanges } from './cluster-event.js';
import { ClusterState, isFinished } from './cluster-state.js';

export interface ClusterFeedDeps {
  readonly informers: Informers;
  /** Called after the state has taken the change in. */
  readonly happened: (event: ClusterEvent) => void;
  readonly podChanged: (now: Pod | undefined, before: Pod | undefined) => void;
  readonly claimsChanged: () => void;
}

type StorageEvent = Exclude<ClusterEvent['kind'], 'node' | 'podPlaced' | 'podGone' | 'podRelabelled' | 'namespace'>;

/** Turns what informers tell into the cluster's state and into events that can help waiting pods. */
export class ClusterFeed {
  readonly state = new ClusterState();
  readonly #deps: ClusterFeedDeps;
  #signal = new AbortController().signal;

  constructor(deps: ClusterFeedDeps) {
    this.#deps = deps;
    const { informers, happened, claimsChanged } = deps;
    informers.of(namespaces).subscribe({
      changed: (now, before) => {
        const name = (now ?? before)?.metadata.name ?? '';
        const labels = now === undefined ? undefined : (now.metadata.labels ?? {});
        const changed = !deepEqual(labels, this.state.labelsOfNamespace(name));
        this.state.namespaceChanged(name, labels);
        if (changed) happened({ kind: 'namespace' });
      },
    });
    informers.of(nodes).subscribe({
      changed: (now, before) => {
        this.state.nodeChanged(now, before);
        const changes = now === undefined ? undefined : nodeChanges(now, before);
        if (now !== undefined && changes !== undefined && changes.size > 0)
          happened({ kind: 'node', changes, node: now });
      },
    });
    informers.of(pods).subscribe({ changed: (now, before) => this.#podChanged(now, before) });
    this.#storage(persistentVolumeClaims, 'claim', claimsChanged);
    this.#storage(persistentVolumes, 'volume');
    this.#storage(storageClasses, 'storageClass');
    this.#storage(csiNodes, 'csiNode');
    this.#storage(csiDrivers, 'csiNode');
    this.#storage(csiStorageCapacities, 'storageCapacity');
  }

  /** Fires when the scheduler stops. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  budgets(): readonly PodDisruptionBudget[] {
    return this.#deps.informers.of(podDisruptionBudgets).lister.list();
  }

  /** Everything that decisions look at is there. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const { informers } = this.#deps;
    // One after the other: all come at the same time anyway, and each wait listens to the same signal.
    for (const synced of [
      informers.of(namespaces),
      informers.of(nodes),
      informers.of(pods),
      informers.of(services),
      informers.of(replicaSets),
      informers.of(statefulSets),
      informers.of(replicationControllers),
      informers.of(persistentVolumeClaims),
      informers.of(persistentVolumes),
      informers.of(storageClasses),
      informers.of(csiNodes),
      informers.of(csiDrivers),
      informers.of(csiStorageCapacities),
      informers.of(podDisruptionBudgets),
    ]) {
      await synced.whenSynced(signal);
    }
  }

  #storage<T extends KubernetesObject>(type: ResourceType<T>, kind: StorageEvent, also?: () => void): void {
    this.#deps.informers.of(type).subscribe({
      changed: () => {
        also?.();
        this.#deps.happened({ kind });
      },
    });
  }

  #podChanged(now: Pod | undefined, before: Pod | undefined): void {
    const { happened, podChanged } = this.#deps;
    const wasAssumed = this.state.isAssumed((now ?? before)?.metadata.uid ?? '');
    this.state.podChanged(now, before);
    podChanged(now, before);
    const stands = (pod: Pod | undefined): pod is Pod =>
      pod !== undefined && (pod.spec.nodeName ?? '') !== '' && !isFinished(pod);
    if (stands(now)) {
      if (!stands(before)) happened({ kind: 'podPlaced', pod: now });
      else if (!deepEqual(now.metadata.labels, before.metadata.labels)) happened({ kind: 'podRelabelled', pod: now });
      return;
    }
    const gone = stands(before) ? before : wasAssumed && now === undefined ? before : undefined;
    if (gone !== undefined) happened({ kind: 'podGone', pod: gone });
  }
}
