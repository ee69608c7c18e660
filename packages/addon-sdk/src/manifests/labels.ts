import type { KubernetesObject } from '@geobuk/api';

/** Says which addon an object belongs to; the reconciler prunes and repairs by it. */
export const addonLabel = 'addons.geobuk.dev/addon';
/** Where the workloads of all addons live. */
export const addonNamespace = 'kube-system';

/** The labels of everything that an addon brings. */
export const addonLabels = (addon: string): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': addon,
  'app.kubernetes.io/managed-by': 'geobuk',
  [addonLabel]: addon,
});

/** The object with the addon's labels added to its own. */
export function labelled<T extends KubernetesObject>(addon: string, object: T): T {
  return { ...object, metadata: { ...object.metadata, labels: { ...addonLabels(addon), ...object.metadata.labels } } };
}
