import { bytesOf, keyOf, persistentVolumeClaims } from '@geobuk/api';
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import { CsiError } from './csi-error.js';
import type { CsiPlugin } from './csi-plugin.js';
import { capabilityOf, wantedGrowth } from './csi-volume.js';
import type { CsiVolume } from './csi-volume.js';
import { PublishContext } from './publish-context.js';
import type { PublishContextDeps } from './publish-context.js';

export interface VolumeGrowthDeps extends PublishContextDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
}

export interface GrowingVolume {
  readonly plugin: CsiPlugin;
  readonly pod: Pod;
  readonly wanted: CsiVolume;
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
  /** Where the pod has it. */
  readonly path: string;
  readonly staging: string | undefined;
}

const retryMs = 60_000;

/** The last part of growing a volume, the one that is done where it is mounted. Follows: NodeExpandVolume. */
export class VolumeGrowth {
  readonly #deps: VolumeGrowthDeps;
  readonly #context: PublishContext;
  /** Refused ones, by handle, until they are tried again. */
  readonly #retryAt = new Map<string, number>();

  constructor(deps: VolumeGrowthDeps) {
    this.#deps = deps;
    this.#context = new PublishContext(deps);
  }

  async grow({ plugin, pod, wanted, claim, volume, path, staging }: GrowingVolume, signal: AbortSignal): Promise<void> {
    const { events, clock, log, nodeName } = this.#deps;
    const size = wantedGrowth(claim, volume);
    if (size === undefined || clock.now() < (this.#retryAt.get(wanted.handle) ?? 0)) return;
    if (plugin.can('EXPAND_VOLUME')) {
      try {
        await plugin.call(
          'NodeExpandVolume',
          {
            volumeId: wanted.handle,
            volumePath: path,
            stagingTargetPath: staging ?? '',
            capacityRange: { requiredBytes: bytesOf(size) },
            volumeCapability: capabilityOf(wanted, plugin.info.capabilities, undefined),
            secrets: await this.#context.secret(wanted, wanted.expandSecret, signal),
          },
          signal,
        );
      } catch (error) {
        if (!(error instanceof CsiError)) throw error;
        this.#retryAt.set(wanted.handle, clock.now() + retryMs);
        log.warn({ volume: wanted.name, err: error }, 'volume not expanded, trying again');
        const message = `NodeExpandVolume.NodeExpandVolume failed for volume "${wanted.name}" : ${error.message}`;
        events.pod(pod, 'Warning', 'VolumeResizeFailed', message);
        return;
      }
      const message = `MountVolume.NodeExpandVolume succeeded for volume "${wanted.name}" ${nodeName}`;
      events.pod(pod, 'Normal', 'FileSystemResizeSuccessful', message);
    }
    this.#retryAt.delete(wanted.handle);
    await this.#tell(claim, size, signal);
  }

  /** Follows: MarkFSResizeFinished. */
  async #tell(claim: PersistentVolumeClaim, size: string, signal: AbortSignal): Promise<void> {
    const { conditions = [] } = claim.status ?? {};
    const body = {
      metadata: { resourceVersion: claim.metadata.resourceVersion },
      status: {
        capacity: { storage: size },
        conditions: conditions.filter(({ type }) => type !== 'FileSystemResizePending' && type !== 'Resizing'),
        allocatedResourceStatuses: { storage: null },
      },
    };
    await this.#deps.client.patch(
      persistentVolumeClaims,
      keyOf(claim),
      { type: 'merge', body },
      { signal, subresource: 'status' },
    );
  }
}
