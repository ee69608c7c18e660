import type { Node, ObjectKey, Pod } from '@geobuk/api';
import { ignoring, isNotFound, keyOf, nodes, pods, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, settled } from '@geobuk/client';
import { byNodeName, nodeNameIndex } from '../node-name-index.js';
import { rfc3339 } from '../rfc3339.js';

export interface PodGcControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** 12500 unless said. */
  readonly terminatedThreshold?: number | undefined;
}

/** A node may register again within this time without losing its pods. */
const nodeGoneGraceMs = 40_000;
const standardThreshold = 12_500;

/**
 * Removes pods that nobody else will: bound to a node that is gone, deleted before they were scheduled, finished and too many,
 * or being deleted on a node that is out of service.
 * Follows: pod garbage collector.
 */
export class PodGcController implements Controller {
  readonly name = 'pod-garbage-collector';
  readonly watches;
  readonly #deps: PodGcControllerDeps;
  readonly #nodes: Lister<Node>;
  readonly #pods: Lister<Pod>;
  readonly #missingSince = new Map<string, number>();

  constructor(deps: PodGcControllerDeps) {
    this.#deps = deps;
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(nodeNameIndex, byNodeName);
    podInformer.addIndex('finished', (pod) => (isFinished(pod) ? ['yes'] : []));
    this.#nodes = deps.informers.of(nodes).lister;
    this.#pods = podInformer.lister;
    this.watches = [
      mapped(pods, (now) => (now !== undefined && this.#mayGo(now) ? [keyOf(now)] : [])),
      mapped(nodes, (now, before) => {
        if (now !== undefined) this.#missingSince.delete(now.metadata.name ?? '');
        if (now !== undefined && !isOutOfService(now)) return [];
        return this.#pods.byIndex(nodeNameIndex, (now ?? before)?.metadata.name ?? '').map(keyOf);
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { clock, terminatedThreshold = standardThreshold } = this.#deps;
    const pod = this.#pods.get(key); // check
    if (pod === undefined) return settled;
    const { nodeName } = pod.spec;
    if (nodeName === undefined || nodeName === '') {
      if (pod.metadata.deletionTimestamp !== undefined && pod.metadata.deletionGracePeriodSeconds !== 0) {
        trace.found('deleted before it had a node');
        await this.#remove(pod, signal);
        trace.did('removed it');
      }
      return settled;
    }
    if (this.#nodes.get({ name: nodeName }) === undefined) {
      const since = this.#missingSince.get(nodeName) ?? clock.now();
      this.#missingSince.set(nodeName, since);
      const leftMs = since + nodeGoneGraceMs - clock.now();
      if (leftMs > 0) return { requeueAfterMs: leftMs };
      trace.found(`its node ${nodeName} is gone`);
      await this.#markFailed(pod, signal);
      await this.#remove(pod, signal);
      trace.did('removed it');
      return settled;
    }
    const node = this.#nodes.get({ name: nodeName });
    if (pod.metadata.deletionTimestamp !== undefined && node !== undefined && isOutOfService(node)) {
      trace.found(`its node ${nodeName} is out of service`);
      await this.#markFailed(pod, signal);
      await this.#remove(pod, signal);
      trace.did('removed it');
      return settled;
    }
    if (!isFinished(pod)) return settled;
    const finished = this.#pods.byIndex('finished', 'yes');
    const surplus = finished.length - terminatedThreshold;
    if (surplus <= 0) return settled;
    const oldest = [...finished]
      .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
      .slice(0, surplus);
    trace.found(`${surplus} finished pods too many`);
    for (const candidate of oldest) await this.#remove(candidate, signal);
    trace.did('removed the oldest');
    return settled;
  }

  /** Whether there is anything to look at: most pods are well, and change all the time. */
  #mayGo(pod: Pod): boolean {
    const { nodeName = '' } = pod.spec;
    const isLeaving = pod.metadata.deletionTimestamp !== undefined;
    if (nodeName === '') return isLeaving;
    const node = this.#nodes.get({ name: nodeName });
    if (node === undefined || (isLeaving && isOutOfService(node))) return true;
    const { terminatedThreshold = standardThreshold } = this.#deps;
    return isFinished(pod) && this.#pods.byIndex('finished', 'yes').length > terminatedThreshold;
  }

  async #markFailed(pod: Pod, signal: AbortSignal): Promise<void> {
    if (isFinished(pod)) return;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByPodGC',
      message: 'PodGC: node no longer exists',
      lastTransitionTime: rfc3339(this.#deps.clock.now()),
    };
    const body = { status: { phase: 'Failed', conditions: [condition] } };
    await this.#deps.client
      .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal, subresource: 'status' })
      .catch(ignoring(isNotFound));
  }

  async #remove(pod: Pod, signal: AbortSignal): Promise<void> {
    await this.#deps.client
      .delete(pods, keyOf(pod), { signal, uid: uidOf(pod), gracePeriodSeconds: 0 })
      .catch(ignoring(isNotFound));
  }
}

const isFinished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

/** An administrator vouches that the node is off, and its kubelet says nothing to the contrary. */
const isOutOfService = ({ spec, status }: Node): boolean =>
  (spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false) &&
  status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True';
