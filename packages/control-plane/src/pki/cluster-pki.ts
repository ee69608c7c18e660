import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CertificateAuthority, newPrivateKeyPem, publicKeyHash } from './certificate-authority.js';
import type { CertificateRequest, KeyAndCertificate } from './certificate-authority.js';
import { readIfThere, writePrivateFile } from './private-file.js';

const dayMs = 86_400_000;
const certificateDays = 365;
/** A certificate with less life than this is made anew at start. */
const renewBeforeMs = 30 * dayMs;

export interface PkiConfig {
  readonly directory: string;
  readonly bind: string;
  readonly advertiseAddress: string;
  /** Of the `kubernetes` Service. */
  readonly serviceAddress: string;
  readonly clusterDomain: string;
  now(): number;
}

/** Every key and certificate of one cluster. */
export interface ClusterPki {
  readonly ca: CertificateAuthority;
  /** `sha256:…` of the CA's public key, for joining nodes. */
  readonly caHash: string;
  /** What the API server shows. */
  readonly serving: KeyAndCertificate;
  /** The API server as a client of kubelets. */
  readonly kubeletClient: KeyAndCertificate;
  /** For requests that are passed on to aggregated API servers. */
  readonly frontProxy: KeyAndCertificate & { readonly caPem: string };
  readonly admin: KeyAndCertificate;
  /** Signs service account tokens. */
  readonly serviceAccountKeyPem: string;
}

/** Reads the cluster's keys from `directory`; makes what is missing, out of date or no longer fits. Files are 0600. */
export async function openClusterPki(config: PkiConfig): Promise<ClusterPki> {
  const at = (name: string): string => join(config.directory, name);
  const now = config.now();
  const ca = await openAuthority(at('ca'), 'geobuk-ca', now);
  const frontProxyCa = await openAuthority(at('front-proxy-ca'), 'geobuk-front-proxy-ca', now);
  const notAfter = new Date(now + certificateDays * dayMs);
  const keep = (name: string, authority: CertificateAuthority, request: Omit<CertificateRequest, 'notAfter'>) =>
    openCertificate(at(name), authority, { ...request, notAfter }, now);

  return {
    ca,
    caHash: publicKeyHash(ca.certPem),
    serving: await keep('apiserver', ca, {
      commonName: 'kube-apiserver',
      hosts: servingHosts(config),
      usages: ['server'],
    }),
    kubeletClient: await keep('apiserver-kubelet-client', ca, {
      commonName: 'kube-apiserver-kubelet-client',
      organizations: ['system:masters'],
      usages: ['client'],
    }),
    frontProxy: {
      ...(await keep('front-proxy-client', frontProxyCa, { commonName: 'front-proxy-client', usages: ['client'] })),
      caPem: frontProxyCa.certPem,
    },
    admin: await keep('admin', ca, { commonName: 'admin', organizations: ['system:masters'], usages: ['client'] }),
    serviceAccountKeyPem: await openKey(at('service-account.key')),
  };
}

/** Every name and address that a client could use. */
function servingHosts({ bind, advertiseAddress, serviceAddress, clusterDomain }: PkiConfig): readonly string[] {
  const local = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outer = local.filter(({ address, scopeid }) => !address.startsWith('fe80:') && !scopeid);
  const hosts = [
    'localhost',
    hostname(),
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
    '127.0.0.1',
    '::1',
    serviceAddress,
    bind,
    advertiseAddress,
    ...outer.map(({ address }) => address),
  ];
  return [...new Set(hosts)].filter((host) => host !== '0.0.0.0' && host !== '::' && host !== '');
}

async function openAuthority(path: string, commonName: string, now: number): Promise<CertificateAuthority> {
  const [keyPem, certPem] = await Promise.all([readIfThere(`${path}.key`), readIfThere(`${path}.crt`)]);
  if (keyPem !== undefined && certPem !== undefined) return new CertificateAuthority({ keyPem, certPem });
  const made = await CertificateAuthority.create(commonName, now);
  await writePair(path, made);
  return new CertificateAuthority(made);
}

async function openCertificate(
  path: string,
  authority: CertificateAuthority,
  request: CertificateRequest,
  now: number,
): Promise<KeyAndCertificate> {
  const [keyPem, certPem] = await Promise.all([readIfThere(`${path}.key`), readIfThere(`${path}.crt`)]);
  if (keyPem !== undefined && certPem !== undefined && stillFits({ keyPem, certPem }, authority, request, now)) {
    return { keyPem, certPem };
  }
  const made = await authority.issue(request);
  await writePair(path, made);
  return made;
}

function stillFits(
  { keyPem, certPem }: KeyAndCertificate,
  authority: CertificateAuthority,
  { hosts = [] }: CertificateRequest,
  now: number,
): boolean {
  const certificate = new X509Certificate(certPem);
  return (
    certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
    certificate.verify(createPublicKey(authority.certPem)) &&
    Date.parse(certificate.validTo) - now > renewBeforeMs &&
    hosts.every((host) => (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined)
  );
}

async function writePair(path: string, { keyPem, certPem }: KeyAndCertificate): Promise<void> {
  await writePrivateFile(`${path}.key`, keyPem);
  await writePrivateFile(`${path}.crt`, certPem);
}

async function openKey(path: string): Promise<string> {
  const there = await readIfThere(path);
  if (there !== undefined) return there;
  const made = newPrivateKeyPem();
  await writePrivateFile(path, made);
  return made;
}
