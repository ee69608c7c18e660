import type { CertificateSigningRequest, ObjectKey } from '@geobuk/api';
import { certificateSigningRequests } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import {
  apiserverClient,
  clientKubelet,
  isApproved,
  isNodeClientRequest,
  kubeletServing,
  legacyUnknown,
  parseRequest,
} from './csr-policy.js';

/** The cluster's CA, as far as this controller may use it. */
export interface CertificateSigner {
  /** @returns the certificate in PEM. @throws {Error} a request that is not one. */
  sign(requestPem: string, wish: { readonly usages: readonly string[]; readonly ttlMs: number }): Promise<string>;
}

export interface CsrSigningControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  readonly signer: CertificateSigner;
}

const signed = new Set([clientKubelet, kubeletServing, apiserverClient, legacyUnknown]);
const longestTtlMs = 365 * 24 * 3_600_000;
const shortestTtlMs = 600_000;

/** Signs approved requests of the signers that are the cluster's own. Follows: csrsigning controller. */
export class CsrSigningController implements Controller {
  readonly name = 'certificatesigningrequest-signing';
  readonly watches = [primary(certificateSigningRequests)];
  readonly #deps: CsrSigningControllerDeps;
  readonly #requests: Lister<CertificateSigningRequest>;

  constructor(deps: CsrSigningControllerDeps) {
    this.#deps = deps;
    this.#requests = deps.informers.of(certificateSigningRequests).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, signer } = this.#deps;
    const csr = this.#requests.get(key); // check
    if (
      csr === undefined ||
      !isApproved(csr) ||
      csr.status?.certificate !== undefined ||
      !signed.has(csr.spec.signerName)
    )
      return settled;
    trace.found('approved, not signed');
    let certificate: string;
    try {
      const wish = parseRequest(csr);
      if (csr.spec.signerName === clientKubelet && !isNodeClientRequest(csr, wish))
        throw new Error('not a node client certificate request');
      const asked = csr.spec.expirationSeconds === undefined ? longestTtlMs : csr.spec.expirationSeconds * 1000;
      certificate = await signer.sign(Buffer.from(csr.spec.request, 'base64').toString(), {
        usages: csr.spec.usages ?? [],
        ttlMs: Math.max(shortestTtlMs, Math.min(longestTtlMs, asked)),
      });
    } catch (error) {
      await this.#fail(csr, error, signal);
      trace.did('marked it as failed');
      return settled;
    }
    const body = { ...csr, status: { ...csr.status, certificate: Buffer.from(certificate).toString('base64') } };
    await client.updateStatus(certificateSigningRequests, body, { signal }); // act
    trace.did('signed it');
    return settled;
  }

  async #fail(csr: CertificateSigningRequest, error: unknown, signal: AbortSignal): Promise<void> {
    const now = rfc3339(this.#deps.clock.now());
    const message = error instanceof Error ? error.message : String(error);
    const condition = {
      type: 'Failed',
      status: 'True',
      reason: 'SignerValidationFailure',
      message,
      lastUpdateTime: now,
      lastTransitionTime: now,
    };
    const body = { ...csr, status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] } };
    await this.#deps.client.updateStatus(certificateSigningRequests, body, { signal });
  }
}
