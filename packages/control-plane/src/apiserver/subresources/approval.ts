import { ApiError } from '@geobuk/api';
import type { CertificateSigningRequest, KubernetesObject } from '@geobuk/api';
import type { Authorizer } from '../authorization/authorizer.js';
import type { User } from '../authentication/user.js';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { timestamp } from '../registry/metadata.js';
import { subjectOf } from '../resources/served-resource.js';
import type { Action } from './action.js';

type Condition = NonNullable<NonNullable<CertificateSigningRequest['status']>['conditions']>[number];

/** Approves or denies a request for a certificate. Follows: checklist 1.14.10, 2.6.2. */
export const approveRequest =
  ({ registry, authorizer, now }: EndpointDeps & { readonly authorizer: Authorizer }): Action =>
  async ({ resource, key, body, options }) => {
    const wanted = body as unknown as CertificateSigningRequest;
    const change = (current: KubernetesObject | undefined): KubernetesObject => {
      if (current === undefined) throw ApiError.notFound(subjectOf(resource), key.name);
      const request = current as CertificateSigningRequest;
      mustBeApprover(authorizer, options.user, request);
      return withConditions(request, wanted, now());
    };
    const { result } = await registry.update(resource, key, change, { ...options, subresource: 'approval' });
    return { code: 200, value: result.object };
  };

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
  const subject = {
    group: 'certificates.k8s.io',
    plural: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
  };
  throw ApiError.forbidden(
    subject,
    metadata.name ?? '',
    `user not permitted to approve requests with signerName "${spec.signerName}"`,
  );
}

/** What was decided stays decided. @throws {ApiError} Invalid. */
function withConditions(
  request: CertificateSigningRequest,
  wanted: CertificateSigningRequest,
  now: number,
): KubernetesObject {
  const before = request.status?.conditions ?? [];
  const decisive = (conditions: readonly Condition[]) =>
    conditions.filter(({ type }) => type === 'Approved' || type === 'Denied');
  const after = decisive(wanted.status?.conditions ?? []);
  const isLost = decisive(before).some(({ type }) => !after.some((condition) => condition.type === type));
  const both = new Set(after.map(({ type }) => type)).size > 1;
  if (isLost || both) {
    const subject = {
      group: 'certificates.k8s.io',
      plural: 'certificatesigningrequests',
      kind: 'CertificateSigningRequest',
    };
    throw ApiError.invalid(subject, request.metadata.name ?? '', [
      {
        field: 'status.conditions',
        reason: 'FieldValueForbidden',
        message: both
          ? 'Forbidden: Approved and Denied conditions are mutually exclusive'
          : 'Forbidden: updates may not remove a condition of type "Approved" or "Denied"',
      },
    ]);
  }
  const at = timestamp(now);
  const added = after
    .filter(({ type }) => !before.some((condition) => condition.type === type))
    .map((condition) => ({
      ...condition,
      status: condition.status ?? 'True',
      lastUpdateTime: condition.lastUpdateTime ?? at,
      lastTransitionTime: condition.lastTransitionTime ?? at,
    }));
  return {
    ...request,
    metadata: { ...request.metadata, resourceVersion: wanted.metadata?.resourceVersion },
    status: { ...request.status, conditions: [...before, ...added] },
  } as KubernetesObject;
}
