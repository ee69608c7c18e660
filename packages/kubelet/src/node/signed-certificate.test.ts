import 'reflect-metadata';
import { X509Certificate, webcrypto } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { CertificateSigningRequest } from '@geobuk/api';
import { certificateSigningRequests } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { signal, waitFor } from '../testing/agent-under-test.js';
import { SignedCertificate } from './signed-certificate.js';
import type { KeyPair, SignedCertificateDeps } from './signed-certificate.js';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
type Keys = x509.X509CertificateCreateSelfSignedParams['keys'];

/** A cluster that signs what it is asked for, for so many milliseconds, or refuses. */
class Signer implements AsyncDisposable {
  readonly client = new FakeClient();
  refuses = false;
  lifeMs: number;
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;

  constructor(lifeMs: number) {
    this.lifeMs = lifeMs;
    this.#run = this.#sign().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#run;
  }

  async #sign(): Promise<void> {
    const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as unknown as Keys;
    const watch = this.client.watch(certificateSigningRequests, { signal: this.#stop.signal });
    for await (const event of watch) {
      if (event.type !== 'ADDED') continue;
      const status = this.refuses
        ? { conditions: [{ type: 'Denied', status: 'True', message: 'not today' }] }
        : { certificate: Buffer.from(await this.#certificate(event.object, keys)).toString('base64') };
      const key = { name: event.object.metadata.name ?? '' };
      const patch = { type: 'merge', body: { status } } as const;
      await this.client.patch(certificateSigningRequests, key, patch, { signal, subresource: 'status' });
    }
  }

  async #certificate({ spec }: CertificateSigningRequest, keys: Keys): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(spec.request, 'base64').toString());
    expect(await request.verify()).toBe(true);
    // Certificates count whole seconds.
    const now = Math.floor(Date.now() / 1000) * 1000;
    const certificate = await x509.X509CertificateGenerator.create({
      subject: request.subject,
      issuer: 'CN=cluster',
      notBefore: new Date(now),
      notAfter: new Date(now + this.lifeMs),
      publicKey: request.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [...request.extensions],
    });
    return certificate.toString('pem');
  }
}

async function directory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'pki-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const depsFor = (path: string, changes: Partial<SignedCertificateDeps> = {}): SignedCertificateDeps => ({
  clock: systemClock,
  log: pino({ level: 'silent' }),
  path: join(path, 'kubelet-client.pem'),
  signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
  usages: ['digital signature', 'client auth'],
  subject: () => ({ commonName: 'system:node:n1', organization: 'system:nodes', ipAddresses: ['192.0.2.1'] }),
  ...changes,
});

describe('7.1.5 a certificate that the cluster signs', () => {
  it('is renewed in place before it ends, again and again, without a restart', async () => {
    await using signer = new Signer(4000);
    await using files = await directory();
    const certificate = new SignedCertificate(depsFor(files.path));
    await certificate.request(signer.client, signal);
    const seen: KeyPair[] = [];
    certificate.onRenewed((pair) => {
      // The one before is still good at this moment: nobody was ever without.
      const before = new X509Certificate(seen.at(-1)?.cert ?? pair.cert);
      expect(Date.parse(before.validTo)).toBeGreaterThan(Date.now());
      seen.push(pair);
    });
    const stop = new AbortController();
    const run = certificate.run(signer.client, stop.signal);
    await waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(2));
    stop.abort();
    await run;
    expect(certificate.current).toBe(seen.at(-1));
    expect(new Set(seen.map(({ key }) => key)).size).toBe(seen.length);
    const kept = await readFile(join(files.path, 'kubelet-client.pem'), 'utf8');
    expect(kept).toContain(seen.at(-1)?.cert.trim());
    expect((await stat(join(files.path, 'kubelet-client.pem'))).mode & 0o777).toBe(0o600);
  });

  it('stays as it is while the cluster refuses a new one, and is renewed when it does not', async () => {
    await using signer = new Signer(3000);
    await using files = await directory();
    const certificate = new SignedCertificate(depsFor(files.path));
    const first = await certificate.request(signer.client, signal);
    await expect(
      (async () => {
        signer.refuses = true;
        await certificate.request(signer.client, signal);
      })(),
    ).rejects.toThrow(/was denied: not today/);
    expect(certificate.current).toBe(first);
    const stop = new AbortController();
    const run = certificate.run(signer.client, stop.signal);
    await waitFor(() => expect(signer.client.stored(certificateSigningRequests).length).toBeGreaterThan(2));
    signer.refuses = false;
    await waitFor(() => expect(certificate.current).not.toBe(first));
    stop.abort();
    await run;
  });

  it('is taken up by the next start, unless it has ended or the node has another address now', async () => {
    await using signer = new Signer(2000);
    await using files = await directory();
    await new SignedCertificate(depsFor(files.path)).request(signer.client, signal);
    expect(await new SignedCertificate(depsFor(files.path)).load()).toBeDefined();
    const moved = depsFor(files.path, {
      subject: () => ({ commonName: 'system:node:n1', organization: 'system:nodes', ipAddresses: ['192.0.2.99'] }),
    });
    expect(await new SignedCertificate(moved).load()).toBeUndefined();
    await waitFor(async () => expect(await new SignedCertificate(depsFor(files.path)).load()).toBeUndefined());
  });
});
