// The library throws at import unless the metadata polyfill is there first.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Clocks of API servers may be behind ours. */
const backdateMs = 5 * 60_000;
export const lifeMs = 365 * 86_400_000;

export interface ServingCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** PEM of who signed it; what the APIService trusts. */
  readonly ca: string;
  readonly notAfterMs: number;
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;

const serialNumber = (): string => `00${randomBytes(15).toString('hex')}`;

/**
 * A certificate for these names, signed by an authority that is made for it and whose key nobody keeps: so it can sign
 * nothing else, and there is no secret to store. A restart makes another one and says so in the APIService.
 */
export async function newServingCertificate(names: readonly string[], nowMs: number): Promise<ServingCertificate> {
  const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
    webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const [authority, serving] = await Promise.all([newKeys(), newKeys()]);
  const notBefore = new Date(nowMs - backdateMs);
  const notAfter = new Date(nowMs + lifeMs);
  const life = { notBefore, notAfter, signingAlgorithm: algorithm };
  const crypto = webcrypto as unknown as NonNullable<
    Parameters<typeof x509.X509CertificateGenerator.createSelfSigned>[1]
  >;
  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...life,
      serialNumber: serialNumber(),
      name: 'CN=geobuk-metrics-ca',
      keys: authority,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      ],
    },
    crypto,
  );
  const cert = await x509.X509CertificateGenerator.create(
    {
      ...life,
      serialNumber: serialNumber(),
      subject: `CN=${names[0] ?? 'metrics'}`,
      issuer: ca.subject,
      publicKey: serving.publicKey,
      signingKey: authority.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      ],
    },
    crypto,
  );
  const key = pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', serving.privateKey));
  return {
    cert: `${cert.toString('pem')}\n`,
    key,
    ca: `${ca.toString('pem')}\n`,
    notAfterMs: notAfter.getTime(),
  };
}
