import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { Secret } from '@geobuk/api';

export type TlsSecret =
  | { readonly ok: true; readonly pem: string }
  /** What is wrong, for people. */
  | { readonly ok: false; readonly problem: string };

const maxBytes = 64 << 10;
const pemBlock = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Looks at a Secret of type kubernetes.io/tls as the proxy would, so that a bad one harms nobody else. */
export function tlsSecret(name: string, secret: Secret | undefined): TlsSecret {
  const bad = (problem: string): TlsSecret => ({ ok: false, problem: `Secret ${name}: ${problem}` });
  if (secret === undefined) return bad('not found, or not of type kubernetes.io/tls');
  const [crt, key] = ['tls.crt', 'tls.key'].map((field) => secret.data?.[field] ?? '');
  if (crt === undefined || crt === '' || key === undefined || key === '') return bad('has no tls.crt or no tls.key');
  if (crt.length + key.length > maxBytes * 2) return bad(`is larger than ${maxBytes} bytes`);
  const certificates = Buffer.from(crt, 'base64').toString('utf8').match(pemBlock) ?? [];
  if (certificates.length === 0) return bad('tls.crt holds no PEM certificate');
  try {
    const parsed = certificates.map((text) => new X509Certificate(text));
    const privateKey = createPrivateKey(Buffer.from(key, 'base64'));
    if (parsed[0]?.checkPrivateKey(privateKey) !== true) return bad('tls.key does not belong to tls.crt');
    if (!strongEnough(privateKey)) return bad('tls.key is an RSA key of less than 2048 bits');
    // Written anew from what was parsed: whatever else stands in the Secret stays there.
    const chain = parsed.map((certificate) => certificate.toString().trim());
    const pem = [...chain, String(privateKey.export({ type: 'pkcs8', format: 'pem' })).trim()];
    return { ok: true, pem: `${pem.join('\n')}\n` };
  } catch (error) {
    return bad(`holds no valid certificate and key: ${(error as Error).message}`);
  }
}

/** The engine's TLS library refuses weaker ones, and with them its whole configuration. */
const strongEnough = (key: ReturnType<typeof createPrivateKey>): boolean =>
  key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2_048;
