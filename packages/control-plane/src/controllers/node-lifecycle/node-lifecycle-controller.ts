import { isDeepStrictEqual } from 'node:util';
import type { Lease, Node, ObjectKey, Pod } from '@geobuk/api';
import { ignoring, isNotFound, keyOf, leases, nodes, pods } from '@geobuk/api';
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
import { allSettledOrThrow, mapped, primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import { byNodeName, nodeNameIndex } from '../node-name-index.js';
import { heartbeatOf, nodeHealth, unknownConditions, wantedTaints } from './node-health.js';

export interface NodeLifecycleControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** 50 s unless said. */
  readonly gracePeriodMs?: number | undefined;
}

const leaseNamespace = 'kube-node-lease';

/**
 * Notices nodes that fell silent: their conditions become Unknown, their pods not ready, and taints keep pods away.
 * Follows: node lifecycle controller.
 */
export class NodeLifecycleController implements Controller {
  readonly name = 'node-lifecycle';
  readonly watches;
  readonly #deps: NodeLifecycleControllerDeps;
  readonly #nodes: Lister<Node>;
  readonly #leases: Lister<Lease>;
  readonly #pods: Lister<Pod>;
  readonly #wasReady = new Set<string>();
  readonly #heard = new Map<string, { readonly beat: string; readonly at: number }>();

  constructor(deps: NodeLifecycleControllerDeps) {
    this.#deps = deps;
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(nodeNameIndex, byNodeName);
    this.#pods = podInformer.lister;
    this.#nodes = deps.informers.of(nodes).lister;
    this.#leases = deps.informers.of(leases).lister;
    this.watches = [
      primary(nodes),
      mapped(leases, (now) => (now?.metadata.namespace === leaseNamespace ? [{ name: now.metadata.name ?? '' }] : [])),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock, recorder, gracePeriodMs = 50_000 } = this.#deps;
    const node = this.#nodes.get(key); // check
    if (node === undefined) {
      this.#heard.delete(key.name);
      this.#wasReady.delete(key.name);
      return settled;
    }
    const now = clock.now();
    const beat = heartbeatOf(node, this.#leases.get({ namespace: leaseNamespace, name: key.name }));
    if (this.#heard.get(key.name)?.beat !== beat) this.#heard.set(key.name, { beat, at: now });
    const health = nodeHealth(this.#heard.get(key.name)?.at ?? now, now, gracePeriodMs); // diff

    const silent = health.state === 'silent';
    if (silent) {
      const conditions = unknownConditions(node, rfc3339(now));
      if (!isDeepStrictEqual(conditions, node.status?.conditions)) {
        const ready =
          conditions.find(({ type }) => type === 'Ready')?.status !==
          node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
        trace.found(`no heartbeat for ${gracePeriodMs / 1000} s`);
        await client.updateStatus(nodes, { ...node, status: { ...node.status, conditions } }, { signal }); // act
        trace.did('set its conditions to Unknown');
        if (ready) recorder.record(node, 'Normal', 'NodeNotReady', `Node ${key.name} status is now: NodeNotReady`);
        return settled; // the update brings the key back with fresh conditions
      }
    }
    await this.#taint(node, silent, signal, trace);
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    // Only a node that was Ready and is no longer: a kubelet that starts says itself which of its pods are ready.
    if (!ready && this.#wasReady.has(key.name)) await this.#markPodsNotReady(key.name, signal);
    if (ready) this.#wasReady.add(key.name);
    else this.#wasReady.delete(key.name);
    return silent ? settled : { requeueAfterMs: health.silentInMs + 10 };
  }

  async #taint(node: Node, silent: boolean, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const taints = wantedTaints(node, silent, rfc3339(this.#deps.clock.now()));
    if (isDeepStrictEqual([...taints], [...(node.spec.taints ?? [])])) return;
    trace.found('taints that do not fit its conditions');
    const body = {
      metadata: { resourceVersion: node.metadata.resourceVersion },
      spec: { taints: taints.length === 0 ? null : taints },
    };
    await this.#deps.client.patch(nodes, keyOf(node), { type: 'merge', body }, { signal });
    trace.did(
      taints.length === 0
        ? 'removed them'
        : `set ${taints.map(({ key, effect }) => `${key}:${effect ?? ''}`).join(', ')}`,
    );
  }

  /** Nobody vouches for these pods any more: Services must not send to them. */
  async #markPodsNotReady(nodeName: string, signal: AbortSignal): Promise<void> {
    const { client, clock, recorder } = this.#deps;
    const ready = this.#pods
      .byIndex(nodeNameIndex, nodeName)
      .filter((pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'));
    await allSettledOrThrow(
      ready.map(async (pod) => {
        const body = {
          status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: rfc3339(clock.now()) }] },
        };
        recorder.record(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
        await client
          .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal, subresource: 'status' })
          .catch(ignoring(isNotFound));
      }),
    );
  }
}
