import type { CertificateSigningRequest, KubernetesObject } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import { parseCertificateRequest } from '../../pki/certificate-request.js';
import type { AdmissionPlugin } from './admission.js';

const subject = {
  group: 'certificates.k8s.io',
  plural: 'certificatesigningrequests',
  kind: 'CertificateSigningRequest',
};

/**
 * Writes into a certificate request who made it, whatever it said itself; keeps that ever after; and lets nobody become
 * `system:masters` by a certificate. Follows: CSR strategy and the CertificateSubjectRestriction plugin.
 */
export const certificateRequestUser: AdmissionPlugin = {
  name: 'CertificateSubjectRestriction',

  admit(object, { resource, subresource, operation, user }, old) {
    if (resource.type.plural !== subject.plural || resource.type.group !== subject.group) return object;
    const csr = object as CertificateSigningRequest;
    if (operation === 'CREATE' && subresource === '') {
      const { username: _username, groups: _groups, uid: _uid, extra: _extra, ...spec } = csr.spec;
      const said = {
        username: user.name,
        groups: user.groups,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      };
      return { ...csr, spec: { ...spec, ...said }, status: {} } as KubernetesObject;
    }
    if (operation === 'UPDATE' && old !== undefined)
      return { ...csr, spec: (old as CertificateSigningRequest).spec } as KubernetesObject;
    return object;
  },

  validate(object, { resource, subresource, operation }) {
    if (
      operation !== 'CREATE' ||
      subresource !== '' ||
      resource.type.plural !== subject.plural ||
      resource.type.group !== subject.group
    )
      return;
    const csr = object as CertificateSigningRequest;
    let organizations: readonly string[];
    try {
      ({ organizations } = parseCertificateRequest(Buffer.from(csr.spec.request, 'base64').toString()));
    } catch {
      const why = 'PEM block type must be CERTIFICATE REQUEST';
      const message = `Invalid value: ${JSON.stringify(csr.spec.request.slice(0, 100))}: ${why}`;
      const errors = [{ field: 'spec.request', reason: 'FieldValueInvalid', message }] as const;
      throw ApiError.invalid(subject, csr.metadata.name ?? '', errors);
    }
    if (csr.spec.signerName !== 'kubernetes.io/kube-apiserver-client') return;
    if (organizations.includes('system:masters')) {
      throw ApiError.forbidden(
        subject,
        csr.metadata.name ?? '',
        'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      );
    }
  },
};
