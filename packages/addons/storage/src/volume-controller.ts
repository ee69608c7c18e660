import type { ObjectKey, PersistentVolume } from '@geobuk/api';
import { ignoring, isNotFound, persistentVolumes } from '@geobuk/api';
import type { Client, Controller, EventRecorder, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import type { Place } from './local-volume.js';
import { volumeFinalizer } from './local-volume.js';
import type { VolumeDirectories } from './volume-directories.js';
import { planVolume } from './volume-plan.js';

export interface VolumeControllerDeps {
  readonly client: Client;
  readonly volumeLister: Lister<PersistentVolume>;
  readonly directories: Pick<VolumeDirectories, 'remove'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly place: Place;
}

/** Reclaims volumes of this node that nobody claims any more. Follows: reclaim policies of external provisioners. */
export class VolumeController implements Controller {
  readonly name = 'local-volume';
  readonly concurrency = 2;
  readonly watches = [primary(persistentVolumes)];
  readonly #deps: VolumeControllerDeps;

  constructor(deps: VolumeControllerDeps) {
    this.#deps = deps;
  }

  /** @throws {ApiError} any refusal of a write; {Error} of the file system. The runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace, log }: ReconcileContext): Promise<ReconcileResult> {
    const { client, volumeLister, place } = this.#deps;
    const volume = volumeLister.get(key); // check
    if (volume === undefined) return settled;
    const plan = planVolume(volume, place); // diff
    switch (plan.kind) {
      case 'nothing':
        return settled;
      case 'delete': {
        await this.#removeDirectory(volume);
        const { uid } = volume.metadata;
        await client.delete(persistentVolumes, key, { signal, uid }).catch(ignoring(isNotFound));
        trace.did(`removed the data of ${key.name}`);
        log.info({ volume: key.name }, 'volume deleted');
        return settled; // its going is an event, and that lets go of the object
      }
      case 'release':
        if (plan.removeDirectory) await this.#removeDirectory(volume);
        await letGo(client, volume, signal);
        trace.did(`let go of ${key.name}`);
        return settled;
      default:
        return plan satisfies never;
    }
  }

  async #removeDirectory(volume: PersistentVolume): Promise<void> {
    try {
      await this.#deps.directories.remove(volume.metadata.name ?? '');
    } catch (error) {
      this.#deps.events.record(volume, 'Warning', 'VolumeFailedDelete', (error as Error).message);
      throw error;
    }
  }
}

/** Takes our finalizer off a volume's object. */
export async function letGo(
  client: Pick<Client, 'patch'>,
  { metadata }: PersistentVolume,
  signal: AbortSignal,
): Promise<void> {
  const { name = '', finalizers = [], resourceVersion } = metadata;
  if (!finalizers.includes(volumeFinalizer)) return;
  const body = { metadata: { resourceVersion, finalizers: finalizers.filter((one) => one !== volumeFinalizer) } };
  await client.patch(persistentVolumes, { name }, { type: 'merge', body }, { signal }).catch(ignoring(isNotFound));
}
