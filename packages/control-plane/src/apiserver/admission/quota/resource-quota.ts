import {
  addAmounts,
  amountsDifference,
  amountsOnly,
  ApiError,
  compareQuantities,
  isInQuotaScope,
  kindsOfQuota,
  quotaUsageOf,
  quotaUsed,
} from '@geobuk/api';
import type { Amounts, KubernetesObject, Pod, ResourceQuota } from '@geobuk/api';
import { StoreError } from '../../../store/store.js';
import type { CachedObject, WatchCaches } from '../../../watch-cache/watch-cache.js';
import { storePrefix, subjectOf } from '../../resources/served-resource.js';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.js';

const attempts = 20;
/** Updates of these may use more than before. */
const growing = new Set(['pods', 'services', 'persistentvolumeclaims']);

export interface ResourceQuotaDeps {
  readonly caches: WatchCaches;
  now(): number;
}

/**
 * Counts what a write adds against each quota of the namespace, and books it by compare-and-swap of the quota's status,
 * so that writes at the same moment cannot both have the last of it. Follows: ResourceQuota, checklist 2.11.
 */
export function resourceQuota(deps: ResourceQuotaDeps): AdmissionPlugin {
  const { caches, now } = deps;
  const quotas = () => caches.cache(storePrefix('', 'resourcequotas'));
  return {
    name: 'ResourceQuota',
    async validate(object, request, old) {
      const { namespace, resource, subresource, operation, signal } = request;
      const { type } = resource;
      if (object === undefined || namespace === undefined || quotas().size === 0) return;
      const isResize = subresource === 'resize';
      if (subresource !== '' && !isResize) return;
      if (operation === 'UPDATE' && (type.group !== '' || !growing.has(type.plural))) return;
      if (operation === 'UPDATE' && object.metadata.deletionTimestamp !== undefined) return;

      const before = old === undefined ? {} : quotaUsageOf(type, old, now());
      const delta = amountsDifference(quotaUsageOf(type, object, now()), before);
      const { items } = await quotas().list({ namespace, signal });
      for (const item of items) {
        const quota = item.object as ResourceQuota;
        if (!isInQuotaScope(quota, type.plural, object)) continue;
        if (operation === 'CREATE' && type.group === '' && type.plural === 'pods')
          mustSpecify(quota, object as Pod, request);
        const names = new Set(Object.keys(quota.spec?.hard ?? {}));
        if (Object.keys(amountsOnly(delta, names)).length === 0) continue;
        await book(deps, item, delta, request);
      }
    },
  };
}

/** @throws {ApiError} Forbidden: it would be too much. */
async function book(deps: ResourceQuotaDeps, first: CachedObject, delta: Amounts, request: AdmissionRequest) {
  const { caches } = deps;
  const { signal, dryRun, namespace, resource, name } = request;
  const cache = caches.cache(first.key.slice(0, first.key.indexOf('/', '/registry/core/'.length) + 1));
  let current: CachedObject | undefined = first;
  let counted: Amounts | undefined;
  for (let attempt = 1; current !== undefined; attempt++) {
    const quota = current.object as ResourceQuota;
    const hard = quota.spec?.hard ?? {};
    const names = new Set(Object.keys(hard));
    const wanted = amountsOnly(delta, names);
    const isKnown = [...names].every((one) => quota.status?.used?.[one] !== undefined);
    if (!isKnown) counted ??= await count(deps, quota, names, signal);
    const used: Amounts = counted ?? quota.status?.used ?? {};
    const after = addAmounts(used, wanted);
    const exceeded = Object.keys(wanted).filter(
      (one) => compareQuantities(wanted[one]!, '0') > 0 && compareQuantities(after[one]!, hard[one]!) > 0,
    );
    if (exceeded.length > 0) {
      // What has gone since may not be booked out yet.
      if (counted === undefined) {
        counted = await count(deps, quota, names, signal);
        continue;
      }
      const show = (amounts: Amounts) =>
        exceeded
          .sort()
          .map((one) => `${one}=${amounts[one] ?? '0'}`)
          .join(',');
      throw ApiError.forbidden(
        subjectOf(resource),
        name,
        `exceeded quota: ${quota.metadata.name}, requested: ${show(wanted)}, used: ${show(used)}, limited: ${show(hard)}`,
      );
    }
    if (dryRun) return;
    try {
      const status = { ...quota.status, hard, used: amountsOnly(after, names) };
      await cache.update(current, { ...quota, status } as KubernetesObject, { signal });
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || (error.code !== 'Conflict' && error.code !== 'NotFound')) throw error;
      if (attempt === attempts) {
        throw ApiError.conflict(
          subjectOf(resource),
          name,
          `the quota ${quota.metadata.name} changes too fast; try again`,
        );
      }
    }
    await caches.fresh({ signal });
    counted = undefined;
    current = cache.get({ namespace: namespace ?? '', name: first.name });
  }
}

/** What is used at this moment, object by object. */
async function count(
  { caches, now }: ResourceQuotaDeps,
  quota: ResourceQuota,
  names: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Amounts> {
  const { namespace } = quota.metadata;
  const lists = await Promise.all(
    kindsOfQuota(names).map(async (kind) => {
      const { items } = await caches.cache(storePrefix(kind.group, kind.plural)).list({ namespace, signal });
      return { kind, objects: items.map(({ object }) => object) };
    }),
  );
  return quotaUsed(quota, lists, now());
}

const limitedAmounts = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/;

/** Where a quota limits an amount, every container has to say how much it needs (2.11.3). @throws {ApiError} Forbidden. */
function mustSpecify({ metadata, spec }: ResourceQuota, pod: Pod, request: AdmissionRequest): void {
  const missing = new Map<string, string[]>();
  for (const { name, resources } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    for (const limited of Object.keys(spec?.hard ?? {}).sort()) {
      const [, of = 'requests', amount = ''] = limitedAmounts.exec(limited) ?? [];
      if (amount === '' || amount === 'ephemeral-storage') continue;
      const given = of === 'limits' ? resources?.limits?.[amount] : resources?.requests?.[amount];
      if (given !== undefined) continue;
      const whose = missing.get(limited);
      if (whose === undefined) missing.set(limited, [name]);
      else whose.push(name);
    }
  }
  if (missing.size === 0) return;
  const text = [...missing].map(([amount, whose]) => `${amount} for: ${whose.join(',')}`).join('; ');
  throw ApiError.forbidden(
    subjectOf(request.resource),
    request.name,
    `failed quota: ${metadata.name}: must specify ${text}`,
  );
}
