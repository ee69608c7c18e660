import type { CertificateAuthority } from './certificate-authority.js';
import { loadX509 } from './x509.js';

/** What a PKCS #10 request asks to be certified as. */
export interface CertificateWish {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** How many e-mail addresses and URIs: no node needs them. */
  readonly otherNames: number;
}

const subjectAlternativeName = '2.5.29.17';

/** @throws {Error} not a PEM PKCS #10 request. */
export function parseCertificateRequest(pem: string): CertificateWish {
  const x509 = loadX509();
  const request = new x509.Pkcs10CertificateRequest(pem);
  const extension = request.getExtension(subjectAlternativeName);
  const names = extension === null ? [] : new x509.SubjectAlternativeNameExtension(extension.rawData).names.toJSON();
  const of = (type: string): readonly string[] => names.filter((name) => name.type === type).map(({ value }) => value);
  const dnsNames = of('dns');
  const ipAddresses = of('ip');
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames,
    ipAddresses,
    otherNames: names.length - dnsNames.length - ipAddresses.length,
  };
}

/**
 * Certifies exactly what a request asks for; whether it may is decided before.
 * @returns the certificate in PEM. @throws {Error} a request that is none, or whose signature does not fit its key.
 */
export async function signCertificateRequest(
  authority: CertificateAuthority,
  pem: string,
  { usages, notAfter }: { readonly usages: readonly string[]; readonly notAfter: Date },
): Promise<string> {
  const { Pkcs10CertificateRequest } = loadX509();
  const request = new Pkcs10CertificateRequest(pem);
  if (!(await request.verify())) throw new Error('the signature of the request does not fit its key');
  const wish = parseCertificateRequest(pem);
  return await authority.certify(Buffer.from(request.publicKey.rawData), {
    commonName: wish.commonName,
    organizations: wish.organizations,
    hosts: [...wish.dnsNames, ...wish.ipAddresses],
    usages: (['client', 'server'] as const).filter((usage) => usages.includes(`${usage} auth`)),
    notAfter,
  });
}
