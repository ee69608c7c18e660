import { isDeepStrictEqual } from 'node:util';
import type { ObjectKey, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { keyOf, persistentVolumeClaims, persistentVolumes, storageClasses, uidOf } from '@geobuk/api';
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
import { rfc3339 } from '../rfc3339.js';
import { bindCompleted, boundByController, diffClaim, diffVolume, storageProvisioner } from './claim-diff.js';
import { isFor } from './match-volume.js';

export interface VolumeBinderControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/** One side of a binding. */
export interface BinderKey {
  readonly side: 'claim' | 'volume';
  readonly namespace?: string | undefined;
  readonly name: string;
}

const sideOf = (side: BinderKey['side'], key: ObjectKey): BinderKey => ({ side, ...key });

/**
 * Brings claims and volumes together and keeps their phases. Provisioners make and delete the volumes themselves.
 * Follows: persistentvolume-binder.
 */
export class VolumeBinderController implements Controller<BinderKey> {
  readonly name = 'persistentvolume-binder';
  readonly watches;
  /** One at a time: two claims must not be given the same volume. */
  readonly concurrency = 1;
  readonly #deps: VolumeBinderControllerDeps;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #volumes: Lister<PersistentVolume>;
  readonly #classes: Lister<StorageClass>;

  constructor(deps: VolumeBinderControllerDeps) {
    this.#deps = deps;
    this.#claims = deps.informers.of(persistentVolumeClaims).lister;
    this.#volumes = deps.informers.of(persistentVolumes).lister;
    this.#classes = deps.informers.of(storageClasses).lister;
    const unbound = (): readonly BinderKey[] =>
      this.#claims
        .list()
        .filter(({ metadata }) => metadata.annotations?.[bindCompleted] === undefined)
        .map((claim) => sideOf('claim', keyOf(claim)));
    this.watches = [
      mapped(persistentVolumeClaims, (now, before): readonly BinderKey[] => {
        const claim = now ?? before;
        if (claim === undefined) return [];
        const volume = claim.spec.volumeName ?? '';
        return [sideOf('claim', keyOf(claim)), ...(volume === '' ? [] : [sideOf('volume', { name: volume })])];
      }),
      mapped(persistentVolumes, (now, before): readonly BinderKey[] => {
        const volume = now ?? before;
        if (volume === undefined) return [];
        const { claimRef } = volume.spec;
        const claim =
          claimRef?.name === undefined ? [] : [sideOf('claim', { namespace: claimRef.namespace, name: claimRef.name })];
        // A new or free volume may be what some claim waits for.
        const waiting = claimRef === undefined && now !== undefined ? unbound() : [];
        return [sideOf('volume', keyOf(volume)), ...claim, ...waiting];
      }),
      mapped(storageClasses, unbound),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: BinderKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { namespace, name } = key;
    if (key.side === 'volume') {
      const volume = this.#volumes.get({ name });
      if (volume !== undefined) await this.#syncVolume(volume, context);
    } else {
      const claim = this.#claims.get({ namespace, name });
      if (claim !== undefined) await this.#syncClaim(claim, context);
    }
    return settled;
  }

  async #syncClaim(claim: PersistentVolumeClaim, { signal, trace }: ReconcileContext): Promise<void> {
    const { client, recorder } = this.#deps;
    const step = diffClaim(claim, this.#volumes.list(), this.#classes.list());
    switch (step.kind) {
      case 'nothing':
        return;
      case 'bind':
        await this.#bind(claim, step.volume, signal);
        return;
      case 'defaultClass': {
        const body = { metadata: { uid: uidOf(claim) }, spec: { storageClassName: step.storageClassName } };
        await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', body }, { signal });
        trace.did(`gave it the default class ${step.storageClassName}`);
        return;
      }
      case 'lost':
        if (claim.status?.phase !== 'Lost') {
          recorder.record(claim, 'Warning', step.reason, step.message);
          await client.updateStatus(
            persistentVolumeClaims,
            { ...claim, status: { ...claim.status, phase: 'Lost' } },
            { signal },
          );
        }
        return;
      case 'wait':
        recorder.record(claim, step.reason === 'ProvisioningFailed' ? 'Warning' : 'Normal', step.reason, step.message);
        await this.#pending(claim, signal);
        return;
      case 'provision': {
        if (claim.metadata.annotations?.[storageProvisioner] !== step.provisioner) {
          const annotations = {
            [storageProvisioner]: step.provisioner,
            'volume.beta.kubernetes.io/storage-provisioner': step.provisioner,
          };
          const body = { metadata: { uid: uidOf(claim), annotations } };
          await client.patch(persistentVolumeClaims, keyOf(claim), { type: 'merge', body }, { signal });
          trace.did(`asked ${step.provisioner} for a volume`);
          return;
        }
        const text = `Waiting for a volume to be created either by the external provisioner '${step.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
        recorder.record(claim, 'Normal', 'ExternalProvisioning', text);
        await this.#pending(claim, signal);
        return;
      }
      default:
        step satisfies never;
    }
  }

  async #pending(claim: PersistentVolumeClaim, signal: AbortSignal): Promise<void> {
    if (claim.status?.phase === 'Pending') return;
    const status = { ...claim.status, phase: 'Pending' };
    await this.#deps.client.updateStatus(persistentVolumeClaims, { ...claim, status }, { signal });
  }

  /** First the volume, then the claim: whatever stops in between, the next call goes on where this one ended. */
  async #bind(claim: PersistentVolumeClaim, volume: PersistentVolume, signal: AbortSignal): Promise<void> {
    const { client } = this.#deps;
    let current = volume;
    if (volume.spec.claimRef?.uid !== uidOf(claim)) {
      const { namespace, name, resourceVersion } = claim.metadata;
      const claimRef = {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace,
        name,
        uid: uidOf(claim),
        resourceVersion,
      };
      const byHand = volume.spec.claimRef !== undefined && isFor(volume, claim);
      const metadata = byHand ? volume.metadata : annotated(volume.metadata, { [boundByController]: 'yes' });
      current = await client.update(
        persistentVolumes,
        { ...volume, metadata, spec: { ...volume.spec, claimRef } },
        { signal },
      );
    }
    await this.#setPhase(current, 'Bound', signal);
    const { volumeName = '' } = claim.spec;
    let after = claim;
    if (volumeName === '' || claim.metadata.annotations?.[bindCompleted] === undefined) {
      const marks = { [bindCompleted]: 'yes', ...(volumeName === '' ? { [boundByController]: 'yes' } : {}) };
      const spec = { ...claim.spec, volumeName: volume.metadata.name };
      after = await client.update(
        persistentVolumeClaims,
        { ...claim, metadata: annotated(claim.metadata, marks), spec },
        { signal },
      );
    }
    const { accessModes, capacity, volumeAttributesClassName } = volume.spec;
    const status = {
      ...after.status,
      phase: 'Bound',
      accessModes,
      // Growth of a bound claim is told by who resizes it.
      capacity: after.status?.phase === 'Bound' ? (after.status.capacity ?? capacity) : capacity,
      ...(volumeAttributesClassName === undefined
        ? {}
        : { currentVolumeAttributesClassName: volumeAttributesClassName }),
    };
    if (!isDeepStrictEqual(status, after.status))
      await client.updateStatus(persistentVolumeClaims, { ...after, status }, { signal });
  }

  async #syncVolume(volume: PersistentVolume, { signal, trace }: ReconcileContext): Promise<void> {
    const { name = '', namespace } = volume.spec.claimRef ?? {};
    const claim = name === '' ? undefined : this.#claims.get({ namespace, name });
    const { phase, unbind } = diffVolume(volume, claim);
    let current = volume;
    if (unbind) {
      const { claimRef: _former, ...spec } = volume.spec;
      current = await this.#deps.client.update(persistentVolumes, { ...volume, spec }, { signal });
      trace.did('took the claim reference back');
    }
    await this.#setPhase(current, phase, signal);
  }

  async #setPhase(volume: PersistentVolume, phase: string, signal: AbortSignal): Promise<void> {
    if (volume.status?.phase === phase) return;
    const status = { ...volume.status, phase, lastPhaseTransitionTime: rfc3339(this.#deps.clock.now()) };
    await this.#deps.client.updateStatus(persistentVolumes, { ...volume, status }, { signal });
  }
}

const annotated = (
  metadata: PersistentVolumeClaim['metadata'],
  marks: Readonly<Record<string, string>>,
): PersistentVolumeClaim['metadata'] => ({ ...metadata, annotations: { ...metadata.annotations, ...marks } });
