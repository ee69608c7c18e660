import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '@geobuk/api';
import { arch, platform } from 'node:os';
import { Registry } from 'prom-client';
import type { ServiceAccountTokens } from '../authentication/service-account-tokens.js';
import { aggregatedType } from '../discovery/discovery.js';
import type { Discovery } from '../discovery/discovery.js';
import { HealthIndicators, reportHealth } from '../health.js';
import type { HealthCheck } from '../health.js';
import { parseAccept } from '../http/negotiation.js';
import { sendJson, sendValue } from '../http/respond.js';
import type { Metrics } from '../metrics.js';
import type { OpenApi } from '../openapi/openapi.js';

export const kubernetesVersion = { major: '1', minor: '34', gitVersion: 'v1.34.0+geobuk' } as const;

export interface PlainRoutesDeps {
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly metrics: Metrics;
  readonly tokens: ServiceAccountTokens;
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
  /** `host:port` as clients reach this server. */
  address(): string;
  readonly signal: AbortSignal;
  /** What each controller did last; for those who watch the loops turn. */
  loops(): readonly unknown[];
  /** What the scheduler decided about a pod last; undefined when nothing is known of it. */
  schedulingOf(uid: string): unknown;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** Everything that is no resource: discovery, OpenAPI, health, version, metrics. */
export function registerPlainRoutes(server: FastifyInstance, deps: PlainRoutesDeps): void {
  const { discovery, openApi, metrics, tokens } = deps;
  const get = (path: string, handler: Handler) => {
    server.get(path, handler);
    if (path !== '/' && !path.endsWith('*')) server.get(`${path}/`, handler);
  };

  get('/', (request, reply) => sendValue(request, reply, 200, { paths: allPaths(deps) }));
  get('/version', (request, reply) => sendValue(request, reply, 200, versionInfo()));

  for (const root of ['api', 'apis'] as const) {
    get(`/${root}`, (request, reply) => {
      reply.header('vary', 'Accept');
      if (wantsAggregated(request)) return sendAggregated(request, reply, discovery, root);
      const value = root === 'api' ? discovery.coreVersions(deps.address()) : discovery.groupList();
      return sendValue(request, reply, 200, value);
    });
  }
  get('/api/:version', (request, reply) => {
    const { version } = request.params as { readonly version: string };
    return sendFound(request, reply, discovery.resources('', version));
  });
  get('/apis/:group', (request, reply) => {
    const { group } = request.params as { readonly group: string };
    return sendFound(request, reply, discovery.group(group));
  });
  get('/apis/:group/:version', (request, reply) => {
    const { group, version } = request.params as { readonly group: string; readonly version: string };
    return sendFound(request, reply, discovery.resources(group, version));
  });

  get('/openapi/v2', (request, reply) => openApi.sendV2(request, reply));
  get('/openapi/v3', (request, reply) => sendValue(request, reply, 200, openApi.index()));
  server.get('/openapi/v3/*', (request, reply) => openApi.sendV3(request, reply));

  for (const [name, checks] of [
    ['healthz', deps.live],
    ['livez', deps.live],
    ['readyz', deps.ready],
  ] as const) {
    server.get(`/${name}`, (request, reply) => sendHealth(request, reply, name, checks, deps.signal));
    server.get(`/${name}/*`, (request, reply) => {
      const { '*': path } = request.params as { readonly '*': string };
      const check = path.replace(/\/$/, '');
      if (check === '') return sendHealth(request, reply, name, checks, deps.signal);
      const found = checks.filter((candidate) => candidate.name === check);
      if (found.length === 0) throw ApiError.noSuchResource();
      return sendHealth(request, reply, check, found, deps.signal);
    });
  }

  // Our own, under a name that no Kubernetes path has; who may see it is RBAC's business, as for /metrics.
  get('/debug/geobuk/loops', (request, reply) => sendValue(request, reply, 200, deps.loops()));
  get('/debug/geobuk/scheduling/:uid', (request, reply) => {
    const { uid } = request.params as { readonly uid: string };
    return sendFound(request, reply, deps.schedulingOf(uid));
  });
  get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.registry.contentType);
    return reply.send(await metrics.registry.metrics());
  });
  const slis = new Registry();
  const indicators = new HealthIndicators(slis, [
    ['healthz', deps.live],
    ['livez', deps.live],
    ['readyz', deps.ready],
  ]);
  get('/metrics/slis', async (_request, reply) => {
    await indicators.look(deps.signal);
    reply.header('content-type', slis.contentType);
    return reply.send(await slis.metrics());
  });
  get('/.well-known/openid-configuration', (request, reply) =>
    sendValue(request, reply, 200, {
      issuer: tokens.issuer,
      jwks_uri: `https://${deps.address()}/openid/v1/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    }),
  );
  get('/openid/v1/jwks', async (_request, reply) => {
    reply.header('content-type', 'application/jwk-set+json');
    return reply.send(Buffer.from(JSON.stringify(await tokens.jwks()))); // a text would get a charset
  });
}

const wantsAggregated = ({ headers }: FastifyRequest): boolean => {
  for (const { type, parameters } of parseAccept(headers.accept ?? '')) {
    if (type !== 'application/json' && type !== '*/*') continue;
    const as = parameters.get('as');
    if (as === undefined) return false;
    if (as === 'APIGroupDiscoveryList' && parameters.get('g') === 'apidiscovery.k8s.io' && parameters.get('v') === 'v2')
      return true;
  }
  return false;
};

function sendAggregated(
  request: FastifyRequest,
  reply: FastifyReply,
  discovery: Discovery,
  root: 'api' | 'apis',
): FastifyReply {
  const { json, etag } = discovery.aggregated(root);
  reply.header('etag', etag);
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.code(200).header('content-type', aggregatedType).send(json);
}

function sendFound(request: FastifyRequest, reply: FastifyReply, value: unknown): Promise<FastifyReply> {
  if (value === undefined) throw ApiError.noSuchResource();
  return sendJson(request, reply, 200, Buffer.from(JSON.stringify(value)));
}

async function sendHealth(
  request: FastifyRequest,
  reply: FastifyReply,
  title: string,
  checks: readonly HealthCheck[],
  signal: AbortSignal,
): Promise<FastifyReply> {
  const verbose = request.search.has('verbose');
  const { ok, text } = await reportHealth(
    title,
    checks,
    { verbose, exclude: request.search.getAll('exclude') },
    signal,
  );
  return reply
    .code(ok ? 200 : 500)
    .header('content-type', 'text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff')
    .send(text);
}

function versionInfo() {
  return {
    ...kubernetesVersion,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'go0.0.0',
    compiler: 'node',
    platform: `${platform()}/${arch() === 'x64' ? 'amd64' : arch()}`,
  };
}

/** Follows: checklist 1.1.10. */
function allPaths({ discovery, live, ready }: PlainRoutesDeps): readonly string[] {
  const paths = [
    '/.well-known/openid-configuration',
    '/api',
    '/apis',
    '/metrics',
    '/metrics/slis',
    '/openapi/v2',
    '/openapi/v3',
    '/openid/v1/jwks',
    '/version',
  ];
  for (const { group, versions } of discovery.groups()) {
    if (group !== '') paths.push(`/apis/${group}`);
    for (const { version } of versions) paths.push(group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  }
  for (const [name, checks] of [
    ['healthz', live],
    ['livez', live],
    ['readyz', ready],
  ] as const) {
    paths.push(`/${name}`, ...checks.map((check) => `/${name}/${check.name}`));
  }
  return paths.sort();
}
