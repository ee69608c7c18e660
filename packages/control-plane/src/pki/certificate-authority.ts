import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { loadX509 } from './x509.js';

const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const p256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** Clocks of nodes may be behind ours. */
const backdateMs = 5 * 60_000;

export interface KeyAndCertificate {
  readonly keyPem: string;
  readonly certPem: string;
}

/** What a certificate says about its holder, and what it may be used for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[] | undefined;
  readonly usages: readonly ('client' | 'server')[];
  readonly notBefore?: Date | undefined;
  readonly notAfter: Date;
}

export const newPrivateKeyPem = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

const subject = (commonName: string, organizations: readonly string[] = []): { [name: string]: string[] }[] => [
  ...organizations.map((organization) => ({ O: [organization] })),
  { CN: [commonName] },
];

async function cryptoKey(key: KeyObject, usage: 'sign' | 'verify'): Promise<webcrypto.CryptoKey> {
  const [format, der] =
    usage === 'sign'
      ? (['pkcs8', key.export({ type: 'pkcs8', format: 'der' })] as const)
      : (['spki', key.export({ type: 'spki', format: 'der' })] as const);
  return webcrypto.subtle.importKey(format, der, p256, true, [usage]);
}

/** Serial numbers are positive and take at most 16 bytes. */
const serialNumber = (): string => `00${randomBytes(15).toString('hex')}`;

/** Signs certificates with one ECDSA P-256 key. */
export class CertificateAuthority {
  readonly certPem: string;
  readonly #keyPem: string;

  constructor({ keyPem, certPem }: KeyAndCertificate) {
    this.certPem = certPem;
    this.#keyPem = keyPem;
  }

  /** A new self-signed authority. */
  static async create(commonName: string, now: number): Promise<KeyAndCertificate> {
    const x509 = loadX509();
    const keyPem = newPrivateKeyPem();
    const privateKey = createPrivateKey(keyPem);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: subject(commonName),
      notBefore: new Date(now - backdateMs),
      notAfter: new Date(now + 10 * 365 * 86_400_000),
      signingAlgorithm: signing,
      keys: {
        privateKey: await cryptoKey(privateKey, 'sign'),
        publicKey: await cryptoKey(createPublicKey(privateKey), 'verify'),
      },
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
      ],
    });
    return { keyPem, certPem: certificate.toString('pem') + '\n' };
  }

  /** A new key with its certificate. */
  async issue(request: CertificateRequest): Promise<KeyAndCertificate> {
    const keyPem = newPrivateKeyPem();
    const spki = createPublicKey(createPrivateKey(keyPem)).export({ type: 'spki', format: 'der' });
    return { keyPem, certPem: await this.certify(spki, request) };
  }

  /** A certificate (PEM) for a public key that somebody else holds; of a type that node:crypto can read. */
  async certify(spkiDer: Buffer, request: CertificateRequest): Promise<string> {
    const x509 = loadX509();
    const publicKey = new x509.PublicKey(spkiDer);
    const hosts = request.hosts ?? [];
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: subject(request.commonName, request.organizations),
      issuer: new x509.X509Certificate(this.certPem).subject,
      notBefore: request.notBefore ?? new Date(Date.now() - backdateMs),
      notAfter: request.notAfter,
      signingAlgorithm: signing,
      publicKey,
      signingKey: await cryptoKey(createPrivateKey(this.#keyPem), 'sign'),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension(
          request.usages.map((usage) =>
            usage === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
          ),
        ),
        ...(hosts.length === 0
          ? []
          : [
              new x509.SubjectAlternativeNameExtension(
                hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
              ),
            ]),
      ],
    });
    return certificate.toString('pem') + '\n';
  }
}

/** `sha256:` and the hex digest of the certificate's public key. Follows: kubeadm's discovery-token-ca-cert-hash. */
export function publicKeyHash(certPem: string): string {
  const spki = createPublicKey(certPem).export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}
