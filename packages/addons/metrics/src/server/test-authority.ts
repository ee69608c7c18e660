import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const crypto = webcrypto as unknown as NonNullable<Parameters<typeof x509.X509CertificateGenerator.create>[1]>;
const life = { notBefore: new Date('2020-01-01'), notAfter: new Date('2060-01-01'), signingAlgorithm: algorithm };
const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

/** An authority of tests, and the certificates that it gives to clients. */
export async function openAuthority(commonName: string) {
  const keys = await newKeys();
  const ca = await x509.X509CertificateGenerator.createSelfSigned(
    {
      ...life,
      serialNumber: '01',
      name: `CN=${commonName}`,
      keys,
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    },
    crypto,
  );
  return {
    pem: `${ca.toString('pem')}\n`,
    issue: async (subject: string, usage: 'clientAuth' | 'serverAuth' = 'clientAuth', notAfter = life.notAfter) => {
      const own = await newKeys();
      const cert = await x509.X509CertificateGenerator.create(
        {
          ...life,
          notAfter,
          serialNumber: '02',
          subject,
          issuer: ca.subject,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          extensions: [
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
            new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
          ],
        },
        crypto,
      );
      const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.privateKey)).toString('base64');
      return {
        cert: `${cert.toString('pem')}\n`,
        key: `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`,
      };
    },
  };
}
