import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Deployment, PodTemplateSpec, ReplicaSet } from '@geobuk/api';
import { replicaSets as replicaSetType, deployments } from '@geobuk/api';
import { controllerReference } from '../controller-ref.js';

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';
export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';
export const templateHashLabel = 'pod-template-hash';

/** Annotations of a Deployment that are not handed down to its ReplicaSets. */
const keptBack = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  'deprecated.deployment.rollback.to',
]);

const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Stable for equal templates; letters and digits that spell no words. `collisions` makes another one of the same template. */
export function templateHash(template: PodTemplateSpec, collisions: number): string {
  const digest = createHash('sha256').update(canonicalJson(template)).update(String(collisions)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => safeAlphabet[byte % safeAlphabet.length]).join('');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
    .join(',')}}`;
}

/** Equal but for the hash label that the controller itself adds. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return isDeepStrictEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec): unknown {
  const { [templateHashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  const { creationTimestamp: _created, labels: _labels, ...metadata } = template.metadata ?? {};
  return JSON.parse(JSON.stringify({ spec: template.spec, metadata: { ...metadata, labels } })) as unknown;
}

const created = (rs: ReplicaSet): string => `${rs.metadata.creationTimestamp ?? ''}/${rs.metadata.name ?? ''}`;
export const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number => (created(a) < created(b) ? -1 : 1);

/** The ReplicaSet of the template as it stands now; the oldest if there are several. */
export const findNewReplicaSet = (deployment: Deployment, owned: readonly ReplicaSet[]): ReplicaSet | undefined =>
  [...owned].sort(oldestFirst).find((rs) => sameTemplate(rs.spec.template ?? {}, deployment.spec.template));

export const revisionOf = (rs: ReplicaSet): number =>
  Number.parseInt(rs.metadata.annotations?.[revisionAnnotation] ?? '0', 10) || 0;

export const inheritedAnnotations = (deployment: Deployment): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !keptBack.has(key)));

/** The ReplicaSet to create for the template as it stands now. */
export function newReplicaSet(
  deployment: Deployment,
  replicas: number,
  revision: number,
  maxReplicas: number,
): ReplicaSet {
  const hash = templateHash(deployment.spec.template, deployment.status?.collisionCount ?? 0);
  const labels = { ...deployment.spec.template.metadata?.labels, [templateHashLabel]: hash };
  return {
    apiVersion: 'apps/v1',
    kind: replicaSetType.kind,
    metadata: {
      name: `${deployment.metadata.name ?? ''}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: {
        ...inheritedAnnotations(deployment),
        [revisionAnnotation]: String(revision),
        [desiredReplicasAnnotation]: String(deployment.spec.replicas ?? 1),
        [maxReplicasAnnotation]: String(maxReplicas),
      },
      ownerReferences: [controllerReference(deployments, deployment)],
    },
    spec: {
      replicas,
      ...(deployment.spec.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: {
        ...deployment.spec.selector,
        matchLabels: { ...deployment.spec.selector.matchLabels, [templateHashLabel]: hash },
      },
      template: { ...deployment.spec.template, metadata: { ...deployment.spec.template.metadata, labels } },
    },
  };
}
