import type { Namespace } from '@geobuk/api';
import { labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { Lister } from '@geobuk/client';
import type { HostPattern } from '../routing/host-pattern.js';
import { intersectHosts, parseHostPattern } from '../routing/host-pattern.js';
import type { HttpRoute, ParentRef } from './gateway-api.js';
import { gatewayGroup } from './gateway-api.js';
import type { OpenListener } from './open-listener.js';

/** Where a route is served, under which hosts; or why nowhere. */
export type Attachment =
  | {
      readonly accepted: true;
      readonly at: readonly { readonly open: OpenListener; readonly patterns: readonly HostPattern[] }[];
    }
  | { readonly accepted: false; readonly reason: string; readonly message: string };

/** The Gateway that a parentRef means; undefined for other kinds. */
export function gatewayOf(
  route: HttpRoute,
  parent: ParentRef,
): { readonly namespace: string; readonly name: string } | undefined {
  const { group = gatewayGroup, kind = 'Gateway', namespace = route.metadata.namespace ?? '', name } = parent;
  return group === gatewayGroup && kind === 'Gateway' ? { namespace, name } : undefined;
}

/** Follows: HTTPRoute: parentRefs, allowedRoutes, and the hosts that listener and route have in common. */
export function attach(
  route: HttpRoute,
  parent: ParentRef,
  listeners: readonly OpenListener[],
  namespaces: Lister<Namespace>,
): Attachment {
  const refuse = (reason: string, message: string): Attachment => ({ accepted: false, reason, message });
  const named = listeners.filter(
    ({ listener }) =>
      (parent.sectionName === undefined || listener.name === parent.sectionName) &&
      (parent.port === undefined || listener.port === parent.port),
  );
  if (named.length === 0) return refuse('NoMatchingParent', 'the Gateway has no such listener');
  const allowed = named.filter((open) => open.takesRoutes && allows(open, route, namespaces));
  if (allowed.length === 0)
    return refuse('NotAllowedByListeners', 'allowedRoutes of the listener does not let this route in');
  const hosts = (route.spec.hostnames ?? []).map((host) => parseHostPattern(host, 'suffix'));
  const valid = hosts.filter((host) => host !== undefined);
  if (hosts.length > 0 && valid.length === 0) return refuse('UnsupportedValue', 'no entry of hostnames is a host name');
  const at = allowed
    .map((open) => ({
      open,
      patterns: (valid.length === 0 ? [{ kind: 'any' } as const] : valid)
        .map((host) => intersectHosts(open.pattern, host))
        .filter((host) => host !== undefined),
    }))
    .filter(({ patterns }) => patterns.length > 0);
  if (at.length === 0)
    return refuse('NoMatchingListenerHostname', 'no listener has a hostname in common with this route');
  return { accepted: true, at };
}

function allows({ gateway, listener }: OpenListener, route: HttpRoute, namespaces: Lister<Namespace>): boolean {
  const { from = 'Same', selector } = listener.allowedRoutes?.namespaces ?? {};
  const namespace = route.metadata.namespace ?? '';
  switch (from) {
    case 'All':
      return true;
    case 'Same':
      return namespace === gateway.metadata.namespace;
    case 'Selector': {
      const labels = namespaces.get({ name: namespace })?.metadata.labels ?? {};
      return selector !== undefined && matchesLabels(labelSelectorOf(selector), labels);
    }
    default:
      return false;
  }
}
