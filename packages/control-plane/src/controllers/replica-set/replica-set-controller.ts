import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectKey, Pod, ReplicaSet, ResourceType } from '@geobuk/api';
import { formatKey, ignoring, isNotFound, keyOf, pods, replicaSets, uidOf } from '@geobuk/api';
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
import { byControllerUid, controllerOf, controllerUidIndex } from '../controller-ref.js';
import { Dependants } from '../dependants.js';
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
  readonly #pods: Dependants<KubernetesObject, Pod>;
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
    rsInformer.addIndex(controllerUidIndex, byControllerUid);
    const { view } = this.#kind;
    this.#pods = new Dependants({
      ...deps,
      ownerType: type,
      type: pods,
      selectorOf: (owner) => view(owner).spec.selector,
      mayAdopt: (_owner, pod) => isPodActive(pod),
    });
    this.#replicaSets = rsInformer.lister;
    this.watches = [
      mapped(type, (now, before) => {
        if (now === undefined) this.#passes.delete(before?.metadata.uid ?? '');
        const set = now ?? before;
        return set === undefined ? [] : [keyOf(set)];
      }),
      this.#expectations.observing(this.#pods.owned),
      this.#pods.orphans,
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
    const owned = await this.#pods.of(object, { signal });
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

  /** Pods per node over all ReplicaSets of the same Deployment: scaling down evens them out. */
  #podsOfSiblings(rs: ReplicaSet): ReadonlyMap<string, number> {
    const owner = controllerOf(rs);
    const family: readonly KubernetesObject[] =
      owner === undefined ? [rs] : this.#replicaSets.byIndex(controllerUidIndex, owner.uid);
    return countByNode(family.flatMap((member) => this.#pods.referring(member)));
  }
}
