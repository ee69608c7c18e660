import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Container, HTTPGetAction } from '@geobuk/api';

export interface CheckResult {
  readonly ok: boolean;
  readonly message: string;
  /** It could not be asked at all. */
  readonly unknown?: boolean | undefined;
}

/** The number of a port that a container names. @throws {Error} a name the container does not have. */
export function portOf(port: number | string, container: Container): number {
  if (typeof port === 'number') return port;
  if (/^\d+$/.test(port)) return Number(port);
  const named = container.ports?.find(({ name }) => name === port);
  if (named === undefined)
    throw new Error(`couldn't find port: ${JSON.stringify(port)} in container ${container.name}`);
  return named.containerPort;
}

const bodyBytes = 10 << 10;

/**
 * One GET; 200 to 399 is good. A redirect to another host counts as good and is not followed.
 * Follows: probe/http, certificates of pods are not verified.
 */
export function httpCheck(
  target: Omit<HTTPGetAction, 'port' | 'host'> & { readonly host: string; readonly port: number },
  timeoutMs: number,
  signal: AbortSignal,
  redirects = 0,
): Promise<CheckResult> {
  const { host, port, path = '/', scheme = 'HTTP', httpHeaders = [] } = target;
  const headers: Record<string, string | string[]> = {
    'user-agent': 'kube-probe/1.34',
    accept: '*/*',
    connection: 'close',
  };
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase();
    const before = headers[key];
    if (key === 'user-agent' || key === 'accept' || key === 'host' || before === undefined) headers[key] = value;
    else headers[key] = [...(Array.isArray(before) ? before : [before]), value];
  }
  const authority = host.includes(':') ? `[${host}]` : host;
  const url = `${scheme.toLowerCase()}://${authority}:${port}${path.startsWith('/') ? path : `/${path}`}`;
  const send = scheme === 'HTTPS' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const failed = (why: string): void => resolve({ ok: false, message: `Get "${url}": ${why}` });
    const options = { headers, signal, timeout: timeoutMs, agent: false, rejectUnauthorized: false } as const;
    const sent = send(url, options, (response) => {
      const { statusCode = 0 } = response;
      const { location } = response.headers;
      const chunks: Buffer[] = [];
      let length = 0;
      const finish = (): void => {
        if (statusCode >= 300 && statusCode < 400 && location !== undefined && redirects < 10) {
          const next = new URL(location, url);
          if (next.hostname === new URL(url).hostname) {
            const nextPort = Number(next.port === '' ? (next.protocol === 'https:' ? 443 : 80) : next.port);
            const nextScheme = next.protocol === 'https:' ? 'HTTPS' : 'HTTP';
            const followed = { ...target, port: nextPort, scheme: nextScheme, path: next.pathname + next.search };
            resolve(httpCheck(followed, timeoutMs, signal, redirects + 1));
            return;
          }
        }
        const ok = statusCode >= 200 && statusCode < 400;
        resolve({
          ok,
          message: ok ? Buffer.concat(chunks).toString() : `HTTP probe failed with statuscode: ${statusCode}`,
        });
      };
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > bodyBytes) {
          finish();
          response.destroy();
        }
      });
      response.on('end', finish);
      response.on('error', (error) => failed(error.message));
    });
    sent.on('timeout', () =>
      sent.destroy(new Error('context deadline exceeded (Client.Timeout exceeded while awaiting headers)')),
    );
    sent.on('error', (error) => failed(error.name === 'AbortError' ? 'context deadline exceeded' : error.message));
    sent.end();
  });
}
