import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject, ObjectMeta, Status } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import type { ApiServerOptions } from '../apiserver/options.js';
import { ApiServer } from '../apiserver/api-server.js';
import { openClusterPki } from '../pki/cluster-pki.js';
import type { ClusterPki } from '../pki/cluster-pki.js';
import type { KeyAndCertificate } from '../pki/certificate-authority.js';
import { createMemoryStore } from '../store/memory/memory-store.js';
import { createWatchCaches } from '../watch-cache/create-watch-caches.js';
import type { WatchCacheLimits } from '../watch-cache/watch-cache.js';

export interface TestRequest {
  readonly method?: string | undefined;
  readonly body?: unknown;
  readonly headers?: OutgoingHttpHeaders | undefined;
  /** Absent: the administrator's. `null`: none. */
  readonly certificate?: KeyAndCertificate | null | undefined;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The body as JSON. */
  readonly json: Answer;
}

/** What tests look for in answers of any kind. */
export interface Answer {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly metadata?: ObjectMeta & { readonly continue?: string };
  readonly details?: Status['details'];
  readonly items?: readonly KubernetesObject[];
  readonly columnDefinitions?: readonly { readonly name: string }[];
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly unknown[] } } };
  readonly status?: { readonly token?: string; readonly userInfo?: { readonly username?: string } };
}

/** A whole API server over a store in memory, on a free port of the loopback address. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly apiServer: ApiServer;
  readonly pki: ClusterPki;
  readonly signal: AbortSignal;
  call(path: string, request?: TestRequest): Promise<TestResponse>;
  /** The response as soon as its head is there, for watches. */
  open(path: string, request?: TestRequest): Promise<IncomingMessage>;
  /** The store forgets what was before `revision`, as it does after minutes. */
  compact(revision: number): Promise<void>;
}

export interface TestServerOptions {
  /** What kube-apiserver has flags for. */
  readonly apiServer?: ApiServerOptions | undefined;
  /** Epoch milliseconds, for everything but timers. */
  readonly now?: (() => number) | undefined;
  /** How much the watch caches remember. */
  readonly limits?: Partial<WatchCacheLimits> | undefined;
}

export async function startTestServer({
  apiServer: options,
  now = Date.now,
  limits,
}: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'geobuk-apiserver-'));
  const stop = new AbortController();
  const { signal } = stop;
  const config = {
    bind: '127.0.0.1',
    port: 0,
    advertiseAddress: '127.0.0.1',
    serviceCIDR: '10.43.0.0/16',
    serviceAddress: '10.43.0.1',
    clusterDomain: 'cluster.local',
    apiServer: options,
  };
  const pki = await openClusterPki({ ...config, directory, now });
  const store = createMemoryStore();
  const log = pino({ level: 'fatal' });
  const caches = createWatchCaches({ store, clock: systemClock, log, limits });
  const storeCheck = (checkSignal: AbortSignal) => store.ready({ signal: checkSignal });
  const apiServer = new ApiServer({
    config,
    caches,
    pki,
    clock: systemClock,
    log,
    storeCheck,
    now,
    random: Math.random,
  });
  const ended = (promise: Promise<void>) =>
    promise.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  const running: Promise<void>[] = [ended(caches.run(signal))];
  await new Promise<void>((resolve, reject) => {
    const serving = ended(apiServer.run(signal, resolve));
    serving.catch(reject);
    running.push(serving);
  });

  // A handshake a call would be most of the time that tests take.
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const open = async (path: string, { method, body, headers, certificate }: TestRequest = {}) => {
    const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const request = httpsRequest({
      host: '127.0.0.1',
      port: apiServer.port,
      path,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      ca: pki.ca.certPem,
      agent: certificate === undefined ? agent : false,
      ...(certificate === null
        ? {}
        : { cert: (certificate ?? pki.admin).certPem, key: (certificate ?? pki.admin).keyPem }),
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    });
    request.end(text);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  };

  return {
    url: `https://127.0.0.1:${apiServer.port}`,
    apiServer,
    pki,
    signal,
    open,
    compact: (revision) => store.compact(revision, { signal }),
    call: async (path, request) => {
      const response = await open(path, request);
      const pieces: Buffer[] = [];
      for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
      const text = Buffer.concat(pieces).toString();
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        get json() {
          return JSON.parse(text) as Answer;
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      agent.destroy();
      stop.abort(new Error('the test is over'));
      await Promise.all(running);
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}
