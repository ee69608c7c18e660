import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { certificateSigningRequests, ignoring } from '@geobuk/api';
import type { CertificateSigningRequest } from '@geobuk/api';
import { backOffDelay, deadline } from '@geobuk/client';
import type { Client, Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { makeKeyAndRequest } from './certificate-request.js';
import type { CertificateSubject } from './certificate-request.js';

export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface SignedCertificateDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Certificate and key in one PEM file, mode 0600. */
  readonly path: string;
  readonly signerName: 'kubernetes.io/kube-apiserver-client-kubelet' | 'kubernetes.io/kubelet-serving';
  readonly usages: readonly string[];
  readonly subject: () => CertificateSubject;
}

/** The cluster refused to sign, or did not in time. */
export class SigningError extends Error {
  override readonly name = 'SigningError';
}

const approvalTimeoutMs = 900_000;
/** Renewal is due when this share of its life is over, a little earlier or later, so that nodes do not come at once. */
const renewalShare = { from: 0.7, to: 0.9 };
const retry = { initialMs: 1000, maxMs: 60_000 };

/** A certificate that the cluster signs, kept in a file and renewed in place. Follows: certificate.Manager. */
export class SignedCertificate {
  readonly #deps: SignedCertificateDeps;
  #current: KeyPair | undefined;
  #listeners: ((pair: KeyPair) => void)[] = [];

  constructor(deps: SignedCertificateDeps) {
    this.#deps = deps;
  }

  get current(): KeyPair | undefined {
    return this.#current;
  }

  /** Told of each new one. */
  onRenewed(listener: (pair: KeyPair) => void): void {
    this.#listeners.push(listener);
  }

  /** Takes what an earlier run left, if it is still good. */
  async load(): Promise<KeyPair | undefined> {
    const text = await readFile(this.#deps.path, 'utf8').catch(
      ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT'),
    );
    const cert =
      text === undefined ? undefined : /-----BEGIN CERTIFICATE-----[^]*-----END CERTIFICATE-----\n?/.exec(text)?.[0];
    const key =
      text === undefined
        ? undefined
        : /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END [A-Z ]*PRIVATE KEY-----\n?/.exec(text)?.[0];
    if (cert === undefined || key === undefined) return undefined;
    const certificate = new X509Certificate(cert);
    if (Date.parse(certificate.validTo) <= this.#deps.clock.now()) return undefined;
    if (!certificate.checkPrivateKey(createPrivateKey(key))) return undefined;
    if (!fits(certificate, this.#deps.subject())) return undefined;
    this.#current = { cert, key };
    return this.#current;
  }

  /** Asks the cluster for a new one and waits until it is signed. @throws {SigningError} denied, failed, or too late. */
  async request(client: Client, parent: AbortSignal): Promise<KeyPair> {
    const { clock, signerName, usages, subject, log } = this.#deps;
    using limit = deadline(parent, approvalTimeoutMs, clock);
    const { signal } = limit;
    const { key, request } = await makeKeyAndRequest(subject());
    const body: CertificateSigningRequest = {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { generateName: 'csr-' },
      spec: { request: Buffer.from(request).toString('base64'), signerName, usages },
    };
    const created = await client.create(certificateSigningRequests, body, { signal });
    log.info({ csr: created.metadata.name, signer: signerName }, 'certificate requested');
    const cert = await this.#whenSigned(client, created, signal);
    const pair = { cert, key };
    await writePrivate(this.#deps.path, `${cert.trimEnd()}\n${key.trimEnd()}\n`);
    this.#current = pair;
    for (const listener of this.#listeners) listener(pair);
    log.info({ signer: signerName, until: new X509Certificate(cert).validTo }, 'certificate signed');
    return pair;
  }

  /** Renews it for ever. */
  async run(client: Client, signal: AbortSignal): Promise<void> {
    const { clock, log, signerName } = this.#deps;
    let failures = 0;
    while (!signal.aborted) {
      const current = this.#current;
      if (current !== undefined) await clock.after(this.#renewalDelay(current), { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.request(client, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ signer: signerName, err: error }, 'certificate not renewed, trying again');
        await clock.after(backOffDelay(retry, ++failures), { signal }).catch(() => undefined);
      }
    }
  }

  #renewalDelay({ cert }: KeyPair): number {
    const { validFrom, validTo } = new X509Certificate(cert);
    const from = Date.parse(validFrom);
    const share = renewalShare.from + Math.random() * (renewalShare.to - renewalShare.from);
    return Math.max(0, from + (Date.parse(validTo) - from) * share - this.#deps.clock.now());
  }

  async #whenSigned(client: Client, created: CertificateSigningRequest, signal: AbortSignal): Promise<string> {
    const { name = '' } = created.metadata;
    const fieldSelector = `metadata.name=${name}`;
    while (!signal.aborted) {
      const now = await client.read(certificateSigningRequests, { name }, { signal });
      const { resourceVersion } = now.metadata;
      const signed = certificateIn(now);
      if (signed !== undefined) return signed;
      for await (const event of client.watch(certificateSigningRequests, { fieldSelector, resourceVersion, signal })) {
        if (event.type === 'DELETED')
          throw new SigningError(`certificate request ${name} was deleted before it was signed`);
        const found = event.type === 'BOOKMARK' ? undefined : certificateIn(event.object);
        if (found !== undefined) return found;
      }
    }
    throw new SigningError(`certificate request ${name} was not signed in ${approvalTimeoutMs / 60_000} minutes`);
  }
}

function certificateIn({ metadata, status }: CertificateSigningRequest): string | undefined {
  for (const { type, message } of status?.conditions ?? []) {
    if (type === 'Denied' || type === 'Failed')
      throw new SigningError(`certificate request ${metadata.name} was ${type.toLowerCase()}: ${message ?? ''}`);
  }
  const encoded = status?.certificate;
  return encoded === undefined || encoded === '' ? undefined : Buffer.from(encoded, 'base64').toString();
}

/** A node that got another name or address needs another certificate. */
function fits(
  certificate: X509Certificate,
  { commonName, ipAddresses = [], dnsNames = [] }: CertificateSubject,
): boolean {
  if (!certificate.subject.split('\n').includes(`CN=${commonName}`)) return false;
  return (
    ipAddresses.every((ip) => certificate.checkIP(ip) !== undefined) &&
    dnsNames.every((name) => certificate.checkHost(name) !== undefined)
  );
}

/** Whole or not at all, and for nobody else's eyes. */
async function writePrivate(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const next = `${path}.next`;
  {
    await using file = await open(next, 'w', 0o600);
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(next, path);
}
