import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { AddressInfo } from 'node:net';
import fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify';
import { ApiError } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { ConfigError } from '../config.js';
import type { WatchCaches } from '../watch-cache/watch-cache.js';
import type { ClusterPki } from '../pki/cluster-pki.js';
import { AggregatedApis } from './aggregation/aggregated-apis.js';
import type { Auditor } from './audit/auditor.js';
import { createAuditor } from './audit/create-auditor.js';
import { Admission } from './admission/admission.js';
import { admissionPlugins } from './admission/chain.js';
import { readPodSecurityConfig } from './admission/pod-security/pod-security-config.js';
import type { PodSecurityConfig } from './admission/pod-security/pod-security-config.js';
import { InProcessClient } from './in-process-client.js';
import type { InProcessClientDeps } from './in-process-client.js';
import type { User } from './authentication/user.js';
import { configureAuthentication } from './authentication/configure-authentication.js';
import { Authenticator } from './authentication/authenticator.js';
import { ServiceAccountTokens } from './authentication/service-account-tokens.js';
import { AuthorizerChain } from './authorization/authorizer.js';
import type { Authorizer } from './authorization/authorizer.js';
import { NodeAuthorizer } from './authorization/node-authorizer.js';
import { RbacAuthorizer } from './authorization/rbac-authorizer.js';
import { bootstrap } from './bootstrap/bootstrap.js';
import { componentStatuses } from './component-statuses.js';
import { CustomResources } from './custom-resources/custom-resources.js';
import { Discovery } from './discovery/discovery.js';
import { kubernetesVersion, registerPlainRoutes } from './endpoints/plain-routes.js';
import { ResourceRouter } from './endpoints/router.js';
import { Subresources } from './endpoints/subresources.js';
import { EventExpiry } from './events/event-expiry.js';
import { FlowControl } from './flow-control/flow-control.js';
import { FlowControlConfiguration } from './flow-control/flow-control-configuration.js';
import { FlowControlMetrics } from './flow-control/flow-control-metrics.js';
import { registerFilters } from './filters/chain.js';
import type { HealthCheck } from './health.js';
import { sendValue, statusOf } from './http/respond.js';
import { Metrics } from './metrics.js';
import { OpenApi } from './openapi/openapi.js';
import { upgradeListener } from './proxying/upgrade.js';
import { Reader } from './registry/reader.js';
import { Registry } from './registry/registry.js';
import type { ApiServerOptions } from './options.js';
import { ResourceCatalog } from './resources/resource-catalog.js';
import { reviewEndpoints, reviewFunctions } from './reviews/reviews.js';
import type { ReviewFunction } from './reviews/reviews.js';
import { Actions } from './subresources/actions.js';
import { legacyBinding } from './subresources/legacy-binding.js';
import { ServiceReservations } from './service-addresses/service-reservations.js';

const bodyLimitBytes = 3 * 1024 * 1024;

export interface ApiServerConfig {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
  readonly advertiseAddress: string;
  readonly serviceCIDR: string;
  /** Of the `kubernetes` Service. */
  readonly serviceAddress: string;
  readonly clusterDomain: string;
  readonly apiServer?: ApiServerOptions | undefined;
}

export interface ApiServerDeps {
  readonly config: ApiServerConfig;
  readonly caches: WatchCaches;
  readonly pki: ClusterPki;
  readonly clock: Clock;
  readonly log: Logger;
  readonly storeCheck: (signal: AbortSignal) => Promise<void>;
  /** What the controllers beside this server did last. */
  readonly loops?: (() => readonly unknown[]) | undefined;
  /** What the scheduler beside this server decided about a pod last, by its uid. */
  readonly schedulingOf?: ((uid: string) => unknown) | undefined;
  now(): number;
  random(): number;
}

/** The Kubernetes API over the watch caches: a kernel that knows no HTTP, and HTTPS in front of it. */
export class ApiServer {
  readonly catalog = new ResourceCatalog();
  readonly registry: Registry;
  readonly admission: Admission;
  readonly reader: Reader;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly actions: Actions;
  readonly #deps: ApiServerDeps;
  readonly #rbac: RbacAuthorizer;
  readonly #nodes: NodeAuthorizer;
  readonly #reservations: ServiceReservations;
  readonly #authenticator: Authenticator;
  readonly #reviews: ReadonlyMap<string, ReviewFunction>;
  readonly #customResources: CustomResources;
  readonly #aggregated: AggregatedApis;
  readonly #metrics = new Metrics();
  readonly #flowControl: FlowControl;
  readonly #flowControlConfiguration: FlowControlConfiguration;
  #isReady = false;
  #port = 0;

  constructor(deps: ApiServerDeps) {
    this.#deps = deps;
    const { caches, config, pki, now, random } = deps;
    this.#rbac = new RbacAuthorizer({ caches });
    this.#nodes = new NodeAuthorizer({ caches });
    // The first that allows or denies has decided.
    this.authorizer = new AuthorizerChain([this.#nodes, this.#rbac]);
    this.tokens = new ServiceAccountTokens({
      keyPem: pki.serviceAccountKeyPem,
      issuer: `https://kubernetes.default.svc.${config.clusterDomain}`,
      caches,
      now,
    });
    this.#authenticator = new Authenticator({
      caches,
      serviceAccountTokens: this.tokens,
      authorities: { frontProxies: pki.frontProxy.caPem },
      now,
    });
    this.#reviews = reviewFunctions({
      authenticator: this.#authenticator,
      authorizer: this.authorizer,
      rbac: this.#rbac,
      now,
    });
    this.#reservations = new ServiceReservations({ caches, serviceCIDR: config.serviceCIDR, random });
    this.admission = new Admission(
      admissionPlugins({
        catalog: this.catalog,
        caches,
        random,
        now,
        rbac: this.#rbac,
        authorizer: this.authorizer,
        podSecurityConfig: podSecurityConfigOf(config.apiServer),
      }),
    );
    this.registry = new Registry({
      caches,
      admission: this.admission,
      reservations: this.#reservations,
      now,
      random,
      newUid: randomUUID,
    });
    this.reader = new Reader({ caches });
    this.#metrics.tellVersion(kubernetesVersion);
    this.#metrics.watchStorage(() => this.#storedCounts());
    const { maxRequestsInflight = 400, maxMutatingRequestsInflight = 200 } = config.apiServer ?? {};
    this.#flowControl = new FlowControl({
      totalSeats: Math.max(1, maxRequestsInflight + maxMutatingRequestsInflight),
      clock: deps.clock,
      metrics: new FlowControlMetrics(this.#metrics.registry, () => this.#flowControl.levels()),
    });
    this.#flowControlConfiguration = new FlowControlConfiguration({
      caches,
      catalog: this.catalog,
      registry: this.registry,
      flowControl: this.#flowControl,
      log: deps.log,
      now,
    });
    this.#customResources = new CustomResources({
      catalog: this.catalog,
      caches,
      registry: this.registry,
      log: deps.log,
      now,
      random,
      newUid: randomUUID,
    });
    this.#aggregated = new AggregatedApis({
      catalog: this.catalog,
      caches,
      registry: this.registry,
      frontProxy: pki.frontProxy,
      log: deps.log,
      now,
      random,
    });
    this.actions = new Actions({
      registry: this.registry,
      reader: this.reader,
      now,
      tokens: this.tokens,
      authorizer: this.authorizer,
      caches,
    });
  }

  /** The port that is listened on; 0 before. */
  get port(): number {
    return this.#port;
  }

  /**
   * Serves until `signal` aborts. `onListening` is called when requests are answered and all that every cluster has
   * is there. @throws {ConfigError} the port is taken.
   */
  async run(signal: AbortSignal, onListening: () => void | Promise<void>): Promise<void> {
    const { caches } = this.#deps;
    setMaxListeners(0, signal); // every part, request and watch listens to it
    for (const { prefix } of this.catalog.all()) caches.cache(prefix);
    await caches.whenReady({ signal });
    let definitionsAreServed = (): void => undefined;
    const serving = new Promise<void>((resolve) => (definitionsAreServed = resolve));
    let bootstrapped = (): void => undefined;
    const whenBootstrapped = new Promise<void>((resolve) => (bootstrapped = resolve));
    const followers = Promise.all([
      this.#flowControlConfiguration.run(signal, whenBootstrapped),
      this.#rbac.run(signal),
      this.#nodes.run(signal),
      this.#reservations.run(signal),
      this.#customResources.run(signal, definitionsAreServed),
      this.#aggregated.run(signal),
      new EventExpiry({ caches, now: this.#deps.now }).run(signal),
    ]);
    // Where the port is taken nobody waits for them any more: they end with the signal, and their end is no news.
    followers.catch(() => undefined);
    await using auditor = await this.#auditor();
    await using _webhook = await configureAuthentication(this.#authenticator, this.#deps, signal);
    const server = this.#build(signal, auditor);
    try {
      await this.#listen(server);
      await Promise.race([serving, followers]);
      await this.#bootstrap(signal);
      this.#isReady = true;
      bootstrapped();
      await onListening();
      await followers;
    } finally {
      this.#isReady = false;
      await server.close();
    }
  }

  /** A client without a wire, with full rights, whose writes bear `user`'s name. */
  clientFor(user: User, aggregated?: InProcessClientDeps['aggregated']): InProcessClient {
    const { catalog, registry, reader, actions } = this;
    return new InProcessClient({
      catalog,
      registry,
      reader,
      actions,
      reviews: this.#reviews,
      user,
      aggregated,
      now: this.#deps.now,
    });
  }

  /** Each kind once, however many versions it has. */
  *#storedCounts(): Generator<readonly [string, number]> {
    const prefixes = new Set<string>();
    for (const { prefix, type } of this.catalog.all()) {
      if (prefixes.has(prefix)) continue;
      prefixes.add(prefix);
      yield [type.group === '' ? type.plural : `${type.plural}.${type.group}`, this.#deps.caches.cache(prefix).size];
    }
  }

  /** For whatever else runs in this process and has something to count. */
  get metrics(): Metrics {
    return this.#metrics;
  }

  async #auditor(): Promise<Auditor | undefined> {
    const { config, clock, log } = this.#deps;
    const options = config.apiServer?.audit;
    return options && (await createAuditor(options, { clock, log, registry: this.#metrics.registry }));
  }

  #bootstrap(signal: AbortSignal): Promise<void> {
    const { config, pki } = this.#deps;
    return bootstrap(
      this,
      {
        advertiseAddress: config.advertiseAddress,
        port: this.#port,
        serviceAddress: config.serviceAddress,
        caPem: pki.ca.certPem,
        frontProxyCaPem: pki.frontProxy.caPem,
      },
      signal,
    );
  }

  #build(signal: AbortSignal, auditor: Auditor | undefined): FastifyInstance {
    const { caches, pki, log, now, random } = this.#deps;
    const { catalog, registry, reader } = this;
    const server = fastify({
      http2: true,
      https: {
        allowHTTP1: true,
        key: pki.serving.keyPem,
        cert: pki.serving.certPem,
        ca: [pki.ca.certPem, pki.frontProxy.caPem], // which of them decides whom a certificate names
        requestCert: true,
        rejectUnauthorized: false, // a bad certificate is answered with 401, not with a broken connection
        settings: { maxConcurrentStreams: 1000 },
      },
      bodyLimit: bodyLimitBytes,
      loggerInstance: log as FastifyBaseLogger,
      logController: new LogController({ disableRequestLogging: true }),
      childLoggerFactory: (logger) => logger, // nobody asks for a logger of one request, and making it takes time
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 4096 },
      // What the router cannot even read meets no filter and no error handler.
      frameworkErrors: (error, _request, reply) => {
        const { status } = statusOf(error);
        void (reply as unknown as FastifyReply)
          .code(status.code)
          .header('content-type', 'application/json')
          .send(JSON.stringify(status));
      },
    }) as unknown as FastifyInstance;

    // Bodies stay bytes: the endpoint knows how to read them.
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    server.setErrorHandler(async (error, request, reply) => {
      const refusal = statusOf(error);
      if (refusal.status.code >= 500 && !signal.aborted)
        log.error({ err: refusal.cause ?? error, path: request.url }, 'request failed');
      request.audit?.refused(refusal.status);
      if (refusal.status.code >= 500 && !(error instanceof ApiError)) request.audit?.failed();
      const { retryAfterSeconds } = refusal.status.details ?? {};
      if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
      return sendValue(request, reply, refusal.status.code, refusal.status);
    });
    server.setNotFoundHandler(async () => {
      throw ApiError.noSuchResource();
    });

    const proxy = { caches, random, kubelet: { ...pki.kubeletClient, caPem: pki.ca.certPem } };
    server.server.on(
      'upgrade',
      upgradeListener({
        ...proxy,
        authenticator: this.#authenticator,
        authorizer: this.authorizer,
        aggregated: this.#aggregated,
        watches: { catalog, reader, now },
        auditor,
        log,
        signal,
      }),
    );
    registerFilters(server, {
      authenticator: this.#authenticator,
      authorizer: this.authorizer,
      metrics: this.#metrics,
      aggregated: this.#aggregated,
      auditor,
      flowControl: this.#flowControl,
      catalog,
      caches,
      signal,
    });
    const router = new ResourceRouter({
      catalog,
      registry,
      reader,
      now,
      subresources: new Subresources({ registry, reader, now, actions: this.actions, proxy }),
      virtual: new Map([
        ...reviewEndpoints(this.#reviews),
        [
          '/componentstatuses',
          componentStatuses({ storeCheck: this.#deps.storeCheck, loops: () => this.#deps.loops?.() ?? [], now }),
        ],
        [
          '/bindings',
          legacyBinding({ catalog, registry, reader, now, caches, tokens: this.tokens, authorizer: this.authorizer }),
        ],
      ]),
      signal,
    });
    void server.register(async (routes) => {
      registerPlainRoutes(routes, {
        discovery: new Discovery({ catalog, aggregated: this.#aggregated }),
        openApi: new OpenApi({ catalog, aggregated: this.#aggregated }),
        metrics: this.#metrics,
        tokens: this.tokens,
        live: this.#checks(false, signal),
        ready: this.#checks(true, signal),
        address: () => `${this.#deps.config.advertiseAddress}:${this.#port}`,
        signal,
        loops: () => this.#deps.loops?.() ?? [],
        schedulingOf: (uid) => this.#deps.schedulingOf?.(uid),
      });
      const method = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
      for (const url of ['/api/:version/*', '/apis/:group/:version/*']) {
        routes.route({ method, url, handler: (request, reply) => router.handle(request, reply) });
      }
    });
    return server;
  }

  #checks(forTraffic: boolean, signal: AbortSignal): readonly HealthCheck[] {
    const { storeCheck, caches } = this.#deps;
    const checks: HealthCheck[] = [
      { name: 'ping', check: async () => undefined },
      { name: 'store', check: (limit) => storeCheck(limit) },
      {
        name: 'poststarthook/rbac/bootstrap-roles',
        check: async () => {
          if (!this.#isReady && !signal.aborted) throw new Error('what every cluster has is not there yet');
        },
      },
    ];
    if (!forTraffic) return checks;
    return [
      ...checks,
      { name: 'informer-sync', check: (limit) => soon(caches.whenReady({ signal: limit })) },
      {
        name: 'shutdown',
        check: async () => {
          if (signal.aborted) throw new Error('the server stops');
        },
      },
    ];
  }

  async #listen(server: FastifyInstance): Promise<void> {
    const { bind, port } = this.#deps.config;
    try {
      await server.listen({ host: bind, port });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRINUSE') {
        throw new ConfigError(
          `cannot listen on ${bind}:${port}: another process does; stop it or choose another --port`,
          { cause: error },
        );
      }
      if (code === 'EACCES') {
        throw new ConfigError(`cannot listen on ${bind}:${port}: permission denied; choose a --port above 1023`, {
          cause: error,
        });
      }
      if (code === 'EADDRNOTAVAIL') {
        throw new ConfigError(
          `cannot listen on ${bind}:${port}: this machine has no such address; choose another --bind`,
          { cause: error },
        );
      }
      throw error;
    }
    this.#port = (server.server.address() as AddressInfo).port;
  }
}

/** @throws it takes more than a moment. */
async function soon(work: Promise<void>): Promise<void> {
  const pending = Symbol('pending');
  const first = await Promise.race([work, new Promise((resolve) => setImmediate(resolve, pending))]);
  if (first === pending) throw new Error('not all objects are loaded yet');
}

const podSecurityConfigOf = ({ admissionConfigFile: file }: ApiServerOptions = {}): PodSecurityConfig | undefined =>
  file === undefined ? undefined : readPodSecurityConfig(file);
