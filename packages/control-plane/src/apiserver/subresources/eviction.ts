import { ApiError, labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { KubernetesObject, Pod, PodDisruptionBudget } from '@geobuk/api';
import { StoreError } from '../../store/store.js';
import type { CachedObject, WatchCaches } from '../../watch-cache/watch-cache.js';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { timestamp } from '../registry/metadata.js';
import { storePrefix } from '../resources/served-resource.js';
import { succeeded } from './action.js';
import type { Action } from './action.js';

const settledPhases = new Set(['Pending', 'Succeeded', 'Failed']);

interface Eviction {
  readonly deleteOptions?: {
    readonly gracePeriodSeconds?: number;
    readonly dryRun?: readonly string[];
    readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  };
}

/** Deletes a pod when no disruption budget stands against it. Follows: checklist 1.14.4. */
export const evictPod =
  ({ registry, now, caches }: EndpointDeps & { readonly caches: WatchCaches }): Action =>
  async ({ resource, key, body, options }) => {
    const { signal } = options;
    const { deleteOptions = {} } = body as unknown as Eviction;
    const dryRun = options.dryRun === true || (deleteOptions.dryRun ?? []).includes('All');
    const pod = (await registry.read(resource, key, signal)).object as Pod;

    if (!settledPhases.has(pod.status?.phase ?? 'Pending') && pod.metadata.deletionTimestamp === undefined) {
      await takeDisruption({ caches, now }, pod, dryRun, signal);
      const change = (current: KubernetesObject | undefined) => disrupted(current as Pod, now());
      await registry.update(resource, key, change, { ...options, dryRun, subresource: 'eviction' });
    }
    await registry.delete(resource, key, {
      ...options,
      dryRun,
      subresource: 'eviction',
      gracePeriodSeconds: deleteOptions.gracePeriodSeconds,
      uid: deleteOptions.preconditions?.uid ?? pod.metadata.uid,
      propagationPolicy: undefined,
    });
    return succeeded;
  };

const attempts = 10;

interface BudgetDeps {
  readonly caches: WatchCaches;
  now(): number;
}

/** Books one disruption with the pod's budget, by compare-and-swap. @throws {ApiError} TooManyRequests, InternalError. */
async function takeDisruption(deps: BudgetDeps, pod: Pod, dryRun: boolean, signal: AbortSignal): Promise<void> {
  const { caches, now } = deps;
  for (let attempt = 1; ; attempt++) {
    const found = await budgetInTheWay(caches, pod, signal);
    if (found === undefined || dryRun) return;
    const budget = found.object as PodDisruptionBudget;
    const status = {
      ...budget.status,
      disruptionsAllowed: (budget.status?.disruptionsAllowed ?? 0) - 1,
      disruptedPods: { ...budget.status?.disruptedPods, [pod.metadata.name ?? '']: timestamp(now()) },
    };
    try {
      await caches
        .cache(storePrefix('policy', 'poddisruptionbudgets'))
        .update(found, { ...budget, status } as KubernetesObject, { signal });
      return;
    } catch (error) {
      if (!(error instanceof StoreError) || (error.code !== 'Conflict' && error.code !== 'NotFound')) throw error;
      if (attempt === attempts) throw refusal(budget, false);
      await caches.fresh({ signal });
    }
  }
}

/** The budget that this eviction has to be booked with; undefined when none counts it. @throws {ApiError} */
async function budgetInTheWay(caches: WatchCaches, pod: Pod, signal: AbortSignal): Promise<CachedObject | undefined> {
  const { items } = await caches
    .cache(storePrefix('policy', 'poddisruptionbudgets'))
    .list({ namespace: pod.metadata.namespace, signal });
  const budgets = items.filter(({ object }) => {
    const { spec } = object as PodDisruptionBudget;
    return spec?.selector !== undefined && matchesLabels(labelSelectorOf(spec.selector), pod.metadata.labels);
  });
  if (budgets.length > 1) {
    throw ApiError.internal(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [found] = budgets;
  if (found === undefined) return undefined;
  const budget = found.object as PodDisruptionBudget;
  const { status } = budget;
  const isReady =
    pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  if (!isReady && budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return undefined;
  const healthy = status?.currentHealthy ?? 0;
  const desired = status?.desiredHealthy ?? 0;
  if (!isReady && desired > 0 && healthy >= desired) return undefined;
  const isUpToDate = (status?.observedGeneration ?? 0) >= (budget.metadata.generation ?? 0);
  if (isUpToDate && (status?.disruptionsAllowed ?? 0) > 0) return found;
  throw refusal(budget, isUpToDate);
}

/** Follows: checklist 1.14.4: 429 with the cause DisruptionBudget. Only a budget that is out of date is worth asking again for at once. */
function refusal({ metadata, status }: PodDisruptionBudget, isUpToDate: boolean): ApiError {
  const message = isUpToDate
    ? `The disruption budget ${metadata.name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`
    : `The disruption budget ${metadata.name} is still being processed by the server.`;
  const retryAfterSeconds = isUpToDate ? 0 : 10;
  const text = "Cannot evict pod as it would violate the pod's disruption budget.";
  return ApiError.tooManyRequests(text, retryAfterSeconds, [{ reason: 'DisruptionBudget', message }]);
}

function disrupted(pod: Pod, now: number): KubernetesObject {
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
  return {
    ...pod,
    status: {
      ...pod.status,
      conditions: [
        ...conditions,
        {
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'EvictionByEvictionAPI',
          message: 'Eviction API: evicting',
          lastTransitionTime: timestamp(now),
        },
      ],
    },
  } as KubernetesObject;
}
