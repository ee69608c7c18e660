import type { KubernetesObject, LabelSelector, ObjectKey, ResourceType } from '@geobuk/api';
import { ApiError, ignoring, isNotFound, keyOf, labelSelectorOf, uidOf } from '@geobuk/api';
import type { CallOptions, Client, Informers, Lister, WatchSource } from '@geobuk/client';
import { allSettledOrThrow, mapped, ownedBy } from '@geobuk/client';
import { adopt, release } from './adoption.js';
import {
  byControllerUid,
  byOrphanNamespace,
  claim,
  controllerOf,
  controllerUidIndex,
  orphanIndex,
} from './controller-ref.js';

export interface DependantsDeps<O extends KubernetesObject, D extends KubernetesObject> {
  readonly client: Client;
  readonly informers: Informers;
  readonly ownerType: ResourceType<O>;
  readonly type: ResourceType<D>;
  /** Absent: the owner selects nothing. */
  readonly selectorOf: (owner: O) => LabelSelector | undefined;
  /** Whether an orphan that matches may become its; any may unless said. */
  readonly mayAdopt?: ((owner: O, orphan: D) => boolean) | undefined;
  readonly released?: ((dependant: D, options: CallOptions) => Promise<void>) | undefined;
}

/**
 * The objects of one kind that owners of another manage: what bears their reference, and orphans that their selector picks.
 * Follows: controller ref managers of the workload controllers.
 */
export class Dependants<O extends KubernetesObject, D extends KubernetesObject> {
  readonly #deps: DependantsDeps<O, D>;
  readonly #owners: Lister<O>;
  readonly #all: Lister<D>;

  constructor(deps: DependantsDeps<O, D>) {
    this.#deps = deps;
    const informer = deps.informers.of(deps.type);
    informer.addIndex(controllerUidIndex, byControllerUid);
    informer.addIndex(orphanIndex, byOrphanNamespace);
    this.#all = informer.lister;
    this.#owners = deps.informers.of(deps.ownerType).lister;
  }

  /** Changes of dependants wake their owner. */
  get owned(): WatchSource {
    return ownedBy(this.#deps.ownerType as ResourceType, this.#deps.type);
  }

  /** An orphan wakes those that could adopt it. */
  get orphans(): WatchSource {
    return mapped(this.#deps.type, (now): readonly ObjectKey[] => {
      if (now === undefined || controllerOf(now) !== undefined) return [];
      return this.#owners
        .list(now.metadata.namespace)
        .filter((owner) => this.#claim(owner, [now]).adopt.length > 0)
        .map(keyOf);
    });
  }

  /** What bears the owner's reference now. */
  referring(owner: KubernetesObject): readonly D[] {
    return this.#all.byIndex(controllerUidIndex, uidOf(owner));
  }

  /** What is the owner's, having adopted and let go what was to be. @throws {ApiError} refusals, after all were tried. */
  async of(owner: O, { signal }: CallOptions): Promise<readonly D[]> {
    const { client, ownerType, type, released } = this.#deps;
    const orphans = this.#all.byIndex(orphanIndex, owner.metadata.namespace ?? '');
    const claims = this.#claim(owner, [...this.referring(owner), ...orphans]);
    if (claims.adopt.length > 0) await this.#mustStand(owner, signal);
    await allSettledOrThrow([
      ...claims.adopt.map((orphan) => adopt(client, ownerType as ResourceType, owner, type, orphan, { signal })),
      ...claims.release.map(async (dependant) => {
        await release(client, owner, type, dependant, { signal });
        await released?.(dependant, { signal });
      }),
    ]);
    return [...claims.owned, ...claims.adopt];
  }

  #claim(owner: O, candidates: readonly D[]): ReturnType<typeof claim<D>> {
    const { selectorOf, mayAdopt = () => true } = this.#deps;
    const selector = selectorOf(owner);
    if (selector === undefined) {
      const owned = candidates.filter((each) => controllerOf(each)?.uid === owner.metadata.uid);
      return { owned, adopt: [], release: [] };
    }
    const claims = claim(owner, labelSelectorOf(selector), candidates);
    return { ...claims, adopt: claims.adopt.filter((orphan) => mayAdopt(owner, orphan)) };
  }

  /**
   * The cache may not show yet that the owner is being deleted, and then its dependants may just have been orphaned on purpose.
   * Follows: RecheckDeletionTimestamp. @throws {ApiError} Conflict: it is not what it was.
   */
  async #mustStand(owner: O, signal: AbortSignal): Promise<void> {
    const { client, ownerType } = this.#deps;
    const fresh = await client.read(ownerType, keyOf(owner), { signal }).catch(ignoring(isNotFound));
    if (fresh?.metadata.uid === owner.metadata.uid && fresh?.metadata.deletionTimestamp === undefined) return;
    throw ApiError.conflict(ownerType, owner.metadata.name ?? '');
  }
}
