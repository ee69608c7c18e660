import { statfs } from 'node:fs/promises';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import type { ContainerRuntime, ImageState, PodState } from '../runtime/runtime.js';

export interface ImageGcDeps {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  /** Used and whole bytes of the file system that holds images; read from the machine unless said. */
  readonly usage?: ((path: string) => Promise<{ readonly usedBytes: number; readonly totalBytes: number }>) | undefined;
}

const periodMs = 300_000;
const highShare = 0.85;
const lowShare = 0.8;
const leastAgeMs = 120_000;

async function diskUsage(path: string): Promise<{ readonly usedBytes: number; readonly totalBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(path === '' ? '/' : path);
  return { usedBytes: (blocks - bavail) * bsize, totalBytes: blocks * bsize };
}

/** What may go, the longest unused first, until enough is freed. Pure. */
export function imagesToRemove(
  images: readonly ImageState[],
  inUse: ReadonlySet<string>,
  lastUsed: ReadonlyMap<string, number>,
  bytesToFree: number,
  now: number,
): readonly ImageState[] {
  const idle = images
    .filter(({ id, pinned }) => !pinned && !inUse.has(id) && now - (lastUsed.get(id) ?? now) >= leastAgeMs)
    .sort((a, b) => (lastUsed.get(a.id) ?? 0) - (lastUsed.get(b.id) ?? 0));
  const chosen: ImageState[] = [];
  let left = bytesToFree;
  for (const image of idle) {
    if (left <= 0) break;
    chosen.push(image);
    left -= image.sizeBytes;
  }
  return chosen;
}

/** Images of containers, dead ones too: they may be restarted. */
export function imagesInUse(images: readonly ImageState[], pods: readonly PodState[]): ReadonlySet<string> {
  const named = new Set(pods.flatMap(({ containers }) => containers.flatMap(({ image, imageId }) => [image, imageId])));
  return new Set(
    images
      .filter(({ id, tags, digests }) => [id, ...tags, ...digests].some((name) => named.has(name)))
      .map(({ id }) => id),
  );
}

/** Removes unused images when the disk fills. Follows: image GC: at 85 % down to 80 %, nothing younger than 2 minutes. */
export class ImageGc {
  readonly #deps: ImageGcDeps;
  #lastUsed = new Map<string, number>();

  constructor(deps: ImageGcDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      await this.collect(signal).catch((error: unknown) => {
        if (!signal.aborted) log.debug({ err: error }, 'images not collected, trying again');
      });
      await clock.after(periodMs, { signal }).catch(() => undefined);
    }
  }

  /** All that no container uses, however young: the disk is needed now. Follows: DeleteUnusedImages. */
  async collectUnused(signal: AbortSignal): Promise<void> {
    const { runtime, log } = this.#deps;
    const [images, pods] = await Promise.all([runtime.images({ signal }), runtime.observeAll({ signal })]);
    const inUse = imagesInUse(images, pods);
    for (const { id, tags, sizeBytes, pinned } of images) {
      if (pinned || inUse.has(id)) continue;
      await runtime.removeImage(id, { signal });
      log.info({ image: tags[0] ?? id, bytes: sizeBytes }, 'image removed to free disk space');
    }
  }

  async collect(signal: AbortSignal): Promise<void> {
    const { runtime, clock, log, events, usage = diskUsage } = this.#deps;
    const now = clock.now();
    const [images, pods, { path }] = await Promise.all([
      runtime.images({ signal }),
      runtime.observeAll({ signal }),
      runtime.imageFilesystem({ signal }),
    ]);
    const inUse = imagesInUse(images, pods);
    this.#lastUsed = new Map(images.map(({ id }) => [id, inUse.has(id) ? now : (this.#lastUsed.get(id) ?? now)]));
    const { usedBytes, totalBytes } = await usage(path);
    if (usedBytes < totalBytes * highShare) return;
    const bytesToFree = usedBytes - totalBytes * lowShare;
    let freed = 0;
    for (const { id, tags, sizeBytes } of imagesToRemove(images, inUse, this.#lastUsed, bytesToFree, now)) {
      await runtime.removeImage(id, { signal });
      freed += sizeBytes;
      log.info({ image: tags[0] ?? id, bytes: sizeBytes }, 'image removed to free disk space');
    }
    if (freed >= bytesToFree) return;
    const message = `Failed to garbage collect required amount of images. Attempted to free ${Math.ceil(bytesToFree)} bytes, but only found ${freed} bytes eligible to free.`;
    events.node('Warning', 'FreeDiskSpaceFailed', message);
  }
}
