import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, formatLabelSelector, labelSelectorOf } from '@geobuk/api';
import type { LabelSelector } from '@geobuk/api';

type Json = Readonly<Record<string, unknown>>;

const partOf = (object: KubernetesObject, part: 'spec' | 'status'): Json =>
  (object as unknown as Readonly<Record<string, Json | undefined>>)[part] ?? {};

/** Follows: autoscaling/v1 Scale of a workload. */
export function scaleOf(object: KubernetesObject): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const spec = partOf(object, 'spec');
  const selector = formatLabelSelector(labelSelectorOf((spec['selector'] ?? {}) as LabelSelector));
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec['replicas'] ?? 1 },
    status: { replicas: partOf(object, 'status')['replicas'] ?? 0, selector },
  };
}

/** The object that a PUT to `scale`, `approval` or `finalize` leaves. */
export function putSubresource(
  type: ResourceType,
  existing: KubernetesObject,
  subresource: string,
  body: unknown,
): KubernetesObject {
  const wanted = body as KubernetesObject;
  const metadata = { ...existing.metadata, resourceVersion: wanted.metadata.resourceVersion };
  switch (subresource) {
    case 'scale': {
      const { replicas } = partOf(wanted, 'spec');
      return { ...existing, metadata, spec: { ...partOf(existing, 'spec'), replicas } } as KubernetesObject;
    }
    case 'finalize':
      return {
        ...existing,
        metadata,
        spec: { ...partOf(existing, 'spec'), finalizers: partOf(wanted, 'spec')['finalizers'] },
      } as KubernetesObject;
    default:
      throw ApiError.methodNotAllowed(`${type.plural}/${subresource} cannot be written here`);
  }
}

export interface FakeWriter {
  write(object: KubernetesObject): void;
  evict(options: { readonly gracePeriodSeconds?: number | undefined }): void;
  now(): string;
}

/** POST to `binding` or `eviction` of a pod, to `token` of a service account. */
export function postSubresource(
  type: ResourceType,
  existing: KubernetesObject,
  subresource: string,
  body: unknown,
  { write, evict, now }: FakeWriter,
): Json {
  const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
  const name = existing.metadata.name ?? '';
  if (subresource === 'binding') {
    const { target } = body as { readonly target: { readonly name: string } };
    const spec = partOf(existing, 'spec');
    if (spec['nodeName'] !== undefined) {
      throw ApiError.conflict(type, name, `pod ${name} is already assigned to node "${String(spec['nodeName'])}"`);
    }
    const status = partOf(existing, 'status');
    const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: now() };
    const others = ((status['conditions'] ?? []) as readonly Json[]).filter((one) => one['type'] !== 'PodScheduled');
    const bound = {
      ...existing,
      spec: { ...spec, nodeName: target.name },
      status: { ...status, conditions: [...others, scheduled] },
    };
    write(bound as KubernetesObject);
    return success;
  }
  if (subresource === 'eviction') {
    const { deleteOptions } = body as { readonly deleteOptions?: { readonly gracePeriodSeconds?: number } };
    evict({ gracePeriodSeconds: deleteOptions?.gracePeriodSeconds });
    return success;
  }
  if (subresource === 'token') {
    const { spec } = body as { readonly spec: { readonly expirationSeconds?: number } };
    const expirationTimestamp = new Date(Date.parse(now()) + (spec.expirationSeconds ?? 3600) * 1000).toISOString();
    return { ...(body as Json), status: { token: `token-of-${name}`, expirationTimestamp } };
  }
  throw ApiError.methodNotAllowed(`${type.plural}/${subresource} cannot be posted to here`);
}
