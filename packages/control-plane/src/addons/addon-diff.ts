import type { AddonResource, KubernetesObject } from '@geobuk/api';
import { says } from './addon-drift.js';

export interface AddonPlan {
  /** Missing, changed or of an older version; in the order to apply. */
  readonly apply: readonly KubernetesObject[];
  /** In the inventory, but no longer wanted; in the order to remove. */
  readonly prune: readonly AddonResource[];
  /** All that may exist while the plan is carried out: to be recorded first, so that a crash orphans nothing. */
  readonly inventory: readonly AddonResource[];
}

/** What stands between the wish and the world. `live` gives the object of the cluster, if there is one. */
export function diffAddon(
  desired: readonly KubernetesObject[],
  inventory: readonly AddonResource[],
  live: (resource: AddonResource) => KubernetesObject | undefined,
): AddonPlan {
  const wanted = desired.map(resourceOf);
  const ids = new Set(wanted.map(resourceId));
  const gone = inventory.filter((resource) => !ids.has(resourceId(resource)));
  return {
    apply: desired.filter((object) => {
      const present = live(resourceOf(object));
      return present === undefined || present.metadata.deletionTimestamp !== undefined || !says(present, object);
    }),
    prune: gone.toReversed(),
    inventory: [...wanted, ...gone.map(withoutReady)],
  };
}

/** How the inventory names an object. */
export function resourceOf({ apiVersion = '', kind = '', metadata }: KubernetesObject): AddonResource {
  const { namespace, name = '' } = metadata;
  return namespace === undefined ? { apiVersion, kind, name } : { apiVersion, kind, namespace, name };
}

export const resourceId = ({ apiVersion, kind, namespace = '', name }: AddonResource): string =>
  `${apiVersion}/${kind}/${namespace}/${name}`;

/** `DaemonSet kube-system/network`, for people. */
export const resourceText = ({ kind, namespace, name }: AddonResource): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

const withoutReady = ({ ready: _, ...resource }: AddonResource): AddonResource => resource;
