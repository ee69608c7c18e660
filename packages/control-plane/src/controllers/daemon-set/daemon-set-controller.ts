import { isDeepStrictEqual } from 'node:util';
import type { ControllerRevision, DaemonSet, Node, ObjectKey, Pod } from '@geobuk/api';
import {
  controllerRevisions,
  daemonSets,
  formatKey,
  ignoring,
  isNotFound,
  keyOf,
  nodes,
  pods,
  uidOf,
} from '@geobuk/api';
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
import { mapped, ownedBy, primary, settled } from '@geobuk/client';
import { byControllerUid, controllerUidIndex } from '../controller-ref.js';
import { Dependants } from '../dependants.js';
import { Expectations } from '../expectations.js';
import type { History } from '../history/controller-history.js';
import {
  RevisionCollision,
  hashOf,
  revisionHashLabel,
  syncHistory,
  truncateHistory,
} from '../history/controller-history.js';
import { PodControl } from '../pod-control.js';
import { podFromTemplate } from '../pod-template.js';
import { daemonSetStatus, daemonTolerations, diffDaemonSet, nodeOfDaemon } from './daemon-set-diff.js';

export interface DaemonSetControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/** A daemon that failed is made again after this long, doubling. Follows: failedPodsBackoff. */
const firstBackOffMs = 1_000;
const lastBackOffMs = 15 * 60_000;

/** Keeps one pod on each eligible node. Follows: DaemonSet controller; the default scheduler binds the pods. */
export class DaemonSetController implements Controller {
  readonly name = 'daemonset';
  readonly watches;
  readonly #deps: DaemonSetControllerDeps;
  readonly #daemonSets: Lister<DaemonSet>;
  readonly #pods: Dependants<DaemonSet, Pod>;
  readonly #nodes: Lister<Node>;
  readonly #revisions: Lister<ControllerRevision>;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(deps: DaemonSetControllerDeps) {
    this.#deps = deps;
    this.#expectations = new Expectations(deps.clock);
    this.#podControl = new PodControl({ ...deps, expectations: this.#expectations });
    this.#pods = new Dependants({
      ...deps,
      ownerType: daemonSets,
      type: pods,
      selectorOf: ({ spec }) => spec.selector,
    });
    const revisionInformer = deps.informers.of(controllerRevisions);
    revisionInformer.addIndex(controllerUidIndex, byControllerUid);
    this.#daemonSets = deps.informers.of(daemonSets).lister;
    this.#nodes = deps.informers.of(nodes).lister;
    this.#revisions = revisionInformer.lister;
    this.watches = [
      primary(daemonSets),
      this.#expectations.observing(this.#pods.owned),
      this.#pods.orphans,
      ownedBy(daemonSets, controllerRevisions),
      mapped(nodes, (now, before) => (sameForDaemons(now, before) ? [] : this.#daemonSets.list().map(keyOf))),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const id = formatKey(key);
    const ds = this.#daemonSets.get(key); // check
    if (ds === undefined) {
      this.#expectations.forget(id);
      return settled;
    }
    if (ds.metadata.deletionTimestamp !== undefined) return settled;
    const owned = await this.#pods.of(ds, { signal });
    const history = await this.#history(ds, signal);
    if (history === undefined || !this.#expectations.satisfied(id)) return settled;
    const hash = hashOf(history.current);
    const allNodes = this.#nodes.list();

    const plan = diffDaemonSet(ds, allNodes, owned, hash, clock.now()); // diff

    const wait = this.#backOff(ds, plan.failed);
    const failed = wait === undefined ? plan.failed : [];
    const blocked = new Set(wait === undefined ? [] : plan.failed.map(nodeOfDaemon));
    const create = plan.create.filter((name) => !blocked.has(name));
    if (create.length > 0) trace.found(`${create.length} nodes without a daemon`);
    if (plan.remove.length > 0) trace.found(`${plan.remove.length} daemons too many or too old`);
    await this.#podControl.remove(ds, [...plan.remove, ...failed], { signal, trace }); // act
    const error = await this.#podControl.create(
      ds,
      create.map((name) => daemonPod(ds, name, hash)),
      { signal, trace },
    );
    if (error !== undefined) throw error;
    await truncateHistory(client, history, new Set(owned.map(hashOf)), ds.spec.revisionHistoryLimit ?? 10, { signal });

    const status = daemonSetStatus(ds, allNodes, owned, hash, clock.now());
    if (!isDeepStrictEqual(status, ds.status))
      await client.updateStatus(daemonSets, { ...ds, status }, { signal }).catch(ignoring(isNotFound));
    const wakeAfterMs = Math.min(wait ?? Number.POSITIVE_INFINITY, plan.wakeAfterMs ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(wakeAfterMs) ? { requeueAfterMs: wakeAfterMs } : settled;
  }

  async #history(ds: DaemonSet, signal: AbortSignal): Promise<History | undefined> {
    const { client } = this.#deps;
    const owner = {
      type: daemonSets,
      object: ds,
      template: ds.spec.template,
      selectorLabels: ds.spec.template.metadata?.labels ?? {},
      collisionCount: ds.status?.collisionCount ?? 0,
    };
    try {
      return await syncHistory(client, owner, this.#revisions.byIndex(controllerUidIndex, uidOf(ds)), { signal });
    } catch (error) {
      if (!(error instanceof RevisionCollision)) throw error;
      const status = { ...daemonSetStatus(ds, [], [], '', 0), ...ds.status, collisionCount: owner.collisionCount + 1 };
      await client.updateStatus(daemonSets, { ...ds, status }, { signal });
      return undefined; // the update brings the key back
    }
  }

  /** Milliseconds to wait before failed daemons are replaced, or undefined for at once. */
  #backOff(ds: DaemonSet, failed: readonly Pod[]): number | undefined {
    const { clock, recorder } = this.#deps;
    const uid = uidOf(ds);
    if (failed.length === 0) return undefined;
    const entry = this.#failures.get(uid) ?? { count: 0, until: 0 };
    const left = entry.until - clock.now();
    if (left > 0) return left;
    const delay = Math.min(lastBackOffMs, firstBackOffMs * 2 ** entry.count);
    this.#failures.set(uid, { count: entry.count + 1, until: clock.now() + delay });
    for (const pod of failed) {
      recorder.record(
        ds,
        'Warning',
        'FailedDaemonPod',
        `Found failed daemon pod ${formatKey(keyOf(pod))} on node ${pod.spec.nodeName ?? ''}, will try to kill it`,
      );
    }
    return undefined;
  }
}

/** The pod for one node: pinned there by affinity, so that the scheduler still checks resources and taints. */
function daemonPod(ds: DaemonSet, nodeName: string, hash: string): Pod {
  const pod = podFromTemplate(daemonSets, ds, ds.spec.template);
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] };
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms ?? [{}];
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [revisionHashLabel]: hash } },
    spec: {
      ...pod.spec,
      tolerations: daemonTolerations(pod.spec),
      affinity: {
        ...pod.spec.affinity,
        nodeAffinity: {
          ...pod.spec.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: required.map((other) => ({ ...other, ...term })),
          },
        },
      },
    },
  };
}

/** Heartbeats and resource numbers of nodes change all the time and mean nothing to daemons. */
const sameForDaemons = (now: Node | undefined, before: Node | undefined): boolean =>
  now !== undefined &&
  before !== undefined &&
  isDeepStrictEqual(now.metadata.labels, before.metadata.labels) &&
  isDeepStrictEqual(now.spec.taints, before.spec.taints);
