import type { PersistentVolumeClaim, Pod, ResourceQuota } from '../generated/types.js';
import type { KubernetesObject } from '../object.js';

interface Requirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[] | undefined;
}

/** Whether a quota counts this object. Pure. Follows: checklist 2.11.4. */
export function isInQuotaScope({ spec }: ResourceQuota, plural: string, object: KubernetesObject): boolean {
  const requirements: readonly Requirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (plural === 'persistentvolumeclaims') {
    const name = (object as PersistentVolumeClaim).spec?.volumeAttributesClassName;
    return requirements.every(
      (requirement) => requirement.scopeName === 'VolumeAttributesClass' && names(requirement, name),
    );
  }
  return plural === 'pods' && requirements.every((requirement) => matches(requirement, object as Pod));
}

function matches(requirement: Requirement, pod: Pod): boolean {
  const { spec } = pod;
  switch (requirement.scopeName) {
    case 'Terminating':
      return (spec.activeDeadlineSeconds ?? -1) >= 0;
    case 'NotTerminating':
      return (spec.activeDeadlineSeconds ?? -1) < 0;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return names(requirement, spec.priorityClassName);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function names({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  const isSet = value !== undefined && value !== '';
  switch (operator) {
    case 'Exists':
      return isSet;
    case 'DoesNotExist':
      return !isSet;
    case 'In':
      return isSet && values.includes(value);
    case 'NotIn':
      return !isSet || !values.includes(value);
    default:
      return false;
  }
}

const isBestEffort = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every(({ resources }) =>
    [...Object.entries(resources?.requests ?? {}), ...Object.entries(resources?.limits ?? {})].every(
      ([name]) => name !== 'cpu' && name !== 'memory',
    ),
  );

function crossesNamespaces({ spec: { affinity } }: Pod): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(
    ({ namespaces, namespaceSelector }) => (namespaces ?? []).length > 0 || namespaceSelector !== undefined,
  );
}
