// The library throws at import unless the metadata polyfill is there first.
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

/** Who a server says it is. */
export interface ServerName {
  readonly commonName: string;
  /** Names and addresses that clients call it by. */
  readonly hosts: readonly string[];
}

/** PEM. */
export interface KeyAndRequest {
  readonly key: string;
  readonly request: string;
}

/** PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

const extensionsOf = ({ hosts }: ServerName): x509.Extension[] =>
  hosts.length === 0
    ? []
    : [
        new x509.SubjectAlternativeNameExtension(
          hosts.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        ),
      ];

const nameOf = ({ commonName }: ServerName): string => new x509.Name([{ CN: [commonName] }]).toString();

/** A new key and the PKCS #10 request for it. */
export async function makeKeyAndRequest(server: ServerName): Promise<KeyAndRequest> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: nameOf(server),
    keys: keys as unknown as x509.Pkcs10CertificateRequestCreateParams['keys'],
    signingAlgorithm: algorithm,
    extensions: extensionsOf(server),
  });
  return { key: await pemOf(keys.privateKey), request: request.toString('pem') };
}

/** A certificate that nobody has to trust: better than none. */
export async function makeSelfSigned(server: ServerName, days: number): Promise<KeyAndCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(server),
    keys: keys as unknown as x509.X509CertificateCreateSelfSignedParams['keys'],
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + days * dayMs),
    extensions: extensionsOf(server),
  });
  return { key: await pemOf(keys.privateKey), certificate: certificate.toString('pem') };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const parsed = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  return String(parsed.export({ type: 'pkcs8', format: 'pem' }));
}
