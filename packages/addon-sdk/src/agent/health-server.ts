import { createServer } from 'node:http';

export interface HealthServerOptions {
  readonly host: string;
  readonly port: number;
  /** Answers 200 with the text, or 503 with why not. */
  readonly checks: Readonly<Record<string, () => string | undefined>>;
  /** Prometheus text, at /metrics. */
  readonly metrics?: (() => Promise<string>) | undefined;
}

/**
 * Serves one path for each check until the signal fires; a check gives what is wrong, or undefined.
 * @throws {Error} the port is taken.
 */
export async function runHealthServer(options: HealthServerOptions, signal: AbortSignal): Promise<void> {
  const { checks, metrics } = options;
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (path === '/metrics' && metrics !== undefined) {
      metrics().then(
        (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text),
        (error: Error) => response.writeHead(500).end(error.message),
      );
      return;
    }
    const check = checks[path];
    if (check === undefined) {
      response.writeHead(404).end('not found');
      return;
    }
    const wrong = check();
    response.writeHead(wrong === undefined ? 200 : 503, { 'content-type': 'text/plain' }).end(wrong ?? 'ok');
  });
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    server.on('error', reject);
    server.listen(options.port, options.host, () => {
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
  });
}
