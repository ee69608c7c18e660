import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectKey, QuotaKind, ResourceQuota, ResourceType } from '@geobuk/api';
import {
  formatKey,
  ignoring,
  isNotFound,
  keyOf,
  kindsOfQuota,
  quotaUsageOf,
  quotaUsed,
  resourceQuotas,
} from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
  WatchSource,
} from '@geobuk/client';
import { primary, settled } from '@geobuk/client';

export interface ResourceQuotaControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** Everything the server has now: quotas may count objects of any kind. */
  readonly discover: () => readonly ResourceType[];
}

/** Everything is counted anew this often. Follows: --resource-quota-sync-period. */
const periodMs = 300_000;
/** Kinds that came later than this controller announce nothing to it. */
const unwatchedPeriodMs = 30_000;
/**
 * Admission books a write before it is stored: counting in between would take the booking back. So a quota is counted when it
 * has been still for a moment, or at last after a while.
 */
const stillMs = 250;
const patienceMs = 2_000;
/** Kinds that nobody limits, and that change all the time. */
const ignored = new Set(['events', 'leases', 'endpointslices', 'componentstatuses']);

/**
 * Counts what a namespace uses of its quotas: what goes is given back, whoever deleted it. Bookings of new objects are admission's.
 * Follows: resource quota controller.
 */
export class ResourceQuotaController implements Controller {
  readonly name = 'resourcequota';
  readonly watches: readonly WatchSource[];
  readonly #deps: ResourceQuotaControllerDeps;
  readonly #quotas: Lister<ResourceQuota>;
  readonly #listers = new Map<string, Lister<KubernetesObject>>();
  readonly #unsettled = new Map<string, { revision: string | undefined; changedAt: number; readonly since: number }>();

  constructor(deps: ResourceQuotaControllerDeps) {
    this.#deps = deps;
    this.#quotas = deps.informers.of(resourceQuotas).lister;
    this.watches = [primary(resourceQuotas), ...deps.discover().flatMap((type) => this.#counted(type))];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const quota = this.#quotas.get(key); // check
    const id = formatKey(key);
    if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) {
      this.#unsettled.delete(id);
      return settled;
    }
    const { hard = {} } = quota.spec ?? {};
    const isNew = !isDeepStrictEqual(quota.status?.hard, hard);
    const waitMs = isNew ? 0 : this.#untilStill(id, quota);
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    this.#unsettled.delete(id);

    const kinds = kindsOfQuota(Object.keys(hard));
    const lists = await Promise.all(
      kinds.map(async (kind) => ({ kind, objects: await this.#objects(kind, key.namespace, signal) })),
    );
    const used = quotaUsed(quota, lists, clock.now()); // diff
    const allWatched = kinds.every((kind) => this.#listers.has(idOfKind(kind)));
    const requeueAfterMs = allWatched ? periodMs : unwatchedPeriodMs;
    if (!isNew && isDeepStrictEqual(used, quota.status?.used)) return { requeueAfterMs };
    trace.found('what is used is not what its status says');
    await client
      .updateStatus(resourceQuotas, { ...quota, status: { hard, used } }, { signal })
      .catch(ignoring(isNotFound)); // act
    trace.did('counted anew');
    return { requeueAfterMs };
  }

  #untilStill(id: string, { metadata: { resourceVersion } }: ResourceQuota): number {
    const now = this.#deps.clock.now();
    const known = this.#unsettled.get(id);
    if (known?.revision !== resourceVersion || known === undefined)
      this.#unsettled.set(id, { revision: resourceVersion, changedAt: now, since: known?.since ?? now });
    const { changedAt, since } = this.#unsettled.get(id) ?? { changedAt: now, since: now };
    return Math.min(changedAt + stillMs, since + patienceMs) - now;
  }

  async #objects(
    kind: QuotaKind,
    namespace: string | undefined,
    signal: AbortSignal,
  ): Promise<readonly KubernetesObject[]> {
    const watched = this.#listers.get(idOfKind(kind));
    if (watched !== undefined) return watched.list(namespace);
    const type = this.#deps.discover().find(({ group, plural }) => group === kind.group && plural === kind.plural);
    if (type === undefined) return [];
    return (await this.#deps.client.list(type, { namespace, signal })).items;
  }

  /** Wakes the quotas of a namespace when what one of its objects uses changes. */
  #counted(type: ResourceType): readonly WatchSource[] {
    const serves = (verb: string): boolean => type.verbs.some((served) => served === verb);
    const known = this.#listers.has(idOfKind(type));
    if (!type.namespaced || known || ignored.has(type.plural) || !serves('list') || !serves('watch')) return [];
    this.#listers.set(idOfKind(type), this.#deps.informers.of(type).lister);
    const keysOf: WatchSource['keysOf'] = (now, before) => {
      const quotas = this.#quotas.list((now ?? before)?.metadata.namespace);
      if (quotas.length === 0 || (now !== undefined && before !== undefined && !this.#usesOther(type, now, before)))
        return [];
      return quotas.map(keyOf);
    };
    return [{ type, keysOf }];
  }

  #usesOther(type: ResourceType, now: KubernetesObject, before: KubernetesObject): boolean {
    const at = this.#deps.clock.now();
    return !isDeepStrictEqual(quotaUsageOf(type, now, at), quotaUsageOf(type, before, at));
  }
}

const idOfKind = ({ group, plural }: QuotaKind): string => `${plural}.${group}`;
