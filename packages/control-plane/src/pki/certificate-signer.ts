import type { CertificateAuthority } from './certificate-authority.js';
import { loadX509 } from './x509.js';

export interface SigningWish {
  /** Kubernetes' names: `client auth`, `server auth` and others. */
  readonly usages: readonly string[];
  readonly ttlMs: number;
}

/** Signs requests that somebody has approved. */
export class CertificateSigner {
  readonly #ca: CertificateAuthority;

  constructor({ ca }: { readonly ca: CertificateAuthority }) {
    this.#ca = ca;
  }

  /**
   * @param requestPem PKCS #10.
   * @returns the certificate in PEM. @throws {Error} a request that is not one, or not signed by its own key.
   */
  async sign(requestPem: string, { usages, ttlMs }: SigningWish): Promise<string> {
    const x509 = loadX509();
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    if (!(await request.verify())) throw new Error('the request is not signed by the key it is for');
    const subject = request.subjectName;
    const extension = request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
    const names = extension?.names.items ?? [];
    const now = Date.now();
    return this.#ca.certify(Buffer.from(request.publicKey.rawData), {
      commonName: subject.getField('CN')[0] ?? '',
      organizations: subject.getField('O'),
      hosts: names.filter(({ type }) => type === 'dns' || type === 'ip').map(({ value }) => value),
      usages: [
        ...(usages.includes('client auth') ? (['client'] as const) : []),
        ...(usages.includes('server auth') ? (['server'] as const) : []),
      ],
      notAfter: new Date(now + ttlMs),
    });
  }
}
