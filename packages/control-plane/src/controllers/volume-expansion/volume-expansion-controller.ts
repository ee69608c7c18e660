import type { ObjectKey, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import {
  compareQuantities,
  formatKey,
  ignoring,
  isNotFound,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
  uidOf,
} from '@geobuk/api';
import type {
  Client,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { primary, settled } from '@geobuk/client';

export interface VolumeExpansionControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
}

/** Who is to make the volume of a claim larger. */
export const storageResizer = 'volume.kubernetes.io/storage-resizer';

/** The size a bound claim still lacks, and who has to see to it; undefined when nothing is wanted. Pure. */
export function diffExpansion(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume | undefined,
  storageClass: StorageClass | undefined,
): { readonly wanted: string; readonly resizer: string | undefined } | undefined {
  const wanted = claim.spec?.resources?.requests?.['storage'];
  const present = claim.status?.capacity?.['storage'];
  if (claim.status?.phase !== 'Bound' || claim.metadata.deletionTimestamp !== undefined) return undefined;
  if (wanted === undefined || present === undefined || compareQuantities(wanted, present) <= 0) return undefined;
  if (volume === undefined || volume.spec?.claimRef?.uid !== claim.metadata.uid) return undefined;
  return { wanted, resizer: volume.spec?.csi?.driver ?? storageClass?.provisioner };
}

/**
 * Hands a claim that is to grow over to those who can make its volume larger: the provisioner's resizer, then the node. Those report in
 * the claim's conditions, `allocatedResources` and `capacity`. Nothing is resized here, since no volume plugin lives in the control plane.
 * Follows: persistentvolume-expander.
 */
export class VolumeExpansionController implements Controller {
  readonly name = 'persistentvolume-expander';
  readonly watches = [primary(persistentVolumeClaims)];
  readonly #deps: VolumeExpansionControllerDeps;
  readonly #claims: Lister<PersistentVolumeClaim>;
  readonly #volumes: Lister<PersistentVolume>;
  readonly #classes: Lister<StorageClass>;
  /** The size that was last handed over, by claim: its status changes many times on the way. */
  readonly #handedOver = new Map<string, string>();

  constructor(deps: VolumeExpansionControllerDeps) {
    this.#deps = deps;
    this.#claims = deps.informers.of(persistentVolumeClaims).lister;
    this.#volumes = deps.informers.of(persistentVolumes).lister;
    this.#classes = deps.informers.of(storageClasses).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, recorder } = this.#deps;
    const id = formatKey(key);
    const claim = this.#claims.get(key); // check
    const volume = this.#volumes.get({ name: claim?.spec?.volumeName ?? '' });
    const storageClass = this.#classes.get({ name: claim?.spec?.storageClassName ?? '' });
    const growth = claim === undefined ? undefined : diffExpansion(claim, volume, storageClass); // diff
    if (claim === undefined || growth === undefined) {
      this.#handedOver.delete(id);
      return settled;
    }
    const { wanted, resizer } = growth;
    if (this.#handedOver.get(id) === wanted) return settled;
    trace.found(`${wanted} are wanted`);
    if (resizer !== undefined && claim.metadata.annotations?.[storageResizer] !== resizer) {
      const body = { metadata: { uid: uidOf(claim), annotations: { [storageResizer]: resizer } } };
      await client
        .patch(persistentVolumeClaims, key, { type: 'merge', body }, { signal }) // act
        .catch(ignoring(isNotFound));
    }
    this.#handedOver.set(id, wanted);
    recorder.record(claim, 'Normal', 'ExternalExpanding', 'waiting for an external controller to expand this PVC');
    trace.did(`left it to ${resizer ?? 'whoever can'}`);
    return settled;
  }
}
