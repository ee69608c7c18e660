import { ApiError, fieldOf, isJsonArray, isJsonObject } from '@geobuk/api';
import type { JsonObject, KubernetesObject, Pod, ServiceAccount } from '@geobuk/api';
import type { WatchCaches } from '../../watch-cache/watch-cache.js';
import type { BoundReference, ServiceAccountTokens, TokenSubject } from '../authentication/service-account-tokens.js';
import { nodeOf } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import type { EndpointDeps } from '../endpoints/endpoint.js';
import { timestamp } from '../registry/metadata.js';
import { storePrefix } from '../resources/served-resource.js';
import type { ServedResource } from '../resources/served-resource.js';
import type { Action } from './action.js';

const defaultSeconds = 3600;
const shortestSeconds = 600;
const longestSeconds = 2 ** 32;
/** What kubelets ask for pods: such tokens live a year, so that clients which never read the file again go on (2.3.1). */
const podTokenSeconds = 3607;
const extendedSeconds = 365 * 86_400;

const subject = { group: 'authentication.k8s.io', plural: 'tokenrequests', kind: 'TokenRequest' };

export interface TokenDeps extends EndpointDeps {
  readonly tokens: ServiceAccountTokens;
  readonly caches: WatchCaches;
}

/** Makes a token for a service account. Follows: TokenRequest, checklist 2.3.1. */
export const requestToken =
  ({ registry, tokens, caches, now }: TokenDeps): Action =>
  async ({ resource, key, body, options }) => {
    const account = (await registry.read(resource, key, options.signal)).object as ServiceAccount;
    const given = fieldOf(body, 'spec');
    const spec = isJsonObject(given) ? given : {};
    const seconds = secondsOf(spec, key.name);
    const asked = fieldOf(spec, 'audiences');
    const audiences = isJsonArray(asked) && asked.length > 0 ? asked.map(String) : [tokens.issuer];
    const bound = boundTo(options.user, resource, caches, spec, account);
    const isExtended = bound.pod !== undefined && seconds === podTokenSeconds;
    const { name = '', namespace = '', uid = '' } = account.metadata;
    const token = await tokens.sign(
      { namespace, serviceAccount: { name, uid }, ...bound },
      audiences,
      isExtended ? extendedSeconds : seconds,
      isExtended ? podTokenSeconds : undefined,
    );
    return {
      code: 201,
      value: {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: { name, namespace, creationTimestamp: timestamp(now()) },
        spec: { audiences, expirationSeconds: seconds, boundObjectRef: fieldOf(spec, 'boundObjectRef') ?? null },
        status: { token, expirationTimestamp: timestamp(now() + seconds * 1000) },
      },
    };
  };

function secondsOf(spec: JsonObject, name: string): number {
  const given = fieldOf(spec, 'expirationSeconds');
  if (given === undefined || given === null) return defaultSeconds;
  const refuse = (why: string) =>
    ApiError.invalid(subject, name, [
      {
        field: 'spec.expirationSeconds',
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(given)}: ${why}`,
      },
    ]);
  if (typeof given !== 'number' || !Number.isInteger(given)) throw refuse('must be an integer');
  if (given < shortestSeconds) throw refuse('may not specify a duration less than 10 minutes');
  if (given > longestSeconds) throw refuse('may not specify a duration larger than 2^32 seconds');
  return given;
}

function boundTo(
  user: User,
  resource: ServedResource,
  caches: WatchCaches,
  spec: JsonObject,
  account: ServiceAccount,
): Pick<TokenSubject, 'pod' | 'node' | 'secret'> {
  const reference = fieldOf(spec, 'boundObjectRef');
  const node = nodeOf(user);
  if (!isJsonObject(reference)) {
    if (node !== undefined) {
      throw ApiError.forbidden(resource.type, account.metadata.name ?? '', 'node requested token not bound to a pod');
    }
    return {};
  }
  const kind = String(reference['kind'] ?? '');
  const name = String(reference['name'] ?? '');
  const uid = reference['uid'];
  const { namespace = '' } = account.metadata;
  const plural = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }[kind];
  if (plural === undefined) throw ApiError.badRequest(`cannot bind token to object of type ${kind}`);
  const key = kind === 'Node' ? { name } : { namespace, name };
  const object: KubernetesObject | undefined = caches.cache(storePrefix('', plural)).get(key)?.object;
  if (object === undefined) throw ApiError.notFound({ group: '', plural, kind }, name);
  if (typeof uid === 'string' && uid !== '' && uid !== object.metadata.uid) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw ApiError.conflict({ group: '', plural, kind }, name, why);
  }
  const bound: BoundReference = { name, uid: object.metadata.uid ?? '' };
  if (kind === 'Secret') return { secret: bound };
  if (kind === 'Node') return { node: bound };
  const pod = object as Pod;
  if (pod.spec.serviceAccountName !== account.metadata.name) {
    throw ApiError.badRequest(
      `cannot bind token for serviceaccount "${account.metadata.name}" to pod running with different serviceaccount name.`,
    );
  }
  const on = pod.spec.nodeName;
  if (node !== undefined && on !== node) {
    throw ApiError.forbidden(
      resource.type,
      account.metadata.name ?? '',
      'node requested token bound to a pod scheduled on a different node',
    );
  }
  const found = on === undefined ? undefined : caches.cache(storePrefix('', 'nodes')).get({ name: on })?.object;
  return {
    pod: bound,
    ...(found === undefined || on === undefined ? {} : { node: { name: on, uid: found.metadata.uid ?? '' } }),
  };
}
