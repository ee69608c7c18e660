import type { LabelSelector, Pod } from '@geobuk/api';
import { replicaSets, replicationControllers, services, statefulSets } from '@geobuk/api';
import type { Informers } from '@geobuk/client';

/**
 * The selector of the pod's Services and of the workload that owns it, all in one; absent when there is none.
 * Follows: helper.DefaultSelector.
 */
export function workloadSelector(informers: Informers): (pod: Pod) => LabelSelector | undefined {
  const serviceLister = informers.of(services).lister;
  const replicaSetLister = informers.of(replicaSets).lister;
  const statefulSetLister = informers.of(statefulSets).lister;
  const controllerLister = informers.of(replicationControllers).lister;
  return ({ metadata }) => {
    const { namespace, labels = {} } = metadata;
    let matchLabels: Readonly<Record<string, string>> = {};
    for (const { spec } of serviceLister.list(namespace ?? '')) {
      const selector = Object.entries(spec.selector ?? {});
      if (selector.length === 0 || !selector.every(([key, value]) => labels[key] === value)) continue;
      matchLabels = { ...matchLabels, ...spec.selector };
    }
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    const key = { namespace, name: owner?.name ?? '' };
    let matchExpressions: LabelSelector['matchExpressions'];
    const join = (selector: LabelSelector | undefined): void => {
      matchLabels = { ...matchLabels, ...selector?.matchLabels };
      matchExpressions = selector?.matchExpressions;
    };
    if (owner?.kind === 'ReplicaSet') join(replicaSetLister.get(key)?.spec?.selector);
    else if (owner?.kind === 'StatefulSet') join(statefulSetLister.get(key)?.spec?.selector);
    else if (owner?.kind === 'ReplicationController') join({ matchLabels: controllerLister.get(key)?.spec?.selector });
    if (Object.keys(matchLabels).length === 0 && (matchExpressions ?? []).length === 0) return undefined;
    return { matchLabels, matchExpressions };
  };
}
