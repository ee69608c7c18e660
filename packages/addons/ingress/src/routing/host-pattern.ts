/**
 * Which hosts something is for. `oneLabel` is an Ingress' wildcard (`*.a.b` is x.a.b only), `suffix` a Gateway's (x.a.b and
 * y.x.a.b); the suffix begins with its dot.
 */
export type HostPattern =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly name: string }
  | { readonly kind: 'oneLabel' | 'suffix'; readonly suffix: string };

const hostname = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/** @returns undefined for what is no host name: nothing else may reach the proxy's configuration. */
export function parseHostPattern(text: string | undefined, wildcard: 'oneLabel' | 'suffix'): HostPattern | undefined {
  if (text === undefined || text === '') return { kind: 'any' };
  const name = text.toLowerCase();
  if (!name.startsWith('*.')) return hostname.test(name) ? { kind: 'exact', name } : undefined;
  return hostname.test(name.slice(2)) ? { kind: wildcard, suffix: name.slice(1) } : undefined;
}

/** The same for two patterns that are the same. */
export const hostText = (pattern: HostPattern): string => {
  switch (pattern.kind) {
    case 'any':
      return '';
    case 'exact':
      return pattern.name;
    case 'oneLabel':
      return `*${pattern.suffix}`;
    case 'suffix':
      return `**${pattern.suffix}`;
    default:
      return pattern satisfies never;
  }
};

/**
 * What a listener's and a route's host have in common.
 * Follows: Gateway API: `*.example.com` and `test.example.com` meet in the latter; `*.com` covers both.
 */
export function intersectHosts(listener: HostPattern, route: HostPattern): HostPattern | undefined {
  if (listener.kind === 'any') return route;
  if (route.kind === 'any') return listener;
  if (listener.kind === 'exact') return covers(route, listener.name) ? listener : undefined;
  if (route.kind === 'exact') return covers(listener, route.name) ? route : undefined;
  if (route.suffix.endsWith(listener.suffix)) return route;
  return listener.suffix.endsWith(route.suffix) ? listener : undefined;
}

/** Whether a host, in lower case and without port, is meant. */
export function covers(pattern: HostPattern, host: string): boolean {
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'exact':
      return host === pattern.name;
    case 'oneLabel':
      return host.slice(host.indexOf('.')) === pattern.suffix && host.indexOf('.') > 0;
    case 'suffix':
      return host.endsWith(pattern.suffix) && host.length > pattern.suffix.length;
    default:
      return pattern satisfies never;
  }
}
