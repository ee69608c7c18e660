import { ApiError } from '@geobuk/api';
import type { KubernetesObject, Namespace } from '@geobuk/api';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { subjectOf } from '../resources/served-resource.js';
import type { Action } from './action.js';

/** Changes what holds a namespace, and nothing else. Follows: checklist 1.14.9. */
export const finalizeNamespace =
  ({ registry }: EndpointDeps): Action =>
  async ({ resource, key, body, options }) => {
    const wanted = body as unknown as Namespace;
    const change = (current: KubernetesObject | undefined): KubernetesObject => {
      if (current === undefined) throw ApiError.notFound(subjectOf(resource), key.name);
      return {
        ...current,
        metadata: { ...current.metadata, resourceVersion: wanted.metadata?.resourceVersion },
        spec: { ...(current as Namespace).spec, finalizers: wanted.spec?.finalizers ?? [] },
      } as KubernetesObject;
    };
    const { result } = await registry.update(resource, key, change, { ...options, subresource: 'finalize' });
    return { code: 200, value: result.object };
  };
