import type { AddonResource, CustomResourceDefinition, KubernetesObject } from '@geobuk/api';
import { customResourceDefinitions, ignoring, isNotFound, keyOf } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { resourceText } from './addon-diff.js';
import type { AddonResources } from './addon-resources.js';
import { addonLabel } from './addon-resources.js';

export interface AddonPrunerDeps {
  readonly client: Client;
  readonly resources: AddonResources;
}

export interface PruneOptions {
  readonly addon: string;
  /** Take custom resources along with their definition. */
  readonly deleteData: boolean;
  readonly signal: AbortSignal;
}

export interface PruneResult {
  /** What is still there; empty when all is gone. */
  readonly left: readonly AddonResource[];
  readonly removed: readonly AddonResource[];
  /** Why it does not go on at once. */
  readonly waitingFor: string | undefined;
  /** Definitions that stay because somebody has instances of them. */
  readonly kept: readonly string[];
}

const workloads = new Set(['DaemonSet', 'Deployment', 'StatefulSet', 'Job', 'CronJob', 'ReplicaSet', 'Pod']);

/** Removes what an addon had applied, and only that, last applied first. */
export class AddonPruner {
  readonly #deps: AddonPrunerDeps;

  constructor(deps: AddonPrunerDeps) {
    this.#deps = deps;
  }

  /**
   * Goes as far as it can in one pass. Workloads go first and their pods must have ended before the rights and
   * addresses these still use are taken away: that is when the programs clean up after themselves.
   */
  async prune(inOrder: readonly AddonResource[], options: PruneOptions): Promise<PruneResult> {
    const { addon, signal } = options;
    const { resources } = this.#deps;
    const removed: AddonResource[] = [];
    const kept: string[] = [];
    const left: AddonResource[] = [];
    const order = [
      ...inOrder.filter(({ kind }) => workloads.has(kind)),
      ...inOrder.filter(({ kind }) => !workloads.has(kind)),
    ];
    let waitingFor: string | undefined;
    for (const resource of order) {
      if (!workloads.has(resource.kind)) waitingFor ??= this.#podsLeft(addon);
      if (waitingFor !== undefined && !workloads.has(resource.kind)) {
        left.push(resource);
        continue;
      }
      const live = await resources.read(resource, options);
      // Gone already, or somebody else's by now: the label says whose it is.
      if (live === undefined || live.metadata.labels?.[addonLabel] !== addon) continue;
      const instances = options.deleteData ? undefined : await this.#instancesOf(resource, live, signal);
      if (instances !== undefined) {
        kept.push(instances);
        left.push(resource);
        continue;
      }
      await this.#delete(resource, live, signal);
      removed.push(resource);
      const after = await resources.read(resource, options);
      if (after?.metadata.uid === live.metadata.uid && after !== undefined) {
        left.push(resource);
        waitingFor ??= `${resourceText(resource)} to go`;
      }
    }
    if (left.length === 0) waitingFor ??= this.#podsLeft(addon);
    return { left: left.toReversed(), removed, waitingFor, kept };
  }

  #podsLeft(addon: string): string | undefined {
    const [first, ...rest] = this.#deps.resources.podsOf(addon);
    if (first === undefined) return undefined;
    return `${rest.length + 1} pods to end, such as ${first.metadata.name ?? ''}`;
  }

  async #delete(resource: AddonResource, live: KubernetesObject, signal: AbortSignal): Promise<void> {
    if (live.metadata.deletionTimestamp !== undefined) return;
    await this.#deps.client
      .delete(this.#deps.resources.typeOf(resource), keyOf(live), {
        signal,
        uid: live.metadata.uid,
        propagationPolicy: 'Background',
      })
      .catch(ignoring(isNotFound));
  }

  /** Deleting a definition would take all objects of the kind with it: the user's data. */
  async #instancesOf(
    { kind }: AddonResource,
    live: KubernetesObject,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (kind !== customResourceDefinitions.kind) return undefined;
    const { spec } = live as CustomResourceDefinition;
    const version = spec.versions.find(({ served }) => served);
    if (version === undefined) return undefined;
    const type = this.#deps.resources.typeOf({
      apiVersion: `${spec.group}/${version.name}`,
      kind: spec.names.kind,
      name: live.metadata.name ?? '',
    });
    const { items, metadata } = await this.#deps.client.list(type, { signal, limit: 1 });
    if (items.length === 0) return undefined;
    const count = items.length + (metadata.remainingItemCount ?? 0);
    return `${live.metadata.name ?? ''}: ${count} instances`;
  }
}
