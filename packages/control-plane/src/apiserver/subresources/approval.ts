import { ApiError } from '@geobuk/api';
import type { CertificateSigningRequest, KubernetesObject } from '@geobuk/api';
import type { Authorizer } from '../authorization/authorizer.js';
import type { User } from '../authentication/user.js';
import { decodeBody, placed } from '../endpoints/decode-body.js';
import { keyOfRequest } from '../endpoints/endpoint.js';
import type { Endpoint, EndpointDeps } from '../endpoints/endpoint.js';
import { getEndpoint } from '../endpoints/read-endpoints.js';
import { sendWritten, writeOptionsOf } from '../endpoints/write-endpoints.js';
import { timestamp } from '../registry/metadata.js';
import { subjectOf } from '../resources/served-resource.js';

type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

/** Approves or denies a request for a certificate. Follows: checklist 1.14.10, 2.6.2. */
export function approvalEndpoints(deps: EndpointDeps & { readonly authorizer: Authorizer }): Readonly<Record<string, Endpoint>> {
  return {
    get: getEndpoint(deps),
    update: async (call) => {
      const key = keyOfRequest(call);
      const wanted = placed(decodeBody(call), undefined, key.name) as CertificateSigningRequest;
      const written = await deps.registry.update(
        call.resource,
        key,
        (current) => {
          if (current === undefined) throw ApiError.notFound(subjectOf(call.resource), key.name);
          const request = current as CertificateSigningRequest;
          mustBeApprover(deps.authorizer, call.user, request);
          return withConditions(request, wanted, deps.now());
        },
        writeOptionsOf(call),
      );
      return sendWritten(deps, call, written);
    },
  };
}

/** @throws {ApiError} Forbidden. */
function mustBeApprover(authorizer: Authorizer, user: User, { spec, metadata }: CertificateSigningRequest): void {
  const [domain = ''] = spec.signerName.split('/', 1);
  const may = [spec.signerName, `${domain}/*`].some(
    (name) =>
      authorizer.authorize(user, {
        isResource: true,
        verb: 'approve',
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'signers',
        subresource: '',
        namespace: '',
        name,
        path: '',
      }).kind === 'allow',
  );
  if (may) return;
  const subject = { group: 'certificates.k8s.io', plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest' };
  throw ApiError.forbidden(subject, metadata.name ?? '', `user not permitted to approve requests with signerName "${spec.signerName}"`);
}

/** What was decided stays decided. @throws {ApiError} Invalid. */
function withConditions(request: CertificateSigningRequest, wanted: CertificateSigningRequest, now: number): KubernetesObject {
  const before = request.status?.conditions ?? [];
  const decisive = (conditions: readonly Condition[]) => conditions.filter(({ type }) => type === 'Approved' || type === 'Denied');
  const after = decisive(wanted.status?.conditions ?? []);
  const isLost = decisive(before).some(({ type }) => !after.some((condition) => condition.type === type));
  const both = new Set(after.map(({ type }) => type)).size > 1;
  if (isLost || both) {
    const subject = { group: 'certificates.k8s.io', plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest' };
    throw ApiError.invalid(subject, request.metadata.name ?? '', [
      {
        field: 'status.conditions',
        reason: 'FieldValueForbidden',
        message: both ? 'Forbidden: Approved and Denied conditions are mutually exclusive' : 'Forbidden: updates may not remove a condition of type "Approved" or "Denied"',
      },
    ]);
  }
  const at = timestamp(now);
  const added = after
    .filter(({ type }) => !before.some((condition) => condition.type === type))
    .map((condition) => ({ ...condition, status: condition.status ?? 'True', lastUpdateTime: condition.lastUpdateTime ?? at, lastTransitionTime: condition.lastTransitionTime ?? at }));
  return {
    ...request,
    metadata: { ...request.metadata, resourceVersion: wanted.metadata.resourceVersion },
    status: { ...request.status, conditions: [...before, ...added] },
  } as KubernetesObject;
}
