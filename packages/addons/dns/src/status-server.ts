import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { Registry } from 'prom-client';

export interface StatusServerDeps {
  readonly registry: Registry;
  /** Why it is not ready, or undefined when it is. */
  readonly notReady: () => string | undefined;
}

/** `/health`, `/ready` and `/metrics` over plain HTTP. */
export function createStatusServer({ registry, notReady }: StatusServerDeps): Server {
  return createServer((request, response) => {
    const send = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
      response.end(body);
    };
    switch (request.url) {
      case '/health':
        send(200, 'text/plain', 'OK');
        return;
      case '/ready': {
        const why = notReady();
        send(why === undefined ? 200 : 503, 'text/plain', why ?? 'OK');
        return;
      }
      case '/metrics':
        registry.metrics().then(
          (text) => send(200, registry.contentType, text),
          (error: unknown) => send(500, 'text/plain', error instanceof Error ? error.message : 'failed'),
        );
        return;
      default:
        send(404, 'text/plain', 'not found');
    }
  });
}
