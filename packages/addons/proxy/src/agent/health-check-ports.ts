import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Logger } from 'pino';

/** What a load balancer outside of the cluster may ask about one Service on this node. */
export interface HealthCheck {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** Ready endpoints on this node. */
  readonly localEndpoints: number;
}

/**
 * Answers on the health check node ports of Services with the external policy Local: 200 where this node has ready
 * endpoints, 503 where a load balancer should send nothing. Follows: kube-proxy's service health server.
 */
export class HealthCheckPorts {
  readonly #host: string;
  readonly #log: Logger;
  readonly #open = new Map<number, { readonly server: Server; check: HealthCheck }>();

  constructor(deps: { readonly host: string; readonly log: Logger }) {
    this.#host = deps.host;
    this.#log = deps.log;
  }

  /** Opens, changes and closes ports until they are these. A port that is taken is tried again at the next call. */
  async set(wanted: readonly HealthCheck[]): Promise<void> {
    const byPort = new Map(wanted.map((check) => [check.port, check]));
    await Promise.all([...this.#open.keys()].filter((port) => !byPort.has(port)).map((port) => this.#close(port)));
    for (const check of byPort.values()) {
      const known = this.#open.get(check.port);
      if (known !== undefined) known.check = check;
      else
        await this.#listen(check).catch((error: unknown) => this.#log.warn({ ...check, err: error }, 'no health port'));
    }
  }

  async #listen(check: HealthCheck): Promise<void> {
    const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (_request, response) => {
      const { namespace, name, localEndpoints } = this.#open.get(check.port)?.check ?? check;
      response.writeHead(localEndpoints > 0 ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(localEndpoints),
      });
      response.end(JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true }));
    });
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen({ host: this.#host, port: check.port }, resolve),
    );
    server.on('error', (error) => this.#log.warn({ ...check, err: error }, 'health port'));
    this.#open.set(check.port, { server, check });
  }

  async #close(port: number): Promise<void> {
    const server = this.#open.get(port)?.server;
    this.#open.delete(port);
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
