import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigMap, ObjectKey, Secret } from '@geobuk/api';
import { configMaps, secrets } from '@geobuk/api';
import type { Client, Clock, Controller, Informers, Lister, ReconcileContext, ReconcileResult } from '@geobuk/client';
import { mapped, primary, settled } from '@geobuk/client';

export interface BootstrapSignerControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
}

const tokenScope = { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' };
const infoKey = { namespace: 'kube-public', name: 'cluster-info' };
const infoScope = { namespace: infoKey.namespace, fieldSelector: `metadata.name=${infoKey.name}` };
const signaturePrefix = 'jws-kubeconfig-';

/** A detached JWS (RFC 7515, appendix F) over the text, by the secret half of a token. */
export function detachedSignature(text: string, tokenId: string, tokenSecret: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tokenId })).toString('base64url');
  const payload = Buffer.from(text).toString('base64url');
  return `${header}..${createHmac('sha256', tokenSecret).update(`${header}.${payload}`).digest('base64url')}`;
}

/** The contents of cluster-info with a signature for each token that may sign now, and no other. Pure. */
export function signedInfo(
  data: Readonly<Record<string, string>>,
  tokens: readonly Secret[],
  now: number,
): Readonly<Record<string, string>> {
  const kept = Object.entries(data).filter(([name]) => !name.startsWith(signaturePrefix));
  const text = data['kubeconfig'];
  if (text === undefined) return Object.fromEntries(kept);
  const signatures = tokens.flatMap((token): readonly (readonly [string, string])[] => {
    const field = (name: string): string => Buffer.from(token.data?.[name] ?? '', 'base64').toString();
    const id = field('token-id');
    const secret = field('token-secret');
    const usable = field('usage-bootstrap-signing') === 'true' && token.metadata.name === `bootstrap-token-${id}`;
    const expired = field('expiration') !== '' && !(Date.parse(field('expiration')) > now);
    if (!usable || expired || secret === '') return [];
    return [[`${signaturePrefix}${id}`, detachedSignature(text, id, secret)]];
  });
  return Object.fromEntries([...kept, ...signatures]);
}

/** Lets who holds a bootstrap token verify the public `cluster-info`. Follows: bootstrapsigner controller. */
export class BootstrapSignerController implements Controller {
  readonly name = 'bootstrap-signer';
  readonly watches = [primary(configMaps, infoScope), mapped(secrets, () => [infoKey], tokenScope)];
  readonly #deps: BootstrapSignerControllerDeps;
  readonly #infos: Lister<ConfigMap>;
  readonly #tokens: Lister<Secret>;

  constructor(deps: BootstrapSignerControllerDeps) {
    this.#deps = deps;
    this.#infos = deps.informers.of(configMaps, infoScope).lister;
    this.#tokens = deps.informers.of(secrets, tokenScope).lister;
  }

  async reconcile(_key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const info = this.#infos.get(infoKey); // check
    if (info === undefined) return settled;
    const data = signedInfo(info.data ?? {}, this.#tokens.list(), clock.now()); // diff
    if (isDeepStrictEqual(data, { ...info.data })) return settled;
    trace.found('signatures that do not fit the tokens');
    await client.update(configMaps, { ...info, data }, { signal }); // act
    trace.did('signed cluster-info anew');
    return settled; // a token that expires is deleted by its cleaner, and that brings the key back
  }
}
