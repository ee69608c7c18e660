import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectKey, Pod, ReplicaSet, ResourceType } from '@geobuk/api';
import { formatKey, ignoring, isNotFound, keyOf, labelSelectorOf, pods, replicaSets, uidOf } from '@geobuk/api';
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
import { allSettledOrThrow, mapped, ownedBy, settled } from '@geobuk/client';
import { adopt, release } from '../adoption.js';
import {
  byControllerUid,
  byOrphanNamespace,
  claim,
  controllerOf,
  controllerUidIndex,
  orphanIndex,
} from '../controller-ref.js';
import { Expectations } from '../expectations.js';
import { isPodActive } from '../pod-state.js';
import { PodControl } from '../pod-control.js';
import { podFromTemplate } from '../pod-template.js';
import { countByNode, diffReplicaSet, replicaSetStatus } from './replica-set-diff.js';

/** A kind whose objects mean what a ReplicaSet means. */
export interface ReplicatedKind {
  readonly controller: string;
  readonly type: ResourceType;
  /** The same object, read as a ReplicaSet. */
  readonly view: (object: KubernetesObject) => ReplicaSet;
}

const replicaSetKind: ReplicatedKind = {
  controller: 'replicaset',
  type: replicaSets as ResourceType,
  view: (object) => object as ReplicaSet,
};

export interface ReplicaSetControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** ReplicaSets unless said. */
  readonly kind?: ReplicatedKind | undefined;
}

/** Sets of more pods rest between passes, so that a thousand pods that start cost twenty passes a second and not thousands. */
const largeSet = 100;
const largeSetRestMs = 50;

/**
 * Keeps `spec.replicas` live pods for each ReplicaSet.
 * Follows: ReplicaSet controller (adoption by selector, slow-start creation, deletion ranking).
 */
export class ReplicaSetController implements Controller {
  readonly name: string;
  readonly watches;
  readonly #deps: ReplicaSetControllerDeps;
  readonly #kind: ReplicatedKind;
  readonly #replicaSets: Lister<KubernetesObject>;
  readonly #pods: Lister<Pod>;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;
  /** The last pass over each set, by its uid. */
  readonly #passes = new Map<
    string,
    { readonly at: number; readonly pods: number; readonly generation: number | undefined }
  >();

  constructor(deps: ReplicaSetControllerDeps) {
    this.#deps = deps;
    this.#expectations = new Expectations(deps.clock);
    this.#podControl = new PodControl({ ...deps, expectations: this.#expectations });
    this.#kind = deps.kind ?? replicaSetKind;
    this.name = this.#kind.controller;
    const { type } = this.#kind;
    const rsInformer = deps.informers.of(type);
    const podInformer = deps.informers.of(pods);
    rsInformer.addIndex(controllerUidIndex, byControllerUid);
    podInformer.addIndex(controllerUidIndex, byControllerUid);
    podInformer.addIndex(orphanIndex, byOrphanNamespace);
    this.#replicaSets = rsInformer.lister;
    this.#pods = podInformer.lister;
    this.watches = [
      mapped(type, (now, before) => {
        if (now === undefined) this.#passes.delete(before?.metadata.uid ?? '');
        const set = now ?? before;
        return set === undefined ? [] : [keyOf(set)];
      }),
      this.#expectations.observing(ownedBy(type, pods)),
      mapped(pods, (now) => this.#ownersOfOrphan(now)),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const id = formatKey(key);
    const object = this.#replicaSets.get(key); // check
    if (object === undefined) {
      this.#expectations.forget(id);
      return settled;
    }
    const rs = this.#kind.view(object);
    if (!this.#expectations.satisfied(id)) return settled; // the missing events bring the key back
    const waitMs = this.#restMs(rs);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    const owned = await this.#claimed(rs, signal);
    this.#passes.set(uidOf(rs), { at: clock.now(), pods: owned.length, generation: rs.metadata.generation });

    let failure: unknown;
    const plan = diffReplicaSet(rs, owned, clock.now(), () => this.#podsOfSiblings(rs)); // diff: pure
    if (rs.metadata.deletionTimestamp === undefined) {
      if (plan.create > 0) trace.found(`${owned.filter(isPodActive).length} of ${rs.spec.replicas ?? 1} pods`);
      if (plan.create > 0) {
        const pod = podFromTemplate(this.#kind.type, rs, rs.spec.template ?? {});
        failure = await this.#podControl.create(
          rs,
          Array.from({ length: plan.create }, () => pod),
          { signal, trace },
        ); // act
      }
      if (plan.remove.length > 0) {
        trace.found(`${plan.remove.length} pods too many`);
        await this.#podControl.remove(rs, plan.remove, { signal, trace });
      }
    }
    const status = replicaSetStatus(rs, owned, clock.now(), failure);
    if (!isDeepStrictEqual(status, rs.status)) {
      const body: KubernetesObject & { readonly status: unknown } = { ...object, status };
      await client.updateStatus(this.#kind.type, body, { signal }).catch(ignoring(isNotFound));
    }
    if (failure !== undefined) throw failure;
    return plan.wakeAfterMs === undefined ? settled : { requeueAfterMs: plan.wakeAfterMs };
  }

  /** How long a large set rests: each event of one of its pods brings it here, and a pass walks over all of them. */
  #restMs({ metadata }: ReplicaSet): number {
    const last = this.#passes.get(metadata.uid ?? '');
    if (last === undefined || last.pods < largeSet || last.generation !== metadata.generation) return 0;
    return last.at + largeSetRestMs - this.#deps.clock.now();
  }

  async #claimed(rs: ReplicaSet, signal: AbortSignal): Promise<readonly Pod[]> {
    const { client } = this.#deps;
    const selector = labelSelectorOf(rs.spec.selector);
    const candidates = [
      ...this.#pods.byIndex(controllerUidIndex, uidOf(rs)),
      ...this.#pods.byIndex(orphanIndex, rs.metadata.namespace ?? ''),
    ];
    const claims = claim(rs, selector, candidates);
    await allSettledOrThrow([
      ...claims.adopt.filter(isPodActive).map((pod) => adopt(client, this.#kind.type, rs, pods, pod, { signal })),
      ...claims.release.map((pod) => release(client, rs, pods, pod, { signal })),
    ]);
    return [...claims.owned, ...claims.adopt.filter(isPodActive)];
  }

  /** Pods per node over all ReplicaSets of the same Deployment: scaling down evens them out. */
  #podsOfSiblings(rs: ReplicaSet): ReadonlyMap<string, number> {
    const owner = controllerOf(rs);
    const family: readonly KubernetesObject[] =
      owner === undefined ? [rs] : this.#replicaSets.byIndex(controllerUidIndex, owner.uid);
    return countByNode(family.flatMap((member) => this.#pods.byIndex(controllerUidIndex, uidOf(member))));
  }

  #ownersOfOrphan(pod: Pod | undefined): readonly ObjectKey[] {
    if (pod === undefined || controllerOf(pod) !== undefined) return [];
    return this.#replicaSets
      .list(pod.metadata.namespace)
      .map((object) => this.#kind.view(object))
      .filter((rs) => claim(rs, labelSelectorOf(rs.spec.selector), [pod]).adopt.length > 0)
      .map(keyOf);
  }
}
