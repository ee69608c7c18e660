import { mkdtemp } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSelfSigned } from '@geobuk/addon-sdk/certificates';
import { findHostProgram } from '@geobuk/addon-sdk';
import { pino } from 'pino';
import { compileRouting } from '../agent/compile-routing.js';
import type { CompileInput, Compiled } from '../agent/compile-routing.js';
import { HaproxyEngine } from '../haproxy/haproxy-engine.js';
import type { Applied } from '../haproxy/haproxy-engine.js';
import { endpointsOf } from '../routing/cluster-view.js';
import type { ClusterView } from '../routing/cluster-view.js';
import { ourClass } from './fixtures.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a backend saw of a request. */
export interface Echo {
  readonly backend: string;
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Backend extends AsyncDisposable {
  readonly port: number;
  readonly server: Server;
}

/** A server that answers with what it was asked. */
export async function echoBackend(name: string, host = '127.0.0.1', port = 0): Promise<Backend> {
  const server = createServer((asked, response) => {
    asked.resume();
    asked.once('end', () => {
      const echo: Echo = { backend: name, method: asked.method ?? '', url: asked.url ?? '', headers: asked.headers };
      response.writeHead(200, { 'content-type': 'application/json', 'x-from': name }).end(JSON.stringify(echo));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export type Objects = Partial<Pick<CompileInput['objects'], 'ingresses' | 'gateway'>> & { readonly view: ClusterView };

/** A real proxy on ports of its own, fed with objects as the agent would. */
export class ProxyUnderTest implements AsyncDisposable {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly directory: string;
  readonly engine: HaproxyEngine;
  readonly log: string[] = [];
  readonly #selfSigned: string;
  #view: ClusterView | undefined;

  private constructor(parts: {
    readonly httpPort: number;
    readonly httpsPort: number;
    readonly directory: string;
    readonly program: string;
    readonly selfSigned: string;
  }) {
    this.httpPort = parts.httpPort;
    this.httpsPort = parts.httpsPort;
    this.directory = parts.directory;
    this.#selfSigned = parts.selfSigned;
    this.engine = new HaproxyEngine({
      program: parts.program,
      settings: {
        directory: parts.directory,
        accessLog: true,
        ipv6: false,
        trustForwardedHeaders: false,
        maxConnections: 1_000,
        timeoutSeconds: 30,
        drainSeconds: 30,
      },
      endpointsOf: (service) => (this.#view === undefined ? [] : endpointsOf(this.#view, service)),
      log: pino({ level: 'silent' }),
      onLine: (line) => void this.log.push(line),
    });
  }

  static async open(): Promise<ProxyUnderTest> {
    const program = await findHostProgram('haproxy');
    if (program === undefined) throw new Error('haproxy is not installed: apt-get install haproxy');
    const { key, certificate } = await makeSelfSigned({ commonName: 'geobuk-ingress', hosts: [] }, 1);
    return new ProxyUnderTest({
      httpPort: await freePort(),
      httpsPort: await freePort(),
      directory: await mkdtemp(join(tmpdir(), 'gb-ingress-')),
      program,
      selfSigned: `${certificate.trim()}\n${key}`,
    });
  }

  async apply(objects: Objects): Promise<Compiled & { readonly applied: Applied }> {
    this.#view = objects.view;
    const compiled = compileRouting({
      config: { httpPort: this.httpPort, httpsPort: this.httpsPort, defaultCertificate: '' },
      objects: {
        view: objects.view,
        ingresses: objects.ingresses ?? [],
        ingressClasses: [ourClass],
        gateway: objects.gateway ?? { classes: [], gateways: [], routes: [], grants: [] },
      },
      selfSigned: this.#selfSigned,
      portProblem: () => undefined,
    });
    return { ...compiled, applied: await this.engine.apply(compiled.routing) };
  }

  /** Tells the engine of new endpoints alone. */
  async moveEndpoints(view: ClusterView): Promise<Applied> {
    this.#view = view;
    return this.engine.refreshEndpoints(() => true);
  }

  get(host: string, path: string, options: GetOptions = {}): Promise<Answer> {
    return get(options.port ?? this.httpPort, host, path, options);
  }

  /** What the backend saw, of a request that must succeed. */
  async echo(host: string, path: string, options: GetOptions = {}): Promise<Echo> {
    const { status, body } = await this.get(host, path, options);
    if (status !== 200) throw new Error(`${host}${path}: ${status} ${body}`);
    return JSON.parse(body) as Echo;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.stop();
  }
}

export interface GetOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly port?: number;
}

export function get(port: number, host: string, path: string, options: GetOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false },
      (response) => void read(response).then(resolve, reject),
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString('utf8') };
}
