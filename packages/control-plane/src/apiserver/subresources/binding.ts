import { ApiError } from '@geobuk/api';
import type { Binding, KubernetesObject, Pod } from '@geobuk/api';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint, EndpointDeps } from '../endpoints/endpoint.js';
import { mediaTypeOf, objectOf, parseBody } from '../http/request-body.js';
import { sendValue } from '../http/respond.js';
import { writeOptionsOf } from '../endpoints/write-endpoints.js';
import { timestamp } from '../registry/metadata.js';

const success = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };

/** Puts a pod on a node, once. Follows: checklist 1.14.3. */
export const bindingEndpoint =
  ({ registry, now }: EndpointDeps): Endpoint =>
  async (call) => {
    const { request, reply, resource, info } = call;
    const body = request.body as Buffer | undefined;
    const given = objectOf(parseBody(body ?? Buffer.alloc(0), mediaTypeOf(request.headers['content-type']), false).value) as unknown as Binding;
    await registry.update(resource, keyOfRequest(call), (pod) => bound(pod as Pod | undefined, given, info.name, now()), {
      ...writeOptionsOf(call),
      subresource: 'binding',
    });
    return sendValue(request, reply, 201, success);
  };

/** @throws {ApiError} BadRequest, NotFound, Conflict: bound already, going, or gated. */
export function bound(pod: Pod | undefined, binding: Binding, name: string, now: number): KubernetesObject {
  const subject = { group: '', plural: 'pods', kind: 'Pod' };
  const { target, metadata } = binding;
  if (target === undefined || target.name === undefined || target.name === '') {
    throw ApiError.invalid({ ...subject, kind: 'Binding' }, name, [{ field: 'target.name', reason: 'FieldValueRequired', message: 'Required value' }]);
  }
  if (target.kind !== undefined && target.kind !== '' && target.kind !== 'Node') {
    throw ApiError.invalid({ ...subject, kind: 'Binding' }, name, [
      { field: 'target.kind', reason: 'FieldValueNotSupported', message: `Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"` },
    ]);
  }
  if (pod === undefined) throw ApiError.notFound(subject, name);
  const conflict = (why: string) => ApiError.conflict({ ...subject, plural: 'pods/binding' }, name, why);
  if (metadata?.uid !== undefined && metadata.uid !== '' && metadata.uid !== pod.metadata.uid) {
    throw conflict(`Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${pod.metadata.uid}`);
  }
  if (pod.metadata.deletionTimestamp !== undefined) throw conflict(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') throw conflict(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
  if ((pod.spec.schedulingGates ?? []).length > 0) throw conflict(`pod ${name} has non-empty .spec.schedulingGates`);
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(metadata?.annotations === undefined ? {} : { annotations: { ...pod.metadata.annotations, ...metadata.annotations } }),
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

