import { ApiError } from '@geobuk/api';
import type { Binding, KubernetesObject, Pod } from '@geobuk/api';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { timestamp } from '../registry/metadata.js';
import { succeeded } from './action.js';
import type { Action } from './action.js';

/** Puts a pod on a node, once. Follows: checklist 1.14.3. */
export const bindPod =
  ({ registry, now }: EndpointDeps): Action =>
  async ({ resource, key, body, options }) => {
    const change = (pod: KubernetesObject | undefined) =>
      bound(pod as Pod | undefined, body as unknown as Binding, key.name, now());
    await registry.update(resource, key, change, { ...options, subresource: 'binding' });
    return succeeded;
  };

/** @throws {ApiError} BadRequest, NotFound, Conflict: bound already, going, or gated. */
export function bound(pod: Pod | undefined, binding: Binding, name: string, now: number): KubernetesObject {
  const subject = { group: '', plural: 'pods', kind: 'Pod' };
  const { target, metadata } = binding;
  if (target === undefined || target.name === undefined || target.name === '') {
    throw ApiError.invalid({ ...subject, kind: 'Binding' }, name, [
      { field: 'target.name', reason: 'FieldValueRequired', message: 'Required value' },
    ]);
  }
  if (target.kind !== undefined && target.kind !== '' && target.kind !== 'Node') {
    throw ApiError.invalid({ ...subject, kind: 'Binding' }, name, [
      {
        field: 'target.kind',
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`,
      },
    ]);
  }
  if (pod === undefined) throw ApiError.notFound(subject, name);
  const conflict = (why: string) => ApiError.conflict({ ...subject, plural: 'pods/binding' }, name, why);
  if (metadata?.uid !== undefined && metadata.uid !== '' && metadata.uid !== pod.metadata.uid) {
    throw conflict(
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${pod.metadata.uid}`,
    );
  }
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '')
    throw conflict(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec.schedulingGates ?? []).length > 0) throw conflict(`pod ${name} has non-empty .spec.schedulingGates`);
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(metadata?.annotations === undefined
        ? {}
        : { annotations: { ...pod.metadata.annotations, ...metadata.annotations } }),
      ...(metadata?.labels === undefined ? {} : { labels: { ...pod.metadata.labels, ...metadata.labels } }),
      resourceVersion: metadata?.resourceVersion,
    },
    spec: { ...pod.spec, nodeName: target.name },
    status: {
      ...pod.status,
      conditions: [...conditions, { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(now) }],
    },
  } as KubernetesObject;
}
