import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ControllerRevision, KubernetesObject, PodTemplateSpec, ResourceType } from '@geobuk/api';
import { controllerRevisions, ignoring, isAlreadyExists, isNotFound, keyOf, uidOf } from '@geobuk/api';
import type { CallOptions, Client } from '@geobuk/client';
import { allSettledOrThrow } from '@geobuk/client';
import { controllerReference } from '../controller-ref.js';

/** On pods and revisions: which revision they are of. */
export const revisionHashLabel = 'controller-revision-hash';
const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** What a revision keeps of its owner: a patch that puts the template back. */
export const revisionData = (template: PodTemplateSpec): Readonly<Record<string, unknown>> => ({
  spec: { template: { ...template, $patch: 'replace' } },
});

function revisionHash(template: PodTemplateSpec, collisions: number): string {
  const digest = createHash('sha256')
    .update(JSON.stringify(revisionData(template)))
    .update(String(collisions))
    .digest();
  return Array.from(digest.subarray(0, 10), (byte) => safeAlphabet[byte % safeAlphabet.length]).join('');
}

const byRevision = (a: ControllerRevision, b: ControllerRevision): number =>
  a.revision - b.revision || (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '');

export interface RevisionOwner {
  readonly type: ResourceType;
  readonly object: KubernetesObject;
  readonly template: PodTemplateSpec;
  readonly selectorLabels: Readonly<Record<string, string>>;
  readonly collisionCount: number;
}

/** The history of one StatefulSet or DaemonSet: the revision of its template, and those before. */
export interface History {
  /** Oldest first, `current` included. */
  readonly all: readonly ControllerRevision[];
  readonly current: ControllerRevision;
}

/** A name was taken by a revision with other contents: count the collision in the owner's status and call again. */
export class RevisionCollision extends Error {
  override readonly name = 'RevisionCollision';
}

/**
 * Makes sure that the newest revision is that of the template as it stands now. Follows: controller history: an equal old revision
 * is numbered anew instead of made twice.
 * @throws {RevisionCollision}
 */
export async function syncHistory(
  client: Client,
  owner: RevisionOwner,
  known: readonly ControllerRevision[],
  { signal }: CallOptions,
): Promise<History> {
  const all = [...known].sort(byRevision);
  const data = plain(revisionData(owner.template));
  const next = (all.at(-1)?.revision ?? 0) + 1;
  const equal = all.filter((revision) => isDeepStrictEqual(plain(revision.data), data)).at(-1);
  if (equal !== undefined) {
    if (equal === all.at(-1)) return { all, current: equal };
    const renumbered = await client.update(controllerRevisions, { ...equal, revision: next }, { signal });
    return { all: [...all.filter((revision) => revision !== equal), renumbered], current: renumbered };
  }
  const hash = revisionHash(owner.template, owner.collisionCount);
  const revision: ControllerRevision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${owner.object.metadata.name ?? ''}-${hash}`,
      namespace: owner.object.metadata.namespace,
      labels: { ...owner.selectorLabels, [revisionHashLabel]: hash },
      ownerReferences: [controllerReference(owner.type, owner.object)],
    },
    data: revisionData(owner.template),
    revision: next,
  };
  try {
    const current = await client.create(controllerRevisions, revision, { signal });
    return { all: [...all, current], current };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const other = await client.read(controllerRevisions, keyOf(revision), { signal });
    if (isDeepStrictEqual(plain(other.data), data)) return { all: [...all, other], current: other };
    throw new RevisionCollision(`${revision.metadata.name ?? ''} is taken by another template`, { cause: error });
  }
}

/** Removes revisions beyond the limit that no pod is of, oldest first. */
export async function truncateHistory(
  client: Client,
  history: History,
  live: ReadonlySet<string>,
  limit: number,
  { signal }: CallOptions,
): Promise<void> {
  const unused = history.all.filter((revision) => revision !== history.current && !live.has(hashOf(revision)));
  const surplus = unused.slice(0, Math.max(0, unused.length - limit));
  await allSettledOrThrow(
    surplus.map((revision) =>
      client.delete(controllerRevisions, keyOf(revision), { signal, uid: uidOf(revision) }).catch(ignoring(isNotFound)),
    ),
  );
}

export const hashOf = (object: KubernetesObject): string => object.metadata.labels?.[revisionHashLabel] ?? '';

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
