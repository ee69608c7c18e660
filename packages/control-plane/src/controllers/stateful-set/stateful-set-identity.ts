import type { OwnerReference, PersistentVolumeClaim, Pod, PodTemplateSpec, StatefulSet } from '@geobuk/api';
import { statefulSets, uidOf } from '@geobuk/api';
import { controllerReference } from '../controller-ref.js';
import { revisionHashLabel } from '../history/controller-history.js';
import { podFromTemplate } from '../pod-template.js';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export const startOrdinal = (set: StatefulSet): number => set.spec.ordinals?.start ?? 0;
export const podNameOf = (set: StatefulSet, ordinal: number): string => `${set.metadata.name ?? ''}-${ordinal}`;

/** The ordinal of a pod by its name, or undefined when the name is none of this set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name ?? ''}-`;
  const name = pod.metadata.name ?? '';
  const ordinal = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d*)$/.test(ordinal) ? Number(ordinal) : undefined;
}

/** Labels that tell who a pod of a set is. */
export const identityLabels = (set: StatefulSet, ordinal: number): Readonly<Record<string, string>> => ({
  [podNameLabel]: podNameOf(set, ordinal),
  [podIndexLabel]: String(ordinal),
});

const claimName = (template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string =>
  `${template.metadata.name ?? ''}-${podNameOf(set, ordinal)}`;

/** The pod of an ordinal at a revision: its name, host name, labels and claims are always the same. Follows: newStatefulSetPod. */
export function statefulPod(set: StatefulSet, ordinal: number, template: PodTemplateSpec, revision: string): Pod {
  const pod = podFromTemplate(statefulSets, set, template);
  const { generateName: _prefix, ...metadata } = pod.metadata;
  const templates = set.spec.volumeClaimTemplates ?? [];
  const claimed = new Set(templates.map((claim) => claim.metadata.name));
  const volumes = [
    ...templates.map((claim) => ({
      name: claim.metadata.name ?? '',
      persistentVolumeClaim: { claimName: claimName(claim, set, ordinal), readOnly: false },
    })),
    ...(pod.spec.volumes ?? []).filter(({ name }) => !claimed.has(name)),
  ];
  return {
    ...pod,
    metadata: {
      ...metadata,
      name: podNameOf(set, ordinal),
      labels: { ...metadata.labels, ...identityLabels(set, ordinal), [revisionHashLabel]: revision },
    },
    spec: {
      ...pod.spec,
      hostname: podNameOf(set, ordinal),
      ...(set.spec.serviceName === undefined || set.spec.serviceName === '' ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** The claims that the pod of an ordinal mounts, as its set makes them. */
export const claimsOf = (set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] =>
  (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(template, set, ordinal),
      namespace: set.metadata.namespace,
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
    },
    spec: template.spec,
  }));

/**
 * Who should own a claim, so that the garbage collector takes it when the retention policy says so. Pure.
 * Follows: StatefulSetAutoDeletePVC: the set for `whenDeleted: Delete`; a pod on its way out for `whenScaled: Delete`.
 */
export function claimOwners(
  set: StatefulSet,
  pod: Pod | undefined,
  condemned: boolean,
  present: readonly OwnerReference[],
): readonly OwnerReference[] {
  const { whenDeleted = 'Retain', whenScaled = 'Retain' } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const others = present.filter(
    ({ uid, kind, name }) => uid !== uidOf(set) && !(kind === 'Pod' && name === pod?.metadata.name),
  );
  if (condemned && whenScaled === 'Delete') {
    if (pod === undefined) return present;
    const reference = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name ?? '', uid: uidOf(pod) };
    return [...others, { ...reference, controller: true, blockOwnerDeletion: true }];
  }
  return whenDeleted === 'Delete' ? [...others, controllerReference(statefulSets, set)] : others;
}
