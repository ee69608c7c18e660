import type { Digest } from '../oci/names.js';
import type { ContentStore } from './content-store.js';
import type { Repositories } from './repositories.js';

export interface SweepOptions {
  readonly nowMs: number;
  /** What somebody relied on within this time stays: its manifest may be on its way. */
  readonly graceMs: number;
  /** Take manifests that no tag leads to as well. */
  readonly untagged: boolean;
}

export interface Swept {
  readonly contents: number;
  readonly bytes: number;
  readonly uploads: number;
  readonly manifests: number;
}

/**
 * Removes what no manifest of any repository leads to. Manifests stay unless asked: then those go that neither a tag, an
 * index that stays, nor a subject that stays leads to.
 */
export async function sweep(
  repositories: Repositories,
  contents: ContentStore,
  { nowMs, graceMs, untagged }: SweepOptions,
): Promise<Swept> {
  const before = nowMs - graceMs;
  let manifests = 0;
  if (untagged)
    for (const name of await repositories.names())
      manifests += await sweepUntagged(repositories, contents, name, before);
  return repositories.lock.run(async () => {
    const reached = new Set<Digest>();
    for (const name of await repositories.names()) {
      const own = new Set<Digest>();
      for (const digest of await repositories.manifests(name)) {
        reached.add(digest);
        for (const blob of (await repositories.parsed(name, digest))?.blobs ?? []) own.add(blob);
      }
      for (const blob of own) reached.add(blob);
    }
    let count = 0;
    let bytes = 0;
    for await (const { digest, sizeBytes, usedAtMs } of contents.all()) {
      if (reached.has(digest) || usedAtMs >= before) continue;
      await contents.remove(digest);
      count += 1;
      bytes += sizeBytes;
    }
    for (const name of await repositories.names()) {
      for (const digest of await repositories.blobs(name))
        if ((await contents.size(digest)) === undefined) await repositories.unlinkBlob(name, digest);
    }
    return { contents: count, bytes, manifests, uploads: await contents.removeUploadsBefore(before) };
  });
}

async function sweepUntagged(
  repositories: Repositories,
  contents: ContentStore,
  name: string,
  before: number,
): Promise<number> {
  const all = await repositories.manifests(name);
  const keep = new Set<Digest>();
  const reach = async (digest: Digest): Promise<void> => {
    if (keep.has(digest)) return;
    keep.add(digest);
    for (const child of (await repositories.parsed(name, digest))?.children ?? []) await reach(child);
    for (const { digest: referrer } of await repositories.referrers(name, digest)) await reach(referrer as Digest);
  };
  for (const tag of await repositories.tags(name)) {
    const digest = await repositories.resolve(name, tag);
    if (digest !== undefined) await reach(digest);
  }
  const ages = new Map<Digest, number>();
  for await (const { digest, usedAtMs } of contents.all()) ages.set(digest, usedAtMs);
  let removed = 0;
  for (const digest of all) {
    if (keep.has(digest) || (ages.get(digest) ?? 0) >= before) continue;
    await repositories.deleteManifest(name, digest);
    removed += 1;
  }
  return removed;
}
