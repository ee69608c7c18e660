import type { KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import { milliUnits } from '@geobuk/api';

/** What the metrics API says of one pod. Follows: metrics.k8s.io/v1beta1 PodMetrics. */
export interface PodMetrics extends KubernetesObject {
  readonly timestamp?: string | undefined;
  readonly window?: string | undefined;
  readonly containers?:
    readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[] | undefined;
}

/** Served by an aggregated API server, so it is no built-in kind. */
export const podMetrics: ResourceType<PodMetrics> = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  plural: 'pods',
  singular: '',
  kind: 'PodMetrics',
  namespaced: true,
  shortNames: [],
  categories: [],
  verbs: ['get', 'list'],
  subresources: {},
};

/** Usage of one pod in thousandths, of one container or of all; undefined when a container's is missing. */
export function usageOf(metrics: PodMetrics, resource: string, container: string | undefined): number | undefined {
  const amounts = (metrics.containers ?? [])
    .filter(({ name }) => container === undefined || name === container)
    .map(({ usage }) => usage[resource]);
  if (amounts.length === 0 || amounts.includes(undefined)) return undefined;
  return amounts.reduce((sum, amount) => sum + Number(milliUnits(amount ?? '0')), 0);
}

/** @throws {Error} a container asks for nothing, so a percentage means nothing. */
export function requestOf(pod: Pod, resource: string, container: string | undefined): number {
  const containers = pod.spec.containers.filter(({ name }) => container === undefined || name === container);
  return containers.reduce((sum, { name, resources }) => {
    const amount = resources?.requests?.[resource];
    if (amount === undefined)
      throw new Error(`missing request for ${resource} in container ${name} of Pod ${pod.metadata.name ?? ''}`);
    return sum + Number(milliUnits(amount));
  }, 0);
}
