import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** What a request to `/k8s/…` becomes. */
export type ProxyRule =
  | { readonly kind: 'refuse'; readonly reason: string }
  /** `isStream`: it may last for as long as the log-in does. */
  | { readonly kind: 'forward'; readonly path: string; readonly isStream: boolean };

const prefix = '/k8s/';
const roots = /^\/(api|apis|openapi|version|readyz|livez|healthz)(\/|$)/;
/** Contents of workloads: shown below the dashboard's own origin they could act as whoever is logged in. */
const contents = /\/(proxy)(\/|$)/;
const channels = /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/(exec|attach|portforward)$/;

/** @param url of the request line, with its query. */
export function ruleOf(url: string, isUpgrade: boolean): ProxyRule {
  if (!url.startsWith(prefix)) return { kind: 'refuse', reason: 'not a path of the Kubernetes API' };
  const target = url.slice(prefix.length - 1);
  const [path = '', query = ''] = target.split(/\?(.*)/s);
  if (/%2f|%2e|%5c|\\|\/\/|\/\.\.?(\/|$)/i.test(path))
    return { kind: 'refuse', reason: 'the path is not in its plain form' };
  if (!roots.test(path)) return { kind: 'refuse', reason: 'not a path of the Kubernetes API' };
  if (contents.test(path)) return { kind: 'refuse', reason: 'proxied contents are not shown below the dashboard' };
  if (isUpgrade !== channels.test(path))
    return { kind: 'refuse', reason: isUpgrade ? 'no websocket is there' : 'only a websocket is there' };
  const search = new URLSearchParams(query);
  const isTrue = (name: string): boolean => ['true', '1'].includes(search.get(name) ?? '');
  return { kind: 'forward', path: target, isStream: isUpgrade || isTrue('watch') || isTrue('follow') };
}

/** Only what the API server needs: no cookie, no identity but the session's, nobody impersonated. */
const passedOn = ['accept', 'accept-encoding', 'content-type', 'content-length', 'user-agent'] as const;
const passedOnUpgrade = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol', 'user-agent'] as const;

export function requestHeaders(given: IncomingHttpHeaders, token: string, isUpgrade: boolean): OutgoingHttpHeaders {
  const names = isUpgrade ? passedOnUpgrade : passedOn;
  const passed = names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]));
  return {
    ...Object.fromEntries(passed),
    ...(isUpgrade ? { connection: 'Upgrade', upgrade: 'websocket' } : {}),
    authorization: `Bearer ${token}`,
  };
}

const answered = ['content-type', 'content-length', 'content-encoding', 'retry-after', 'warning', 'etag'] as const;

/** Whatever the answer holds, a browser that opens it directly gets it in a sandbox. */
export const responseHeaders = (given: IncomingHttpHeaders): OutgoingHttpHeaders => ({
  ...Object.fromEntries(answered.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const]))),
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
});
