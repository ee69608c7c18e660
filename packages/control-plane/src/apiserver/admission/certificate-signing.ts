import { ApiError, deepEqual } from '@geobuk/api';
import type { CertificateSigningRequest } from '@geobuk/api';
import type { Authorizer } from '../authorization/authorizer.js';
import { subjectOf } from '../resources/served-resource.js';
import type { AdmissionPlugin } from './admission.js';

/** Only who may sign for a signer puts certificates into its requests. Follows: CertificateSigning, checklist 2.6.2. */
export function certificateSigning({ authorizer }: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    validate(object, { resource, subresource, operation, user, name }, old) {
      const { group, plural } = resource.type;
      if (group !== 'certificates.k8s.io' || plural !== 'certificatesigningrequests') return;
      if (operation !== 'UPDATE' || subresource !== 'status' || object === undefined || old === undefined) return;
      const before = (old as CertificateSigningRequest).status;
      const after = (object as CertificateSigningRequest).status;
      if (before?.certificate === after?.certificate && deepEqual(before?.conditions ?? [], after?.conditions ?? []))
        return;
      const { signerName } = (old as CertificateSigningRequest).spec;
      const [domain = ''] = signerName.split('/', 1);
      const may = [signerName, `${domain}/*`].some(
        (signer) =>
          authorizer.authorize(user, {
            isResource: true,
            verb: 'sign',
            group: 'certificates.k8s.io',
            version: '*',
            resource: 'signers',
            subresource: '',
            namespace: '',
            name: signer,
            path: '',
          }).kind === 'allow',
      );
      if (may) return;
      const why = `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`;
      throw ApiError.forbidden(subjectOf(resource), name, why);
    },
  };
}
