import type { Node, ObjectKey, Pod, Taint, Toleration } from '@geobuk/api';
import { ignoring, isNotFound, keyOf, nodes, pods, tolerates, uidOf } from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import { byNodeName, nodeNameIndex } from '../node-name-index.js';
import { rfc3339 } from '../rfc3339.js';

export interface TaintEvictionControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/**
 * When a pod has to leave because of its node's NoExecute taints: epoch milliseconds, or undefined for never. Pure.
 * Follows: tolerationSeconds counts from the taint; the shortest of the tolerations that are used decides.
 */
export function evictionTime(pod: Pod, taints: readonly Taint[], now: number): number | undefined {
  const times: number[] = [];
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const used: readonly Toleration[] = (pod.spec.tolerations ?? []).filter((toleration) =>
      tolerates(toleration, taint),
    );
    if (used.length === 0) return now;
    const since = Date.parse(taint.timeAdded ?? '') || now;
    for (const { tolerationSeconds } of used) {
      if (tolerationSeconds !== undefined) times.push(since + Math.max(0, tolerationSeconds) * 1000);
    }
  }
  return times.length === 0 ? undefined : Math.min(...times);
}

const executes = (node: Node | undefined): boolean =>
  node?.spec.taints?.some(({ effect }) => effect === 'NoExecute') ?? false;

/** Deletes pods from nodes whose NoExecute taints they do not, or no longer, tolerate. Follows: taint-eviction-controller. */
export class TaintEvictionController implements Controller {
  readonly name = 'taint-eviction';
  readonly watches;
  readonly #deps: TaintEvictionControllerDeps;
  readonly #nodes: Lister<Node>;
  readonly #pods: Lister<Pod>;

  constructor(deps: TaintEvictionControllerDeps) {
    this.#deps = deps;
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(nodeNameIndex, byNodeName);
    this.#nodes = deps.informers.of(nodes).lister;
    this.#pods = podInformer.lister;
    this.watches = [
      // Of most nodes nobody has to leave, and pods change all the time.
      mapped(pods, (now) =>
        now !== undefined && executes(this.#nodes.get({ name: now.spec.nodeName ?? '' })) ? [keyOf(now)] : [],
      ),
      mapped(nodes, (now, before) => {
        if (now === undefined || (!executes(now) && !executes(before))) return [];
        return this.#pods.byIndex(nodeNameIndex, now.metadata.name ?? '').map(keyOf);
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock, recorder } = this.#deps;
    const pod = this.#pods.get(key); // check
    if (pod?.spec.nodeName === undefined || pod.metadata.deletionTimestamp !== undefined) return settled;
    const taints = this.#nodes.get({ name: pod.spec.nodeName })?.spec.taints ?? [];
    const now = clock.now();
    const at = evictionTime(pod, taints, now); // diff
    if (at === undefined) return settled;
    if (at > now) return { requeueAfterMs: at - now };
    trace.found(`node ${pod.spec.nodeName} has taints this pod does not tolerate`);
    recorder.record(
      pod,
      'Normal',
      'TaintManagerEviction',
      `Marking for deletion Pod ${pod.metadata.namespace ?? ''}/${key.name}`,
    );
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
      lastTransitionTime: rfc3339(now),
    };
    const patch = {
      type: 'strategic',
      body: { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } },
    } as const;
    const gone = ignoring(isNotFound);
    await client.patch(pods, key, patch, { signal, subresource: 'status' }).catch(gone);
    await client.delete(pods, key, { signal, uid: uidOf(pod) }).catch(gone); // act
    trace.did('deleted it');
    return settled;
  }
}
