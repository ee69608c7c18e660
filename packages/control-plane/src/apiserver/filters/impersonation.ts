import fastifyPlugin from 'fastify-plugin';
import { ApiError } from '@geobuk/api';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import { serviceAccountOf } from '../authentication/user.js';
import type { User } from '../authentication/user.js';
import { describeDenial } from '../authorization/authorizer.js';
import type { Attributes, Authorizer } from '../authorization/authorizer.js';

/** Lets those who may act as somebody else. Follows: checklist 1.17.5. */
export function impersonation({ authorizer }: { readonly authorizer: Authorizer }): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.addHook('onRequest', async (request) => {
        const user = impersonate(authorizer, request.user, request.headers);
        if (user !== request.user) request.audit?.impersonates(user);
        request.user = user;
      });
    },
    { name: 'impersonation', dependencies: ['request-info', 'authentication'] },
  );
}

/** The user that the headers name, if there is one. @throws {ApiError} Forbidden, BadRequest. */
export function impersonate(authorizer: Authorizer, user: User, headers: IncomingHttpHeaders): User {
  const wanted = impersonated(headers);
  if (wanted === undefined) return user;
  for (const attributes of needed(wanted)) {
    const decision = authorizer.authorize(user, attributes);
    if (decision.kind === 'allow') continue;
    const subject = { group: attributes.group, plural: attributes.resource, kind: '' };
    throw ApiError.forbidden(subject, attributes.name, describeDenial(user, attributes, decision.reason));
  }
  return wanted;
}

const list = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;

/** @throws {ApiError} BadRequest: groups or extras without a user. */
function impersonated(headers: IncomingHttpHeaders): User | undefined {
  const name = headers['impersonate-user'];
  const uid = headers['impersonate-uid'];
  const groups = list(headers['impersonate-group']);
  const extra: Record<string, readonly string[]> = {};
  const prefix = 'impersonate-extra-';
  for (const header of Object.keys(headers)) {
    if (!header.startsWith(prefix)) continue;
    extra[unescape(header.slice(prefix.length))] = list(headers[header]);
  }
  const hasExtra = Object.keys(extra).length > 0;
  if (typeof name !== 'string' || name === '') {
    if (groups.length === 0 && !hasExtra && uid === undefined) return undefined;
    throw ApiError.badRequest(`requested ${JSON.stringify({ groups, extra, uid })} without impersonating a user`);
  }
  const account = serviceAccountOf(name);
  const own =
    groups.length === 0 && account !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : groups;
  const all =
    name === 'system:anonymous' || own.includes('system:authenticated') || own.includes('system:unauthenticated')
      ? own
      : [...own, 'system:authenticated'];
  return {
    name,
    groups: all,
    ...(typeof uid === 'string' ? { uid } : {}),
    ...(hasExtra ? { extra } : {}),
  };
}

function unescape(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function* needed(user: User): Generator<Attributes> {
  const base = { isResource: true, verb: 'impersonate', version: 'v1', subresource: '', namespace: '', path: '' };
  const account = serviceAccountOf(user.name);
  if (account === undefined) yield { ...base, group: '', resource: 'users', name: user.name };
  else yield { ...base, group: '', resource: 'serviceaccounts', namespace: account.namespace, name: account.name };
  const given =
    account === undefined ? user.groups : user.groups.filter((name) => !name.startsWith('system:serviceaccounts'));
  for (const name of given) {
    if (name === 'system:authenticated') continue;
    yield { ...base, group: '', resource: 'groups', name };
  }
  if (user.uid !== undefined) yield { ...base, group: 'authentication.k8s.io', resource: 'uids', name: user.uid };
  for (const [key, values] of Object.entries(user.extra ?? {})) {
    for (const name of values) {
      yield { ...base, group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name };
    }
  }
}
