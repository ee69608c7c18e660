import { randomUUID } from 'node:crypto';
import type { Json, KubernetesObject, Status } from '@geobuk/api';
import { atVersion } from '../../resources/served-resource.js';
import type { ServedResource } from '../../resources/served-resource.js';
import type { AdmissionRequest } from '../admission.js';

/** Follows: AdmissionResponse of admission.k8s.io/v1. */
export interface AdmissionResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Partial<Status>;
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions' } as const;

/** What is asked about a write, in the version that was asked for. Follows: checklist 2.8.4. */
export function admissionReviewRequest(
  request: AdmissionRequest,
  resource: ServedResource,
  object: KubernetesObject | undefined,
  old: KubernetesObject | undefined,
) {
  const { operation, subresource, namespace, name, user, dryRun } = request;
  const kindOf = ({ type: { group, version, kind } }: ServedResource) => ({ group, version, kind });
  const resourceOf = ({ type: { group, version, plural } }: ServedResource) => ({ group, version, resource: plural });
  const at = (one: KubernetesObject | undefined) => (one === undefined ? null : atVersion(resource, one));
  return {
    uid: randomUUID(),
    kind: kindOf(resource),
    resource: resourceOf(resource),
    ...(subresource === '' ? {} : { subResource: subresource, requestSubResource: subresource }),
    requestKind: kindOf(request.resource),
    requestResource: resourceOf(request.resource),
    name,
    ...(namespace === undefined ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    object: at(object),
    oldObject: at(old),
    dryRun,
    options:
      operation === 'CONNECT'
        ? null
        : { kind: optionKinds[operation], apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) },
  };
}

export type ReviewRequest = ReturnType<typeof admissionReviewRequest>;

/** As JSON, for expressions. */
export const asJsonRequest = ({ object: _object, oldObject: _old, ...rest }: ReviewRequest): Json =>
  rest as unknown as Json;
