import fastifyPlugin from 'fastify-plugin';
import { ApiError } from '@geobuk/api';
import type { FastifyPluginAsync } from 'fastify';
import type { AuditRecord } from '../audit/audit-record.js';
import type { User } from '../authentication/user.js';
import { describeDenial } from '../authorization/authorizer.js';
import type { Attributes, Authorizer } from '../authorization/authorizer.js';

/** @throws {ApiError} Forbidden, naming user, verb, resource and scope. */
export function authorizeOrThrow(
  authorizer: Authorizer,
  user: User,
  attributes: Attributes,
  audit?: Pick<AuditRecord, 'annotate'>,
): void {
  const decision = authorizer.authorize(user, attributes);
  audit?.annotate('authorization.k8s.io/decision', decision.kind === 'allow' ? 'allow' : 'forbid');
  audit?.annotate('authorization.k8s.io/reason', decision.reason);
  if (decision.kind === 'allow') return;
  const { group, resource, name, isResource } = attributes;
  if (!isResource) {
    throw ApiError.of(403, 'Forbidden', `forbidden: ${describeDenial(user, attributes, decision.reason)}`, {});
  }
  throw ApiError.forbidden(
    { group, plural: resource, kind: resource },
    name,
    describeDenial(user, attributes, decision.reason),
  );
}

/**
 * Lets a request through only when the authorizer allows it; everything else is refused.
 * Follows: kube-apiserver authorization filter (403 Forbidden names user, verb, resource, scope).
 */
export function authorization({ authorizer }: { readonly authorizer: Authorizer }): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.addHook('onRequest', async (request) => {
        authorizeOrThrow(authorizer, request.user, request.info, request.audit);
      });
    },
    { name: 'authorization', dependencies: ['request-info', 'authentication', 'impersonation'] },
  );
}
