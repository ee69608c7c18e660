import type { Node, ObjectKey } from '@geobuk/api';
import { ignoring, isNotFound, nodes } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';

export interface TtlControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
}

export const ttlAnnotation = 'node.alpha.kubernetes.io/ttl';

/** Sizes of a cluster, and how long a kubelet may then keep Secrets and ConfigMaps. A step back down comes later than the step up. */
const steps: readonly { readonly downTo: number; readonly upTo: number; readonly ttlSeconds: number }[] = [
  { downTo: 0, upTo: 100, ttlSeconds: 0 },
  { downTo: 90, upTo: 500, ttlSeconds: 15 },
  { downTo: 450, upTo: 1_000, ttlSeconds: 30 },
  { downTo: 900, upTo: 2_000, ttlSeconds: 60 },
  { downTo: 1_800, upTo: Number.POSITIVE_INFINITY, ttlSeconds: 300 },
];

/** The step a cluster of this size is on, coming from `step`. Pure. Follows: ttlBoundaries. */
export function ttlStep(step: number, size: number): number {
  let next = step;
  while (size > (steps[next]?.upTo ?? Number.POSITIVE_INFINITY)) next += 1;
  while (size < (steps[next]?.downTo ?? 0)) next -= 1;
  return next;
}

/** Tells kubelets how long they may believe in what they read: the larger the cluster, the longer. Follows: ttl-controller. */
export class TtlController implements Controller {
  readonly name = 'ttl';
  readonly watches;
  readonly #deps: TtlControllerDeps;
  readonly #nodes: Lister<Node>;
  #step = 0;

  constructor(deps: TtlControllerDeps) {
    this.#deps = deps;
    this.#nodes = deps.informers.of(nodes).lister;
    this.watches = [
      primary(nodes),
      // Only a change of their number moves the step, and then all nodes are told.
      mapped(nodes, (now, before) => {
        if (now !== undefined && before !== undefined) return [];
        const all = this.#nodes.list();
        const step = ttlStep(this.#step, all.length);
        if (step === this.#step) return [];
        this.#step = step;
        return all.map(({ metadata }) => ({ name: metadata.name ?? '' }));
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const node = this.#nodes.get(key); // check
    const wanted = String(steps[this.#step]?.ttlSeconds ?? 0);
    if (node === undefined || node.metadata.annotations?.[ttlAnnotation] === wanted) return settled; // diff
    trace.found('another time to live than a cluster of this size has');
    const body = { metadata: { annotations: { [ttlAnnotation]: wanted } } };
    await this.#deps.client.patch(nodes, key, { type: 'merge', body }, { signal }).catch(ignoring(isNotFound)); // act
    trace.did(`set it to ${wanted} s`);
    return settled;
  }
}
