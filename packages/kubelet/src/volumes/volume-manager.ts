import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf } from '@geobuk/api';
import type { Pod, Volume } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import type { DownwardFacts } from '../pods/environment/field-ref.js';
import type { ReferencedObjects } from '../pods/referenced-objects.js';
import { writeAtomically } from './atomic-writer.js';
import { checkHostPath } from './host-path.js';
import type { Mounter } from './mounts.js';
import { giveToGroup } from './ownership.js';
import { isPayloadVolume, payloadOf } from './payload-volume.js';
import type { Payload } from './payload.js';
import { PayloadError } from './payload.js';
import { claimedPath } from './persistent-volume.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import { VolumeError } from './volume-error.js';

export interface VolumeManagerDeps {
  readonly client: Client;
  readonly objects: ReferencedObjects;
  readonly tokens: ServiceAccountTokens;
  readonly mounter: Mounter;
  /** Directory of pods' own directories. */
  readonly podsRoot: string;
}

export interface MountedVolume {
  readonly hostPath: string;
  /** The files are the kubelet's: containers may not write them. */
  readonly readonly: boolean;
  /** An image instead of a path. */
  readonly image?: string | undefined;
}

export interface MountedVolumes {
  readonly byName: ReadonlyMap<string, MountedVolume>;
  /** When a token in them must be renewed. */
  readonly refreshAt: number | undefined;
}

interface Kept {
  /** Of the files written last, by volume. */
  readonly digests: Map<string, string>;
  readonly done: Map<string, MountedVolume>;
}

/**
 * Makes a pod's volumes, keeps their files like the objects they came from, and takes them away again.
 * Follows: volumemanager; the directory layout is our own.
 */
export class VolumeManager {
  readonly #deps: VolumeManagerDeps;
  readonly #kept = new Map<string, Kept>();

  constructor(deps: VolumeManagerDeps) {
    this.#deps = deps;
  }

  /** Safe to repeat; writes only what changed. @throws {VolumeError} a volume that cannot be had now. */
  async mount(pod: Pod, facts: DownwardFacts, signal: AbortSignal): Promise<MountedVolumes> {
    const uid = pod.metadata.uid ?? '';
    const kept = this.#kept.get(uid) ?? { digests: new Map<string, string>(), done: new Map<string, MountedVolume>() };
    this.#kept.set(uid, kept);
    let refreshAt: number | undefined;
    for (const volume of pod.spec.volumes ?? []) {
      if (isPayloadVolume(volume)) {
        const due = await this.#mountPayload(pod, volume, kept, facts, signal);
        if (due !== undefined) refreshAt = Math.min(refreshAt ?? Infinity, due);
      } else if (!kept.done.has(volume.name)) {
        kept.done.set(volume.name, await this.#mountOnce(pod, volume, signal));
      }
    }
    return { byName: kept.done, refreshAt };
  }

  /** Whether anything of this pod may still be there. */
  has(uid: string): boolean {
    return this.#kept.has(uid);
  }

  /** Unmounts and removes all; safe to repeat. */
  async unmount(uid: string): Promise<void> {
    const { podsRoot, mounter, tokens } = this.#deps;
    const directory = join(podsRoot, uid, 'volumes');
    for (const path of await mounter.below(directory)) await mounter.unmount(path);
    await rm(directory, { recursive: true, force: true });
    this.#kept.delete(uid);
    tokens.forget(uid);
  }

  async #mountPayload(
    pod: Pod,
    volume: Volume,
    kept: Kept,
    facts: DownwardFacts,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { payload, secret, refreshAt } = await payloadOf(pod, volume, this.#deps, facts, signal).catch(
      (error: unknown) => {
        if (error instanceof PayloadError) throw new VolumeError(volume.name, error.message, { cause: error });
        throw error;
      },
    );
    const digest = digestOf(payload);
    if (kept.digests.get(volume.name) === digest) return refreshAt;
    const directory = await this.#directory(pod, volume);
    if (secret) await this.#inMemory(directory, []);
    await writeAtomically(directory, payload, pod.spec.securityContext?.fsGroup);
    kept.digests.set(volume.name, digest);
    kept.done.set(volume.name, { hostPath: directory, readonly: true });
    return refreshAt;
  }

  async #mountOnce(pod: Pod, volume: Volume, signal: AbortSignal): Promise<MountedVolume> {
    const { emptyDir, hostPath, persistentVolumeClaim, ephemeral, image } = volume;
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    if (emptyDir !== undefined) {
      const directory = await this.#directory(pod, volume);
      if (emptyDir.medium === 'Memory') {
        const size = emptyDir.sizeLimit === undefined ? 0 : bytesOf(emptyDir.sizeLimit);
        if (!this.#deps.mounter.able)
          throw new VolumeError(volume.name, 'a volume in memory needs a kubelet that runs as root');
        await this.#inMemory(directory, size > 0 ? [`size=${size}`] : []);
      }
      // Whoever the container runs as may write here; the process' umask must not take that away.
      await chmod(directory, 0o777);
      if (fsGroup !== undefined) await giveToGroup(directory, fsGroup, undefined);
      return { hostPath: directory, readonly: false };
    }
    if (hostPath !== undefined) {
      await checkHostPath(volume.name, hostPath.path, hostPath.type ?? '');
      return { hostPath: hostPath.path, readonly: false };
    }
    if (persistentVolumeClaim !== undefined || ephemeral !== undefined) {
      const path = await claimedPath(pod, volume, this.#deps, signal);
      if (fsGroup !== undefined) await giveToGroup(path, fsGroup, fsGroupChangePolicy);
      return { hostPath: path, readonly: persistentVolumeClaim?.readOnly === true };
    }
    if (image !== undefined) return { hostPath: '', readonly: true, image: image.reference ?? '' };
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    throw new VolumeError(volume.name, `volumes of type ${kind} are not supported by this node`);
  }

  async #directory(pod: Pod, volume: Volume): Promise<string> {
    const directory = join(this.#deps.podsRoot, pod.metadata.uid ?? '', 'volumes', volume.name);
    await mkdir(directory, { recursive: true, mode: 0o755 });
    return directory;
  }

  /** Without root secrets are on the disk, readable by this user alone: the directory above is 0700 then. */
  async #inMemory(directory: string, options: readonly string[]): Promise<void> {
    const { mounter } = this.#deps;
    if (!mounter.able) return;
    const mounted = await mounter.below(directory);
    if (!mounted.includes(directory)) await mounter.mountTmpfs(directory, options);
  }
}

function digestOf(payload: Payload): string {
  const hash = createHash('sha256');
  for (const [path, { data, mode, uid }] of payload) {
    hash.update(`${path}\0${mode}\0${uid ?? ''}\0${data.length}\0`);
    hash.update(data);
  }
  return hash.digest('hex');
}
