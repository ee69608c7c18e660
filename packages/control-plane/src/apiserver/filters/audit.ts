import fastifyPlugin from 'fastify-plugin';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Auditor } from '../audit/auditor.js';
import type { AuditRecord } from '../audit/audit-record.js';
import type { User } from '../authentication/user.js';
import { isLongRunning } from './request-info.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Absent where nothing is written down of this request. */
    audit: AuditRecord | undefined;
  }
}

/**
 * Tells the audit log of each request. Without a log there is nothing on the way of a request.
 * Follows: WithAudit and WithFailedAuthenticationAudit, checklist 1.17.4.
 */
export function audit({ auditor }: { readonly auditor: Auditor | undefined }): FastifyPluginAsync {
  return fastifyPlugin(
    async (server) => {
      server.decorateRequest('audit');
      if (auditor === undefined) return;
      const begin = (request: FastifyRequest, reply: FastifyReply, user: User | undefined) =>
        auditor.begin(user, {
          auditId: String(reply.getHeader('audit-id')),
          uri: request.raw.url ?? '/',
          info: request.info,
          headers: request.headers,
          remoteAddress: request.ip,
        });
      server.addHook('onRequest', (request, reply, done) => {
        const record = begin(request, reply, request.user);
        request.audit = record;
        if (record !== undefined) follow(record, request, reply);
        done();
      });
      server.addHook('preHandler', (request, _reply, done) => {
        request.audit?.received(request.body);
        done();
      });
      server.addHook('onError', (request, reply, _error, done) => {
        // Nobody knows who asked: authentication refused before there was a record.
        if (request.user === undefined && request.info !== undefined) {
          request.audit = begin(request, reply, undefined);
          if (request.audit !== undefined) follow(request.audit, request, reply);
        }
        done();
      });
    },
    { name: 'audit', dependencies: ['request-info', 'audit-id', 'authentication'] },
  );
}

function follow(record: AuditRecord, { info }: FastifyRequest, { raw }: FastifyReply): void {
  if (isLongRunning(info)) {
    const writeHead = raw.writeHead.bind(raw) as (...given: unknown[]) => typeof raw;
    raw.writeHead = ((code: number, ...rest: unknown[]) => {
      record.started(code);
      return writeHead(code, ...rest);
    }) as typeof raw.writeHead;
  }
  raw.once('close', () => record.complete(raw.statusCode));
}
