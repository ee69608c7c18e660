import { isDeepStrictEqual } from 'node:util';
import type { ObjectKey, OwnerReference, Pod, PodDisruptionBudget, ResourceType, Scale } from '@geobuk/api';
import {
  apiVersionOf,
  deployments,
  ignoring,
  isNotFound,
  keyOf,
  labelSelectorOf,
  matchesLabels,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
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
import { mapped, primary, settled } from '@geobuk/client';
import { controllerOf } from '../controller-ref.js';
import { countsOwners, diffBudget, failedBudget } from './disruption-diff.js';

export interface DisruptionControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** Everything the server has now: owners may be custom resources with a scale. */
  readonly discover: () => readonly ResourceType[];
}

/** Keeps the numbers of disruption budgets that eviction decides by. Follows: disruption controller. */
export class DisruptionController implements Controller {
  readonly name = 'disruption';
  readonly watches;
  readonly #deps: DisruptionControllerDeps;
  readonly #budgets: Lister<PodDisruptionBudget>;
  readonly #pods: Lister<Pod>;

  constructor(deps: DisruptionControllerDeps) {
    this.#deps = deps;
    this.#budgets = deps.informers.of(podDisruptionBudgets).lister;
    this.#pods = deps.informers.of(pods).lister;
    const ofNamespace = (now: { metadata: { namespace?: string | undefined } } | undefined): readonly ObjectKey[] =>
      now === undefined ? [] : this.#budgets.list(now.metadata.namespace).filter(countsOwners).map(keyOf);
    this.watches = [
      primary(podDisruptionBudgets),
      mapped(pods, (now, before) => this.#budgetsOf(now, before)),
      mapped(replicaSets, ofNamespace),
      mapped(deployments, ofNamespace),
      mapped(statefulSets, ofNamespace),
      mapped(replicationControllers, ofNamespace),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock, recorder } = this.#deps;
    const budget = this.#budgets.get(key); // check
    if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return settled;
    const guarded = this.#pods.list(key.namespace).filter((pod) => selects(budget, pod));
    let scale = 0;
    try {
      if (countsOwners(budget)) scale = await this.#scaleOf(guarded, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const message = error instanceof Error ? error.message : String(error);
      recorder.record(budget, 'Warning', 'CalculateExpectedPodCountFailed', message);
      const status = failedBudget(budget, message, clock.now());
      if (!isDeepStrictEqual(status, budget.status))
        await client.updateStatus(podDisruptionBudgets, { ...budget, status }, { signal });
      throw error;
    }
    if (guarded.length === 0) recorder.record(budget, 'Normal', 'NoPods', 'No matching pods found');
    const { status, wakeAfterMs } = diffBudget(budget, guarded, scale, clock.now()); // diff
    if (!isDeepStrictEqual(status, budget.status)) {
      trace.found(`${status.currentHealthy ?? 0} of ${status.expectedPods ?? 0} pods healthy`);
      // Compare-and-swap: an eviction may have taken from the budget meanwhile.
      await client.updateStatus(podDisruptionBudgets, { ...budget, status }, { signal }).catch(ignoring(isNotFound)); // act
      trace.did(`allowed ${status.disruptionsAllowed ?? 0} disruptions`);
    }
    return wakeAfterMs === undefined ? settled : { requeueAfterMs: wakeAfterMs };
  }

  /** @throws {Error} a pod without an owner, or with one that has no scale. */
  async #scaleOf(guarded: readonly Pod[], signal: AbortSignal): Promise<number> {
    const owners = new Map<string, { readonly reference: OwnerReference; readonly namespace: string | undefined }>();
    for (const pod of guarded) {
      const reference = controllerOf(pod);
      // Pods of nobody count for nothing: no replica of them is wanted.
      if (reference !== undefined) owners.set(reference.uid, { reference, namespace: pod.metadata.namespace });
    }
    const top = new Map<string, number>();
    for (const { reference, namespace } of owners.values()) {
      const { uid, replicas } = await this.#ownerScale(reference, namespace, signal);
      top.set(uid, replicas);
    }
    return [...top.values()].reduce((sum, replicas) => sum + replicas, 0);
  }

  async #ownerScale(
    { apiVersion, kind, name, uid }: OwnerReference,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly uid: string; readonly replicas: number }> {
    const key = { namespace, name };
    const { informers, client, discover } = this.#deps;
    if (kind === replicaSets.kind && apiVersion === apiVersionOf(replicaSets)) {
      const rs = informers.of(replicaSets).lister.get(key);
      const parent = rs === undefined ? undefined : controllerOf(rs);
      if (parent?.kind === deployments.kind) return this.#ownerScale(parent, namespace, signal);
      return { uid, replicas: rs?.metadata.uid === uid ? (rs.spec.replicas ?? 1) : 0 };
    }
    for (const type of [deployments, statefulSets, replicationControllers] as const) {
      if (kind !== type.kind || apiVersion !== apiVersionOf(type)) continue;
      const owner = informers.of(type as ResourceType<Scalable>).lister.get(key);
      return { uid, replicas: owner?.metadata.uid === uid ? (owner.spec.replicas ?? 1) : 0 };
    }
    const type = discover().find((known) => known.kind === kind && apiVersionOf(known) === apiVersion);
    if (type?.subresources['scale'] === undefined)
      throw new Error(`${kind} ${name} in ${apiVersion} does not implement the scale subresource`);
    const scale = await client.readSubresource<Scale>(type, key, 'scale', { signal }).catch(ignoring(isNotFound));
    return { uid, replicas: scale?.spec.replicas ?? 0 };
  }

  #budgetsOf(now: Pod | undefined, before: Pod | undefined): readonly ObjectKey[] {
    const versions = [now, before].filter((pod) => pod !== undefined);
    return this.#budgets
      .list(versions[0]?.metadata.namespace)
      .filter((budget) => versions.some((pod) => selects(budget, pod)))
      .map(keyOf);
  }
}

type Scalable = PodDisruptionBudget & { readonly spec: { readonly replicas?: number | undefined } };

/** No selector selects nothing; an empty one everything of the namespace. */
const selects = ({ spec }: PodDisruptionBudget, pod: Pod): boolean =>
  spec.selector !== undefined && matchesLabels(labelSelectorOf(spec.selector), pod.metadata.labels ?? {});
