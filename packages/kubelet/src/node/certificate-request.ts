import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export interface CertificateSubject {
  readonly commonName: string;
  readonly organization: string;
  readonly dnsNames?: readonly string[] | undefined;
  readonly ipAddresses?: readonly string[] | undefined;
}

export interface KeyAndRequest {
  /** PEM. */
  readonly key: string;
  readonly request: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const extensionsOf = ({ dnsNames = [], ipAddresses = [] }: CertificateSubject): x509.Extension[] => {
  const names = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)];
};

const nameOf = ({ commonName, organization }: CertificateSubject): x509.JsonName => [
  { O: [organization] },
  { CN: [commonName] },
];

/** A new key and the PKCS #10 request for it. */
export async function makeKeyAndRequest(subject: CertificateSubject): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(nameOf(subject)).toString(),
    keys: keys as unknown as x509.Pkcs10CertificateRequestCreateParams['keys'],
    signingAlgorithm: algorithm,
    extensions: extensionsOf(subject),
  });
  return { key: await pemOf(keys.privateKey), request: request.toString('pem') };
}

/** For the time until the cluster has signed one. */
export async function makeSelfSigned(
  subject: CertificateSubject,
  days: number,
): Promise<{ readonly key: string; readonly cert: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: new x509.Name(nameOf(subject)).toString(),
    keys: keys as unknown as x509.X509CertificateCreateSelfSignedParams['keys'],
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + days * 86_400_000),
    extensions: extensionsOf(subject),
  });
  return { key: await pemOf(keys.privateKey), cert: certificate.toString('pem') };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }).export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
}
