import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { ClusterCertificateDeps } from '@geobuk/addon-sdk/certificates';
import { clusterServingCertificate } from '@geobuk/addon-sdk/certificates';
import type { Logger } from 'pino';
import { readIfThere, writeDurable } from './store/durable-file.js';

export interface ServingCertificateDeps extends ClusterCertificateDeps {
  readonly log: Logger;
  /** Where it is kept, so that a restart needs no other. */
  readonly directory: string;
  readonly hosts: readonly string[];
}

interface Tls {
  readonly key: string;
  readonly cert: string;
}

const lifetimeSeconds = 90 * 86_400;
/** Renewed when a third of its life is left; a failure is tried again after an hour. */
const renewBeforeMs = (lifetimeSeconds * 1000) / 3;
const tryAgainMs = 3_600_000;

/** The registry's certificate by the cluster's CA, kept and renewed. */
export class ServingCertificate {
  readonly #deps: ServingCertificateDeps;
  #current: Tls | undefined;

  constructor(deps: ServingCertificateDeps) {
    this.#deps = deps;
  }

  /** The kept one when it still does, else a new one. @throws {Error} the cluster does not sign. */
  async open(signal: AbortSignal): Promise<Tls> {
    const { directory, hosts } = this.#deps;
    const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readIfThere(join(directory, name))));
    if (key !== undefined && cert !== undefined && this.#leftMs(cert) > renewBeforeMs) {
      const kept = new X509Certificate(cert);
      if (hosts.every((host) => kept.checkHost(host) !== undefined || kept.checkIP(host) !== undefined))
        return (this.#current = { key: key.toString('utf8'), cert: cert.toString('utf8') });
    }
    return this.#renew(signal);
  }

  async run(changed: (tls: Tls) => void, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted && this.#current !== undefined) {
      const waitMs = Math.max(tryAgainMs, this.#leftMs(this.#current.cert) - renewBeforeMs);
      await clock.after(waitMs, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        changed(await this.#renew(signal));
        log.info('renewed the serving certificate');
      } catch (error) {
        log.warn({ err: error }, 'cannot renew the serving certificate');
      }
    }
  }

  async #renew(signal: AbortSignal): Promise<Tls> {
    const { directory, hosts } = this.#deps;
    const server = { commonName: 'geobuk-registry', hosts };
    const { key, certificate: cert } = await clusterServingCertificate(this.#deps, server, lifetimeSeconds, { signal });
    await writeDurable(join(directory, 'key.pem'), key);
    await writeDurable(join(directory, 'cert.pem'), cert);
    return (this.#current = { key, cert });
  }

  #leftMs(cert: string | Buffer): number {
    return Date.parse(new X509Certificate(cert).validTo) - this.#deps.clock.now();
  }
}
