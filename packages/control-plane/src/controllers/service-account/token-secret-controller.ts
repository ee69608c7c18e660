import type { ObjectKey, Secret, ServiceAccount, TokenRequest } from '@geobuk/api';
import { ignoring, isNotFound, keyOf, secrets, serviceAccounts, uidOf } from '@geobuk/api';
import type { ResourceType } from '@geobuk/api';
import type { Client, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';

export interface TokenSecretControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  /** PEM of the cluster's CA. */
  readonly rootCa: string;
}

const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';
const scope = { fieldSelector: `type=${tokenType}` };
/** Such a token lives as long as its Secret; 2³² seconds are the most that can be asked for. */
const lifeSeconds = 2 ** 32;
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * Fills Secrets that ask for the token of a ServiceAccount, and removes them with it.
 * Follows: tokens controller. Differs: the token is bound to its Secret and has an end, far away.
 */
export class TokenSecretController implements Controller {
  readonly name = 'serviceaccount-token';
  readonly watches;
  readonly #deps: TokenSecretControllerDeps;
  readonly #secrets: Lister<Secret>;
  readonly #accounts: Lister<ServiceAccount>;

  constructor(deps: TokenSecretControllerDeps) {
    this.#deps = deps;
    this.#secrets = deps.informers.of(secrets, scope).lister;
    this.#accounts = deps.informers.of(serviceAccounts).lister;
    this.watches = [
      primary(secrets, scope),
      mapped(serviceAccounts, (now, before) => {
        const { namespace, name } = (now ?? before)?.metadata ?? {};
        return this.#secrets
          .list(namespace)
          .filter(({ metadata }) => metadata.annotations?.[nameAnnotation] === name)
          .map(keyOf);
      }),
    ];
  }

  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, rootCa } = this.#deps;
    const secret = this.#secrets.get(key); // check
    const { annotations = {}, namespace = '', deletionTimestamp } = secret?.metadata ?? {};
    const name = annotations[nameAnnotation] ?? '';
    if (secret === undefined || deletionTimestamp !== undefined || name === '') return settled;
    const account = await this.#account({ namespace, name }, signal);
    const wantedUid = annotations[uidAnnotation] ?? '';
    if (account === undefined || (wantedUid !== '' && wantedUid !== account.metadata.uid)) {
      trace.found('its ServiceAccount is gone');
      await client.delete(secrets, key, { signal, uid: uidOf(secret) }).catch(ignoring(isNotFound));
      trace.did('deleted it');
      return settled;
    }
    const { data = {} } = secret;
    const isWhole =
      wantedUid !== '' &&
      data['token'] !== undefined &&
      data['ca.crt'] === base64(rootCa) &&
      data['namespace'] === base64(namespace);
    if (isWhole) return settled; // diff
    trace.found('it has no token');
    const token = data['token'] ?? base64(await this.#token(account, secret, signal));
    const body = {
      metadata: { resourceVersion: secret.metadata.resourceVersion, annotations: { [uidAnnotation]: uidOf(account) } },
      data: { token, 'ca.crt': base64(rootCa), namespace: base64(namespace) },
    };
    await client.patch(secrets, key, { type: 'merge', body }, { signal }).catch(ignoring(isNotFound)); // act
    trace.did('gave it one');
    return settled;
  }

  /** Believes the cache for presence, never for absence. */
  async #account(key: ObjectKey, signal: AbortSignal): Promise<ServiceAccount | undefined> {
    const known = this.#accounts.get(key);
    if (known !== undefined) return known;
    return this.#deps.client.read(serviceAccounts, key, { signal }).catch(ignoring(isNotFound));
  }

  async #token(account: ServiceAccount, secret: Secret, signal: AbortSignal): Promise<string> {
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret.metadata.name, uid: uidOf(secret) };
    const request = { spec: { audiences: [], expirationSeconds: lifeSeconds, boundObjectRef } };
    const { status } = await this.#deps.client.createSubresource<TokenRequest>(
      serviceAccounts as ResourceType,
      keyOf(account),
      'token',
      request,
      { signal },
    );
    if (status?.token === undefined) throw new Error('the API server gave no token');
    return status.token;
  }
}
