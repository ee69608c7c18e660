import { createHash } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOf, persistentVolumeClaims } from '@geobuk/api';
import type { PersistentVolumeClaim, Pod, Volume } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import type { CsiVolumes } from '../csi/csi-volumes.js';
import { inlineCsiVolume, persistentCsiVolume, waitsForGrowth } from '../csi/csi-volume.js';
import type { CsiVolume } from '../csi/csi-volume.js';
import type { DownwardFacts } from '../pods/environment/field-ref.js';
import { claimOf } from '../pods/pod-references.js';
import type { ReferencedObjects } from '../pods/referenced-objects.js';
import { writeAtomically } from './atomic-writer.js';
import { checkHostPath } from './host-path.js';
import type { Mounter } from './mounts.js';
import { giveToGroup } from './ownership.js';
import { isPayloadVolume, payloadOf } from './payload-volume.js';
import type { Payload } from './payload.js';
import { PayloadError } from './payload.js';
import { boundClaim, localPath } from './persistent-volume.js';
import type { ServiceAccountTokens } from './service-account-tokens.js';
import { VolumeError } from './volume-error.js';

export interface VolumeManagerDeps {
  readonly client: Client;
  readonly objects: ReferencedObjects;
  readonly tokens: ServiceAccountTokens;
  readonly mounter: Mounter;
  readonly csi: CsiVolumes;
  /** Directory of pods' own directories. */
  readonly podsRoot: string;
}

export interface MountedVolume {
  readonly hostPath: string;
  /** The files are the kubelet's: containers may not write them. */
  readonly readonly: boolean;
  /** An image instead of a path. */
  readonly image?: string | undefined;
  /** A device, not a directory. */
  readonly block?: boolean | undefined;
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
  /** Volumes of drivers, by their name in the pod. */
  readonly csi: Map<string, CsiVolume>;
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
    const kept = this.#kept.get(uid) ?? { digests: new Map(), done: new Map(), csi: new Map() };
    this.#kept.set(uid, kept);
    let refreshAt: number | undefined;
    for (const volume of pod.spec.volumes ?? []) {
      const due = await this.#mountOne(pod, volume, kept, facts, signal);
      if (due !== undefined) refreshAt = Math.min(refreshAt ?? Infinity, due);
    }
    return { byName: kept.done, refreshAt };
  }

  /** What a pod has under this name now. */
  mounted(uid: string, name: string): MountedVolume | undefined {
    return this.#kept.get(uid)?.done.get(name);
  }

  /** Unmounts and removes all; safe to repeat. @throws {CsiError} a driver is away or refuses. */
  async unmount(uid: string, signal: AbortSignal): Promise<void> {
    const { podsRoot, mounter, tokens, csi } = this.#deps;
    const directory = join(podsRoot, uid, 'volumes');
    // Drivers first: what they have mounted is theirs to unmount, and nothing of it may be removed.
    await csi.unmount(uid, signal);
    for (const wanted of this.#kept.get(uid)?.csi.values() ?? []) await csi.release(uid, wanted, signal);
    for (const path of await mounter.below(directory)) await mounter.unmount(path);
    await rm(directory, { recursive: true, force: true });
    this.#kept.delete(uid);
    tokens.forget(uid);
  }

  /** @returns when it must be looked at again. */
  async #mountOne(
    pod: Pod,
    volume: Volume,
    kept: Kept,
    facts: DownwardFacts,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    if (isPayloadVolume(volume)) return this.#mountPayload(pod, volume, kept, facts, signal);
    const known = kept.done.get(volume.name);
    const ofDriver = kept.csi.get(volume.name) ?? inlineCsiVolume(pod, volume);
    if (ofDriver !== undefined) return this.#mountCsi(pod, volume, ofDriver, kept, signal);
    if (known !== undefined) return undefined;
    const made = await this.#mountOnce(pod, volume, signal);
    if ('driver' in made) return this.#mountCsi(pod, volume, made, kept, signal);
    kept.done.set(volume.name, made);
    return undefined;
  }

  async #mountCsi(
    pod: Pod,
    volume: Volume,
    wanted: CsiVolume,
    kept: Kept,
    signal: AbortSignal,
  ): Promise<number | undefined> {
    const { csi, objects } = this.#deps;
    kept.csi.set(volume.name, wanted);
    const { hostPath, block, readOnly, dueAt } = await csi.mount(pod, wanted, signal);
    kept.done.set(volume.name, { hostPath, block, readonly: readOnly });
    if (wanted.lifecycle === 'Persistent') {
      const key = { namespace: pod.metadata.namespace ?? '', name: claimOf(pod, volume) ?? '' };
      const claim = await objects.get<PersistentVolumeClaim>(persistentVolumeClaims, key, signal);
      if (claim !== undefined && waitsForGrowth(claim)) {
        const bound = await boundClaim(pod, volume, this.#deps, signal);
        await csi.grow(pod, wanted, bound.claim, bound.volume, signal);
      }
    }
    return dueAt;
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

  async #mountOnce(pod: Pod, volume: Volume, signal: AbortSignal): Promise<MountedVolume | CsiVolume> {
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
      const { volume: bound } = await boundClaim(pod, volume, this.#deps, signal);
      const readonly = persistentVolumeClaim?.readOnly === true;
      const ofDriver = persistentCsiVolume(bound, readonly);
      if (ofDriver !== undefined) return ofDriver;
      const path = await localPath(volume.name, bound);
      const block = bound.spec.volumeMode === 'Block';
      if (fsGroup !== undefined && !block) await giveToGroup(path, fsGroup, fsGroupChangePolicy);
      return { hostPath: path, readonly, block };
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
