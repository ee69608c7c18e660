import type { ObjectKey, Secret } from '@geobuk/api';
import { ignoring, isNotFound, secrets, uidOf } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { primary, settled } from '@geobuk/client';

export interface TokenCleanerControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

const scope = { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' };

/** Removes bootstrap tokens when their time is over. Follows: tokencleaner controller. */
export class TokenCleanerController implements Controller {
  readonly name = 'token-cleaner';
  readonly watches = [primary(secrets, scope)];
  readonly #deps: TokenCleanerControllerDeps;
  readonly #secrets: Lister<Secret>;

  constructor(deps: TokenCleanerControllerDeps) {
    this.#deps = deps;
    this.#secrets = deps.informers.of(secrets, scope).lister;
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const secret = this.#secrets.get(key);
    const expiration = secret?.data?.['expiration'];
    if (secret === undefined || expiration === undefined) return settled;
    const endsAt = Date.parse(Buffer.from(expiration, 'base64').toString());
    if (Number.isNaN(endsAt)) return settled; // the authenticator refuses such a token
    const leftMs = endsAt - clock.now();
    if (leftMs > 0) return { requeueAfterMs: leftMs };
    trace.found('the token has expired');
    await client.delete(secrets, key, { signal, uid: uidOf(secret) }).catch(ignoring(isNotFound));
    trace.did('deleted it');
    return settled;
  }
}
