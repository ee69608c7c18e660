import { ignoring, isConflict, isNotFound, keyOf, pods } from '@geobuk/api';
import type { Pod } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import type { VolumeManager } from '../volumes/volume-manager.js';
import type { PodCgroups } from './cgroups.js';
import type { ImagePuller } from './image-puller.js';
import type { PodDirectories } from './pod-directories.js';
import type { PodMemories } from './pod-memory.js';
import type { PodProbes } from '../probes/pod-probes.js';
import type { PodSource } from './pod-source.js';
import type { ReferencedObjects } from './referenced-objects.js';
import type { StatusWriter } from './status-writer.js';

export interface PodCleanupDeps {
  readonly client: Client;
  readonly volumes: VolumeManager;
  readonly directories: PodDirectories;
  readonly objects: ReferencedObjects;
  readonly status: StatusWriter;
  readonly puller: ImagePuller;
  readonly probes: PodProbes;
  readonly memories: PodMemories;
  readonly source: PodSource;
  readonly cgroups: PodCgroups | undefined;
  /** Nothing of this pod runs, and its volumes are released. */
  readonly released: (uid: string) => void;
}

/** What is left to do for a pod when nothing of it runs any more. Every method is safe to repeat. */
export class PodCleanup {
  readonly #deps: PodCleanupDeps;

  constructor(deps: PodCleanupDeps) {
    this.#deps = deps;
  }

  /** It ended, its object stays: so do its dead containers and their logs. */
  async releaseVolumes(uid: string, signal: AbortSignal): Promise<void> {
    const { volumes, objects, probes, memories } = this.#deps;
    const memory = memories.of(uid);
    probes.forget(uid);
    if (!memory.volumesGone) {
      await volumes.unmount(uid, signal);
      objects.hold(uid, []);
      memory.volumesGone = true;
    }
    this.#deps.released(uid);
  }

  /** It was to be deleted: its last state is told, then the object goes. */
  async deleteObject(pod: Pod, signal: AbortSignal): Promise<void> {
    const uid = pod.metadata.uid ?? '';
    await this.releaseVolumes(uid, signal);
    await this.#deps.status.flush(uid, signal);
    await this.#deps.client
      .delete(pods, keyOf(pod), { signal, uid, gracePeriodSeconds: 0 })
      .catch(ignoring((error) => isNotFound(error) || isConflict(error)));
  }

  /** Nothing of it may stay, memory of it least of all. `pod`: its last known state. */
  async forget(uid: string, pod: Pod | undefined, signal: AbortSignal): Promise<void> {
    const { directories, status, puller, memories, source, cgroups } = this.#deps;
    await this.releaseVolumes(uid, signal);
    await directories.remove(uid);
    if (pod === undefined) await directories.removeLogsOf(uid);
    else await directories.removeLogs(pod);
    await cgroups?.remove(uid);
    cgroups?.balance(source.all());
    status.forget(uid);
    puller.forget(uid);
    memories.forget(uid);
    source.forget(uid);
  }
}
