import type { APIService } from '@geobuk/api';
import type { ResourceCatalog } from '../resources/resource-catalog.js';

export const automanaged = 'kube-aggregator.kubernetes.io/automanaged';

/** Group and version priorities of what is built in; clients list groups in this order. */
const builtIn: Readonly<Record<string, readonly [group: number, version: number]>> = {
  '': [18_000, 1],
  'apiregistration.k8s.io': [20_000, 10],
  apps: [17_800, 15],
  'events.k8s.io': [17_750, 15],
  'authentication.k8s.io': [17_700, 15],
  'authorization.k8s.io': [17_600, 15],
  autoscaling: [17_500, 15],
  batch: [17_400, 15],
  'certificates.k8s.io': [17_300, 15],
  'networking.k8s.io': [17_200, 15],
  policy: [17_100, 15],
  'rbac.authorization.k8s.io': [17_000, 15],
  'storage.k8s.io': [16_800, 15],
  'apiextensions.k8s.io': [16_700, 15],
  'admissionregistration.k8s.io': [16_700, 15],
  'scheduling.k8s.io': [16_600, 15],
  'coordination.k8s.io': [16_500, 15],
  'node.k8s.io': [16_300, 15],
  'discovery.k8s.io': [16_200, 15],
  'flowcontrol.apiserver.k8s.io': [16_100, 18],
  'resource.k8s.io': [16_200, 15],
};

/** `v1.apps`; `v1.` for the core. */
export const apiServiceName = (group: string, version: string): string => `${version}.${group}`;

/** An APIService for every group and version that this server answers by itself. Pure. Follows: checklist 3.5.4. */
export function localApiServices(catalog: ResourceCatalog): ReadonlyMap<string, APIService> {
  const wanted = new Map<string, APIService>();
  for (const { type, custom } of catalog.all()) {
    const { group, version } = type;
    const name = apiServiceName(group, version);
    if (wanted.has(name)) continue;
    const isHorizontal = group === 'autoscaling' && version === 'v2';
    const [groupPriorityMinimum, versionPriority] =
      custom === undefined ? (builtIn[group] ?? [16_000, 15]) : ([1000, 100] as const);
    wanted.set(name, {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name, labels: { [automanaged]: custom === undefined ? 'onstart' : 'true' } },
      spec: {
        ...(group === '' ? {} : { group }),
        version,
        groupPriorityMinimum,
        versionPriority: isHorizontal ? 30 : versionPriority,
      },
    });
  }
  return wanted;
}
