import { ApiError } from '@geobuk/api';
import type { KubernetesObject, Namespace } from '@geobuk/api';
import { decodeBody, placed } from '../endpoints/decode-body.js';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint, EndpointDeps } from '../endpoints/endpoint.js';
import { sendWritten, writeOptionsOf } from '../endpoints/write-endpoints.js';
import { subjectOf } from '../resources/served-resource.js';

/** Changes what holds a namespace, and nothing else. Follows: checklist 1.14.9. */
export const finalizeEndpoint =
  (deps: EndpointDeps): Endpoint =>
  async (call) => {
    const key = keyOfRequest(call);
    const wanted = placed(decodeBody(call), undefined, key.name) as Namespace;
    const written = await deps.registry.update(call.resource, key, (current) => {
      if (current === undefined) throw ApiError.notFound(subjectOf(call.resource), key.name);
      return {
        ...current,
        metadata: { ...current.metadata, resourceVersion: wanted.metadata.resourceVersion },
        spec: { ...(current as Namespace).spec, finalizers: wanted.spec?.finalizers ?? [] },
      } as KubernetesObject;
    }, writeOptionsOf(call));
    return sendWritten(deps, call, written);
  };
