import type { Server } from 'node:https';
import fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Access, RegistryVerb } from '../auth/access.js';
import { isRepository } from '../oci/names.js';
import { RegistryError } from '../oci/registry-error.js';
import type { ContentStore } from '../store/content-store.js';
import type { Repositories } from '../store/repositories.js';
import { answerBlob, answerUpload, startUpload } from './blobs.js';
import { answerManifest, answerReferrers, answerTags } from './manifests.js';
import type { RegistryRequest } from './registry-request.js';
import { page } from './registry-request.js';

export interface RegistryServerDeps {
  readonly contents: ContentStore;
  readonly repositories: Repositories;
  readonly access: Access;
  readonly log: Pick<Logger, 'error'>;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** undefined: it can serve. */
  readonly problem: () => string | undefined;
  readonly metrics: () => Promise<string>;
  readonly onAnswer: (method: string, status: number) => void;
}

interface Route {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
  readonly answer: (request: RegistryRequest, last: string) => Promise<unknown>;
}

/** The first that fits; names of repositories may have slashes, so what follows them decides. */
const routes: readonly Route[] = [
  { pattern: /^\/v2\/(.+)\/blobs\/uploads\/()$/, methods: ['POST'], answer: startUpload },
  { pattern: /^\/v2\/(.+)\/blobs\/uploads()$/, methods: ['POST'], answer: startUpload },
  {
    pattern: /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/,
    methods: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
    answer: answerUpload,
  },
  { pattern: /^\/v2\/(.+)\/blobs\/([^/]+)$/, methods: ['GET', 'HEAD', 'DELETE'], answer: answerBlob },
  { pattern: /^\/v2\/(.+)\/manifests\/([^/]+)$/, methods: ['GET', 'HEAD', 'PUT', 'DELETE'], answer: answerManifest },
  { pattern: /^\/v2\/(.+)\/referrers\/([^/]+)$/, methods: ['GET'], answer: answerReferrers },
  { pattern: /^\/v2\/(.+)\/tags\/list()$/, methods: ['GET'], answer: answerTags },
];

/** Silence within an upload or a download. */
const idleMs = 120_000;

/** Follows: OCI Distribution Specification 1.1, with health and metrics beside it. */
export function createRegistryServer(deps: RegistryServerDeps): FastifyInstance<Server> {
  const { log, tls, problem, metrics, onAnswer } = deps;
  const server = fastify({
    https: tls,
    logger: false,
    requestTimeout: 0,
    connectionTimeout: idleMs,
    exposeHeadRoutes: false,
  });
  // Bodies are streams of any size: nobody reads them but who they are for.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.addHook('onResponse', (request, reply, done) => {
    onAnswer(request.method, reply.statusCode);
    done();
  });
  server.setErrorHandler((error: Error, _request, reply) => {
    if (error instanceof RegistryError) return refuse(reply, error);
    log.error({ err: error }, 'a request failed');
    return reply.code(500).send({ errors: [{ code: 'UNKNOWN', message: 'internal error' }] });
  });
  server.get('/healthz', (_request, reply) => {
    const wrong = problem();
    return reply
      .code(wrong === undefined ? 200 : 503)
      .type('text/plain')
      .send(wrong ?? 'ok');
  });
  server.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await metrics()));
  server.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/v2/*',
    handler: (request, reply) => answer(deps, request, reply),
  });
  server.get('/v2', (request, reply) => answer(deps, request, reply));
  return server;
}

async function answer(deps: RegistryServerDeps, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { access, contents, repositories } = deps;
  void reply.header('docker-distribution-api-version', 'registry/2.0');
  const url = new URL(request.raw.url ?? '/', 'https://registry');
  const { authorization } = request.headers;
  const { method } = request;
  const query = url.searchParams;
  if (url.pathname === '/v2/' || url.pathname === '/v2') {
    await access.check(authorization, 'login', '');
    return reply.send({});
  }
  if (url.pathname === '/v2/_catalog' && method === 'GET') {
    await access.check(authorization, 'get', '');
    return reply.send({ repositories: page(await repositories.names(), { query, reply }, '/v2/_catalog') });
  }
  for (const { pattern, methods, answer: act } of routes) {
    const [, repository, last] = pattern.exec(url.pathname) ?? [];
    if (repository === undefined) continue;
    if (!methods.includes(method)) throw new RegistryError('UNSUPPORTED', `${method} is not for ${url.pathname}`);
    if (!isRepository(repository)) throw new RegistryError('NAME_INVALID', 'this is no name of a repository');
    await access.check(authorization, verbOf(method, url.pathname), repository);
    const mayPull = (other: string): Promise<boolean> =>
      access.check(authorization, 'get', other).then(
        () => true,
        (error: unknown) => {
          if (error instanceof RegistryError) return false;
          throw error;
        },
      );
    const { raw, headers } = request;
    return act(
      { method, repository, query, headers, body: raw, contents, repositories, mayPull, reply },
      decodeURIComponent(last ?? ''),
    );
  }
  throw new RegistryError('UNSUPPORTED', 'there is nothing at this path');
}

/** Looking at an upload, or giving it up, is a part of pushing. */
function verbOf(method: string, path: string): RegistryVerb {
  if (path.includes('/blobs/uploads')) return 'update';
  if (method === 'DELETE') return 'delete';
  return method === 'GET' || method === 'HEAD' ? 'get' : 'update';
}

function refuse(reply: FastifyReply, error: RegistryError): FastifyReply {
  if (error.code === 'UNAUTHORIZED') void reply.header('www-authenticate', 'Basic realm="geobuk registry"');
  return reply
    .code(error.status)
    .removeHeader('content-length')
    .type('application/json')
    .send(JSON.stringify(error.body));
}
