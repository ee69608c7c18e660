import { isDeepStrictEqual } from 'node:util';
import type {
  ControllerRevision,
  ObjectKey,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
} from '@geobuk/api';
import {
  controllerRevisions,
  ignoring,
  isAlreadyExists,
  isNotFound,
  keyOf,
  persistentVolumeClaims,
  pods,
  statefulSets,
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
import { allSettledOrThrow, ownedBy, primary, settled } from '@geobuk/client';
import { byControllerUid, controllerOf, controllerUidIndex } from '../controller-ref.js';
import { Dependants } from '../dependants.js';
import type { History } from '../history/controller-history.js';
import { RevisionCollision, hashOf, syncHistory, truncateHistory } from '../history/controller-history.js';
import { inSlowStartBatches } from '../slow-start.js';
import type { Revisions } from './stateful-set-diff.js';
import { diffStatefulSet, statefulSetStatus } from './stateful-set-diff.js';
import { claimOwners, claimsOf, identityLabels, ordinalOf, statefulPod } from './stateful-set-identity.js';

export interface StatefulSetControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/**
 * Keeps pods that have a name, a place in an order and storage of their own.
 * Follows: StatefulSet controller. Needs no expectations: names are fixed, so nothing can be made twice.
 */
export class StatefulSetController implements Controller {
  readonly name = 'statefulset';
  readonly watches;
  readonly #deps: StatefulSetControllerDeps;
  readonly #sets: Lister<StatefulSet>;
  readonly #pods: Dependants<StatefulSet, Pod>;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #revisions: Lister<ControllerRevision>;

  constructor(deps: StatefulSetControllerDeps) {
    this.#deps = deps;
    this.#pods = new Dependants({
      ...deps,
      ownerType: statefulSets,
      type: pods,
      selectorOf: ({ spec }) => spec.selector,
      mayAdopt: (set, pod) => ordinalOf(set, pod) !== undefined, // it bears one of its names
    });
    const revisionInformer = deps.informers.of(controllerRevisions);
    revisionInformer.addIndex(controllerUidIndex, byControllerUid);
    this.#sets = deps.informers.of(statefulSets).lister;
    this.#claims = deps.informers.of(persistentVolumeClaims).lister;
    this.#revisions = revisionInformer.lister;
    this.watches = [
      primary(statefulSets),
      this.#pods.owned,
      this.#pods.orphans,
      ownedBy(statefulSets, controllerRevisions),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const set = this.#sets.get(key); // check
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return settled;
    const owned = await this.#pods.of(set, { signal });
    await allSettledOrThrow(owned.map((pod) => this.#identify(set, pod, signal)));
    const history = await this.#history(set, signal);
    if (history === undefined) return settled; // the collision is in the status, whose update brings the key back
    const update = history.current.metadata.name ?? '';
    const recorded = set.status?.currentRevision;
    const known = history.all.find(({ metadata }) => metadata.name === recorded);
    const revisions: Revisions = { current: known?.metadata.name ?? update, update };

    const plan = diffStatefulSet(set, owned, revisions, clock.now()); // diff

    if (plan.create.length > 0) trace.found(`pods ${plan.create.map(({ ordinal }) => ordinal).join(', ')} are missing`);
    if (plan.remove.length > 0) trace.found(`${plan.remove.length} pods too many, failed or too old`);
    await this.#ownClaims(set, owned, plan.condemned, signal); // act
    await allSettledOrThrow(plan.remove.map((pod) => this.#remove(set, pod, signal, trace)));
    const { error } = await inSlowStartBatches(plan.create, async ({ ordinal, revision }) => {
      const template = templateOf(revision === update ? history.current : known) ?? set.spec.template;
      await this.#create(set, ordinal, statefulPod(set, ordinal, template, revision), signal, trace);
    });

    const status = statefulSetStatus(set, owned, revisions, clock.now());
    if (!isDeepStrictEqual(status, set.status))
      await client.updateStatus(statefulSets, { ...set, status }, { signal }).catch(ignoring(isNotFound));
    if (error !== undefined) throw error;
    const named = new Set([revisions.current, ...owned.map(hashOf)]);
    const live = new Set(history.all.filter(({ metadata }) => named.has(metadata.name ?? '')).map(hashOf));
    await truncateHistory(client, history, live, set.spec.revisionHistoryLimit ?? 10, { signal });
    return plan.wakeAfterMs === undefined ? settled : { requeueAfterMs: plan.wakeAfterMs };
  }

  /** Somebody may have taken the labels off that Services find a single pod by. */
  async #identify(set: StatefulSet, pod: Pod, signal: AbortSignal): Promise<void> {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined || pod.metadata.deletionTimestamp !== undefined) return;
    const labels = identityLabels(set, ordinal);
    if (Object.entries(labels).every(([key, value]) => pod.metadata.labels?.[key] === value)) return;
    const body = { metadata: { uid: uidOf(pod), labels } };
    await this.#deps.client
      .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal })
      .catch(ignoring(isNotFound));
  }

  async #history(set: StatefulSet, signal: AbortSignal): Promise<History | undefined> {
    const { client } = this.#deps;
    const collisionCount = set.status?.collisionCount ?? 0;
    const owner = {
      type: statefulSets,
      object: set,
      template: set.spec.template,
      selectorLabels: set.spec.template.metadata?.labels ?? {},
      collisionCount,
    };
    try {
      return await syncHistory(client, owner, this.#revisions.byIndex(controllerUidIndex, uidOf(set)), { signal });
    } catch (error) {
      if (!(error instanceof RevisionCollision)) throw error;
      const status = { replicas: 0, ...set.status, collisionCount: collisionCount + 1 };
      await client.updateStatus(statefulSets, { ...set, status }, { signal });
      return undefined;
    }
  }

  async #create(
    set: StatefulSet,
    ordinal: number,
    pod: Pod,
    signal: AbortSignal,
    trace: ReconcileContext['trace'],
  ): Promise<void> {
    const { client, recorder } = this.#deps;
    const { name = '' } = pod.metadata;
    const where = `Pod ${name} in StatefulSet ${set.metadata.name ?? ''}`;
    try {
      for (const wanted of claimsOf(set, ordinal)) await this.#ensureClaim(set, wanted, name, signal);
      await client.create(pods, pod, { signal });
    } catch (error) {
      if (isAlreadyExists(error)) {
        const other = await client.read(pods, keyOf(pod), { signal }).catch(ignoring(isNotFound));
        // Ours, and only the cache does not show it yet.
        if (other !== undefined && controllerOf(other)?.uid === uidOf(set)) return;
      }
      const message = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) recorder.record(set, 'Warning', 'FailedCreate', `create ${where} failed error: ${message}`);
      throw error;
    }
    trace.did(`created pod ${name}`);
    recorder.record(set, 'Normal', 'SuccessfulCreate', `create ${where} successful`);
  }

  async #ensureClaim(
    set: StatefulSet,
    wanted: PersistentVolumeClaim,
    podName: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, recorder } = this.#deps;
    const present = this.#claims.get(keyOf(wanted));
    if (present !== undefined) {
      if (present.metadata.deletionTimestamp === undefined) return;
      throw new Error(`claim ${wanted.metadata.name ?? ''} is being deleted`);
    }
    const ownerReferences = claimOwners(set, undefined, false, []);
    const metadata = { ...wanted.metadata, ...(ownerReferences.length === 0 ? {} : { ownerReferences }) };
    const created = await client
      .create(persistentVolumeClaims, { ...wanted, metadata }, { signal })
      .catch(ignoring(isAlreadyExists));
    if (created !== undefined) {
      const text = `create Claim ${wanted.metadata.name ?? ''} Pod ${podName} in StatefulSet ${set.metadata.name ?? ''} success`;
      recorder.record(set, 'Normal', 'SuccessfulCreate', text);
    }
  }

  /** Sets the owners of claims as the retention policy wants them, before any pod goes. */
  async #ownClaims(
    set: StatefulSet,
    owned: readonly Pod[],
    condemned: readonly Pod[],
    signal: AbortSignal,
  ): Promise<void> {
    if (set.spec.persistentVolumeClaimRetentionPolicy === undefined) return;
    const writes: Promise<unknown>[] = [];
    const start = set.spec.ordinals?.start ?? 0;
    for (const pod of owned) {
      const ordinal = ordinalOf(set, pod);
      if (ordinal === undefined) continue;
      const outside = ordinal < start || ordinal >= start + (set.spec.replicas ?? 1);
      if (outside && !condemned.includes(pod)) continue;
      for (const wanted of claimsOf(set, ordinal)) {
        const present = this.#claims.get(keyOf(wanted));
        if (present === undefined || present.metadata.deletionTimestamp !== undefined) continue;
        const before = present.metadata.ownerReferences ?? [];
        const ownerReferences = claimOwners(set, pod, outside, before);
        if (isDeepStrictEqual(ownerReferences, before)) continue;
        const metadata = { ...present.metadata, ownerReferences };
        writes.push(this.#deps.client.update(persistentVolumeClaims, { ...present, metadata }, { signal }));
      }
    }
    await allSettledOrThrow(writes);
  }

  async #remove(set: StatefulSet, pod: Pod, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const { client, recorder } = this.#deps;
    const where = `Pod ${pod.metadata.name ?? ''} in StatefulSet ${set.metadata.name ?? ''}`;
    if (pod.status?.phase === 'Failed')
      recorder.record(
        set,
        'Warning',
        'RecreatingFailedPod',
        `StatefulSet ${set.metadata.namespace ?? ''}/${set.metadata.name ?? ''} is recreating failed ${where}`,
      );
    await client.delete(pods, keyOf(pod), { signal, uid: uidOf(pod) }).catch(ignoring(isNotFound));
    trace.did(`deleted pod ${pod.metadata.name ?? ''}`);
    recorder.record(set, 'Normal', 'SuccessfulDelete', `delete ${where} successful`);
  }
}

/** The template that a revision keeps. */
function templateOf(revision: ControllerRevision | undefined): PodTemplateSpec | undefined {
  const data = revision?.data as { readonly spec?: { readonly template?: PodTemplateSpec & { $patch?: string } } };
  if (data?.spec?.template === undefined) return undefined;
  const { $patch: _patch, ...template } = data.spec.template;
  return template;
}
