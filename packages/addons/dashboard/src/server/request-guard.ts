import type { IncomingHttpHeaders } from 'node:http';

/** A request of the page itself carries it; forms and links of other sites cannot. */
export const ownHeader = 'x-geobuk-dashboard';
/** Says that the page asked by itself: no sign of life of the person. */
export const backgroundHeader = 'x-geobuk-background';

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);

export interface GuardedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly isUpgrade: boolean;
}

/**
 * Why a request must not be served, or undefined. Names are checked against DNS rebinding, origins against other sites that
 * ride on the cookie (a websocket asks nobody's leave).
 */
export function refusalOf(
  { method, headers, isUpgrade }: GuardedRequest,
  hosts: readonly string[],
): string | undefined {
  const { host, origin } = headers;
  if (host === undefined) return 'the request names no host';
  const name = hostnameOf(host);
  if (name === undefined || (!isLoopback(name) && !hosts.includes(name)))
    return `this dashboard is not known as ${host}; add the name to the config field hosts`;
  const site = headers['sec-fetch-site'];
  if (
    site !== undefined &&
    site !== 'same-origin' &&
    site !== 'none' &&
    (isUpgrade || headers['sec-fetch-mode'] !== 'navigate')
  )
    return `requests of other sites (${String(site)}) are not served`;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`)
    return `the origin ${origin} is not this dashboard`;
  if (isUpgrade) return origin === undefined ? 'websockets are for browsers: the origin is missing' : undefined;
  if (method !== 'GET' && method !== 'HEAD' && headers[ownHeader] === undefined)
    return `the header ${ownHeader} is missing`;
  return undefined;
}

function hostnameOf(host: string): string | undefined {
  const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::\d+)?$/.exec(host);
  return match?.[1]?.toLowerCase();
}
