import { ApiError, labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { KubernetesObject, Pod, PodDisruptionBudget } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
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
      await mustAllow(caches, pod, signal);
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

async function mustAllow(caches: WatchCaches, pod: Pod, signal: AbortSignal): Promise<void> {
  const { items } = await caches
    .cache(storePrefix('policy', 'poddisruptionbudgets'))
    .list({ namespace: pod.metadata.namespace, signal });
  const budgets = items
    .map(({ object }) => object as PodDisruptionBudget)
    .filter(
      ({ spec }) => spec?.selector !== undefined && matchesLabels(labelSelectorOf(spec.selector), pod.metadata.labels),
    );
  if (budgets.length > 1) {
    throw ApiError.internal(
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  }
  const [budget] = budgets;
  if (budget === undefined) return;
  const { status } = budget;
  const isReady =
    pod.status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
  if (!isReady && budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return;
  const healthy = status?.currentHealthy ?? 0;
  const desired = status?.desiredHealthy ?? 0;
  if (!isReady && desired > 0 && healthy >= desired) return;
  if ((status?.disruptionsAllowed ?? 0) > 0) return;
  throw ApiError.tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 10, [
    {
      reason: 'DisruptionBudget',
      message: `The disruption budget ${budget.metadata.name} needs ${status?.desiredHealthy ?? 0} healthy pods and has ${status?.currentHealthy ?? 0} currently`,
    },
  ]);
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
