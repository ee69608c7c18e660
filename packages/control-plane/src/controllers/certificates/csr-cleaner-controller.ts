import type { CertificateSigningRequest, ObjectKey } from '@geobuk/api';
import { certificateSigningRequests, ignoring, isNotFound, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';

export interface CsrCleanerControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

const hourMs = 3_600_000;

/** When a request is of no more use: pending ones after a day, decided ones after an hour. Pure. Follows: csrcleaner controller. */
export function expiresAt(csr: CertificateSigningRequest): number {
  const decided = (csr.status?.conditions ?? []).filter(
    ({ type }) => type === 'Approved' || type === 'Denied' || type === 'Failed',
  );
  const created = Date.parse(csr.metadata.creationTimestamp ?? '');
  if (decided.length === 0) return created + 24 * hourMs;
  return Math.max(...decided.map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? '') || created)) + hourMs;
}

/** Removes certificate requests that nobody needs any more. */
export class CsrCleanerController implements Controller {
  readonly name = 'certificatesigningrequest-cleaner';
  readonly watches = [primary(certificateSigningRequests)];
  readonly #deps: CsrCleanerControllerDeps;
  readonly #requests: Lister<CertificateSigningRequest>;

  constructor(deps: CsrCleanerControllerDeps) {
    this.#deps = deps;
    this.#requests = deps.informers.of(certificateSigningRequests).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const csr = this.#requests.get(key);
    if (csr === undefined) return settled;
    const leftMs = expiresAt(csr) - this.#deps.clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    trace.found('of no more use');
    await this.#deps.client
      .delete(certificateSigningRequests, key, { signal, uid: uidOf(csr) })
      .catch(ignoring(isNotFound));
    trace.did('deleted it');
    return settled;
  }
}
