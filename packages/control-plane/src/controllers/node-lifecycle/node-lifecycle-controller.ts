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
import { allSettledOrThrow, mapped, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import { byNodeName, nodeNameIndex } from '../node-name-index.js';
import type { Emptying } from './node-health.js';
import { heartbeatOf, isBeingEmptied, isWell, nodeHealth, unknownConditions, wantedTaints } from './node-health.js';
import type { EvictionLimits } from './zone-disruption.js';
import { ZoneDisruption, zoneOf } from './zone-disruption.js';

export interface NodeLifecycleControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** 50 s unless said. */
  readonly gracePeriodMs?: number | undefined;
  readonly evictionLimits?: EvictionLimits | undefined;
}

const leaseNamespace = 'kube-node-lease';
/** An unwell node is looked at this often: whether it may be emptied hangs on all others. Follows: --node-monitor-period. */
const monitorPeriodMs = 5_000;

/**
 * Notices nodes that fell silent: their conditions become Unknown, their pods not ready, taints keep pods away, and drive those off that
 * are there, no faster than the state of the zone allows.
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
  readonly #zones: ZoneDisruption;
  /** Nodes whose turn to be emptied has come, until their taint is written. */
  readonly #turns = new Set<string>();
  #wasTotal = false;
  /** When the last total disruption ended: silence before that is no node's own. */
  #totalEndedAt = 0;

  constructor(deps: NodeLifecycleControllerDeps) {
    this.#deps = deps;
    this.#zones = new ZoneDisruption(deps.evictionLimits);
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(nodeNameIndex, byNodeName);
    this.#pods = podInformer.lister;
    this.#nodes = deps.informers.of(nodes).lister;
    this.#leases = deps.informers.of(leases).lister;
    this.watches = [
      mapped(nodes, (now, before) => {
        // All nodes are counted before the first is worked on.
        this.#noteHealth(now, before);
        const { name = '' } = (now ?? before)?.metadata ?? {};
        return [{ name }];
      }),
      mapped(leases, (now) => (now?.metadata.namespace === leaseNamespace ? [{ name: now.metadata.name ?? '' }] : [])),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock, recorder, gracePeriodMs = 50_000 } = this.#deps;
    const node = this.#nodes.get(key); // check
    if (node === undefined) {
      this.#heard.delete(key.name);
      this.#turns.delete(key.name);
      this.#wasReady.delete(key.name);
      return settled;
    }
    const now = clock.now();
    const beat = heartbeatOf(node, this.#leases.get({ namespace: leaseNamespace, name: key.name }));
    if (this.#heard.get(key.name)?.beat !== beat) this.#heard.set(key.name, { beat, at: now });
    const heardAt = Math.max(this.#heard.get(key.name)?.at ?? now, this.#totalEndedAt);
    const health = nodeHealth(heardAt, now, gracePeriodMs); // diff

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
    const well = isWell(node, silent);
    await this.#taint(node, silent, signal, trace);
    const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    // Only a node that was Ready and is no longer: a kubelet that starts says itself which of its pods are ready.
    if (!ready && this.#wasReady.has(key.name)) await this.#markPodsNotReady(key.name, signal);
    if (ready) this.#wasReady.add(key.name);
    else this.#wasReady.delete(key.name);
    if (!well) return { requeueAfterMs: monitorPeriodMs };
    return silent ? settled : { requeueAfterMs: health.silentInMs + 10 };
  }

  #noteHealth(now: Node | undefined, before: Node | undefined): void {
    if (now === undefined) this.#zones.forget(before?.metadata.name ?? '');
    else this.#zones.note(now.metadata.name ?? '', zoneOf(now), isWell(now, false));
    const { isTotal } = this.#zones;
    if (this.#wasTotal && !isTotal) this.#totalEndedAt = this.#deps.clock.now();
    this.#wasTotal = isTotal;
  }

  /** Whether the pods of a node that is unwell are driven off it. */
  #emptying(node: Node): Emptying {
    const { name = '' } = node.metadata;
    if (this.#zones.isTotal) return 'never';
    if (isBeingEmptied(node) || this.#turns.has(name)) return 'now';
    if (this.#zones.takeTurn(zoneOf(node), this.#deps.clock.now()) > 0) return 'later';
    this.#turns.add(name);
    return 'now';
  }

  async #taint(node: Node, silent: boolean, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const emptying = isWell(node, silent) ? 'now' : this.#emptying(node);
    const taints = wantedTaints(node, silent, rfc3339(this.#deps.clock.now()), emptying);
    if (isDeepStrictEqual([...taints], [...(node.spec.taints ?? [])])) return;
    trace.found('taints that do not fit its conditions');
    const body = {
      metadata: { resourceVersion: node.metadata.resourceVersion },
      spec: { taints: taints.length === 0 ? null : taints },
    };
    await this.#deps.client.patch(nodes, keyOf(node), { type: 'merge', body }, { signal });
    this.#turns.delete(node.metadata.name ?? '');
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
