import type { ObjectKey, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import {
  bytesOf,
  ignoring,
  isAlreadyExists,
  keyOf,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '@geobuk/api';
import type {
  Client,
  Controller,
  EventRecorder,
  Lister,
  ReconcileContext,
  ReconcileResult,
  WatchSource,
} from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';
import type { ClaimPlan } from './claim-plan.js';
import { planClaim, volumeKeyOf } from './claim-plan.js';
import type { Place } from './local-volume.js';
import { selectedNodeAnnotation } from './local-volume.js';
import type { NodeCapacity } from './node-capacity.js';
import type { VolumeDirectories } from './volume-directories.js';

export interface ClaimControllerDeps {
  readonly client: Client;
  readonly claimLister: Lister<PersistentVolumeClaim>;
  readonly volumeLister: Lister<PersistentVolume>;
  readonly classLister: Lister<StorageClass>;
  readonly directories: Pick<VolumeDirectories, 'create'>;
  readonly capacity: Pick<NodeCapacity, 'state' | 'promise' | 'takeBack'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly place: Place;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Nothing tells this claim when another volume of the node gives its room back. */
const askAgainForRoomMs = 60_000;

/**
 * Makes volumes for the claims whose pods were scheduled to this node, and lets them grow.
 * Follows: external provisioners (WaitForFirstConsumer) and resizers; the cluster's own controller binds.
 */
export class ClaimController implements Controller {
  readonly name = 'local-volume-claim';
  /** One after the other: each must see the room that the one before left. */
  readonly concurrency = 1;
  readonly watches: readonly WatchSource[];
  readonly #deps: ClaimControllerDeps;

  constructor(deps: ClaimControllerDeps) {
    this.#deps = deps;
    const claimOf = (volume: PersistentVolume | undefined): readonly ObjectKey[] => {
      const { namespace, name } = volume?.spec.claimRef ?? {};
      return name === undefined ? [] : [{ namespace, name }];
    };
    const claimsOfClass = (name: string | undefined): readonly ObjectKey[] =>
      deps.claimLister
        .list()
        .filter(({ spec }) => spec.storageClassName === name)
        .map(keyOf);
    this.watches = [
      primary(persistentVolumeClaims),
      mapped(persistentVolumes, (now, before) => claimOf(now ?? before)),
      mapped(storageClasses, (now, before) => claimsOfClass((now ?? before)?.metadata.name)),
    ];
  }

  /** @throws {ApiError} any refusal of a write; {Error} of the file system. The runner backs off and calls again. */
  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { claimLister, volumeLister, classLister, capacity, place } = this.#deps;
    const claim = claimLister.get(key); // check
    if (claim === undefined) return settled;
    const { roomBytes } = await capacity.state();
    const plan = planClaim({
      claim,
      storageClass: classLister.get({ name: claim.spec.storageClassName ?? '' }),
      volume: volumeLister.get({ name: volumeKeyOf(claim) }),
      place,
      roomBytes,
    }); // diff
    return this.#carryOut(plan, claim, context); // act
  }

  async #carryOut(plan: ClaimPlan, claim: PersistentVolumeClaim, context: ReconcileContext): Promise<ReconcileResult> {
    const { client, events } = this.#deps;
    const { signal, trace } = context;
    switch (plan.kind) {
      case 'nothing':
        return settled;
      case 'provision':
        await this.#provision(plan.volume, plan.sizeBytes, context);
        events.record(claim, 'Normal', 'ProvisioningSucceeded', `made the local volume ${plan.volume.metadata.name}`);
        return settled;
      case 'refuse':
        events.record(claim, 'Warning', 'ProvisioningFailed', plan.message);
        return settled;
      case 'reschedule': {
        events.record(claim, 'Warning', 'ProvisioningFailed', plan.message);
        const annotations = { [selectedNodeAnnotation]: null };
        const body = { metadata: { annotations, resourceVersion: claim.metadata.resourceVersion } };
        await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', body }, { signal });
        trace.did('gave the claim back to the scheduler');
        return settled;
      }
      case 'grow':
        await this.#tellProgress(claim, plan.storage, 'ControllerResizeInProgress', context);
        await this.#grow(plan.volume, plan.storage, context);
        return settled; // the volume's event brings the claim back, to report
      case 'cannotGrow':
        events.record(claim, 'Warning', 'VolumeResizeFailed', plan.message);
        await this.#tellProgress(claim, plan.storage, 'ControllerResizeInfeasible', context, plan.message);
        return { requeueAfterMs: askAgainForRoomMs };
      case 'report': {
        const status = {
          capacity: { storage: plan.storage },
          conditions: otherConditions(claim),
          allocatedResourceStatuses: null,
        };
        await client.patch(
          persistentVolumeClaims,
          keyOf(claim),
          { type: 'merge', body: { status } },
          { signal, subresource: 'status' },
        );
        events.record(claim, 'Normal', 'VolumeResizeSuccessful', `the volume has ${plan.storage}`);
        return settled;
      }
      default:
        return plan satisfies never;
    }
  }

  async #provision(
    volume: PersistentVolume,
    sizeBytes: number,
    { signal, trace, log }: ReconcileContext,
  ): Promise<void> {
    const { client, directories, capacity } = this.#deps;
    const { name = '' } = volume.metadata;
    capacity.promise(name, sizeBytes);
    try {
      await directories.create(name);
      await client.create(persistentVolumes, volume, { signal }).catch(ignoring(isAlreadyExists));
    } catch (error) {
      capacity.takeBack(name);
      throw error;
    }
    trace.did(`created ${name}`);
    log.info({ volume: name, sizeBytes }, 'volume made');
  }

  /** What kubectl and controllers read of a claim whose volume is being made larger. Follows: external-resizer. */
  async #tellProgress(
    claim: PersistentVolumeClaim,
    storage: string,
    state: 'ControllerResizeInProgress' | 'ControllerResizeInfeasible',
    { signal }: ReconcileContext,
    message?: string,
  ): Promise<void> {
    if (claim.status?.allocatedResourceStatuses?.['storage'] === state) return;
    const lastTransitionTime = new Date(this.#deps.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const type = message === undefined ? 'Resizing' : 'ControllerResizeError';
    const condition = { type, status: 'True', lastTransitionTime, ...(message === undefined ? {} : { message }) };
    const status = {
      allocatedResources: { storage },
      allocatedResourceStatuses: { storage: state },
      conditions: [...otherConditions(claim), condition],
    };
    await this.#deps.client.patch(
      persistentVolumeClaims,
      keyOf(claim),
      { type: 'merge', body: { status } },
      { signal, subresource: 'status' },
    );
  }

  /** A directory grows by itself; what grows is what it may hold. */
  async #grow(
    { metadata }: PersistentVolume,
    storage: string,
    { signal, trace, log }: ReconcileContext,
  ): Promise<void> {
    const { client, capacity } = this.#deps;
    const { name = '', resourceVersion } = metadata;
    const body = { metadata: { resourceVersion }, spec: { capacity: { storage } } };
    await client.patch(persistentVolumes, { name }, { type: 'merge', body }, { signal });
    capacity.promise(name, bytesOf(storage));
    trace.did(`${name} is ${storage} now`);
    log.info({ volume: name, storage }, 'volume has grown');
  }
}

const otherConditions = (
  claim: PersistentVolumeClaim,
): NonNullable<NonNullable<PersistentVolumeClaim['status']>['conditions']> =>
  (claim.status?.conditions ?? []).filter(({ type }) => !resizing.has(type));

const resizing = new Set(['Resizing', 'FileSystemResizePending', 'ControllerResizeError', 'NodeResizeError']);
