import type { CertificateSigningRequest, KubernetesObject } from '@geobuk/api';
import type { AdmissionPlugin } from './admission.js';

/** Who asks for a certificate stands in the request, whatever its author wrote. Follows: checklist 2.6.1. */
export const certificateRequester: AdmissionPlugin = {
  name: 'CertificateRequester',
  admit(object, { resource, operation, user }) {
    if (resource.type.plural !== 'certificatesigningrequests' || operation !== 'CREATE') return object;
    const request = object as CertificateSigningRequest;
    const { uid: _uid, extra: _extra, ...spec } = request.spec ?? {};
    return {
      ...request,
      spec: {
        ...spec,
        username: user.name,
        groups: user.groups,
        ...(user.uid === undefined ? {} : { uid: user.uid }),
        ...(user.extra === undefined ? {} : { extra: user.extra }),
      },
    } as KubernetesObject;
  },
};
