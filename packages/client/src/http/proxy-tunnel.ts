import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Socket } from 'node:net';
import { ConnectionError } from '../connection-error.js';

/** A connection to `host:port` through an HTTP proxy. Follows: HTTP CONNECT, RFC 9110 9.3.6. */
export function tunnelThrough(proxyUrl: string, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const proxy = new URL(proxyUrl);
  if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
    throw new ConnectionError(`proxy ${proxy.protocol}//${proxy.host} is not supported, use http or https`);
  }
  const authorization =
    proxy.username === ''
      ? {}
      : {
          'proxy-authorization': `Basic ${Buffer.from(
            `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`,
          ).toString('base64')}`,
        };
  return new Promise((resolve, reject) => {
    const secure = proxy.protocol === 'https:';
    const call = (secure ? requestTls : request)({
      host: proxy.hostname,
      port: proxy.port === '' ? (secure ? 443 : 80) : Number(proxy.port),
      method: 'CONNECT',
      path: `${host}:${port}`,
      headers: { host: `${host}:${port}`, ...authorization },
      signal,
    });
    call.once('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) resolve(socket);
      else {
        socket.destroy();
        reject(new ConnectionError(`proxy ${proxy.host} refused the tunnel: ${response.statusCode}`));
      }
    });
    call.once('error', reject);
    call.end();
  });
}
