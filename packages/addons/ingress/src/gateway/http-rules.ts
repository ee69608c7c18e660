import type { ClusterView } from '../routing/cluster-view.js';
import { resolveService } from '../routing/cluster-view.js';
import { parseHostPattern } from '../routing/host-pattern.js';
import type { Action, HeaderChanges, Match, PathMatch, Rewrite, Rule, Share, ValueMatch } from '../routing/routing.js';
import { safeHeaderName, safePath, safePattern, safeValue } from '../routing/safe-text.js';
import type {
  HeaderModifier,
  HttpBackendRef,
  HttpRoute,
  HttpRouteFilter,
  HttpRouteMatch,
  HttpRouteRule,
  PathModifier,
  ReferenceGrant,
} from './gateway-api.js';
import { isGranted } from './reference-grants.js';

/** What a route comes to on one listener. */
export interface HttpRules {
  readonly rules: readonly Rule[];
  /** A value that this addon does not take; requests of its rule are answered with 500. */
  readonly unsupported: string | undefined;
  readonly unresolved: { readonly reason: string; readonly message: string } | undefined;
}

export interface RulesSurroundings {
  readonly view: ClusterView;
  readonly grants: readonly ReferenceGrant[];
  readonly port: number;
  readonly tls: boolean;
}

class Unsupported extends Error {}

const anyPath: HttpRouteMatch = { path: { type: 'PathPrefix', value: '/' } };
const invalid: Action = { outcome: { kind: 'respond', status: 500 } };

/** Follows: HTTPRouteRule. What is wrong with one rule does not touch the others. */
export function httpRules(route: HttpRoute, around: RulesSurroundings): HttpRules {
  const rules: Rule[] = [];
  const unsupported: string[] = [];
  const unresolved: { readonly reason: string; readonly message: string }[] = [];
  for (const [index, rule] of (route.spec.rules ?? []).entries()) {
    for (const wanted of rule.matches ?? [anyPath]) {
      try {
        const match = matchOf(wanted);
        rules.push({ match, action: actionOf(route, rule, match, around, unresolved, unsupported) });
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        unsupported.push(`rules[${index}]: ${error.message}`);
      }
    }
  }
  return { rules, unsupported: unsupported[0], unresolved: unresolved[0] };
}

function need<T>(value: T | undefined, problem: string): T {
  if (value === undefined) throw new Unsupported(problem);
  return value;
}

function matchOf({ path, headers = [], queryParams = [], method }: HttpRouteMatch): Match {
  if (method !== undefined && !/^[A-Z]{1,16}$/.test(method)) throw new Unsupported(`the method ${method} is none`);
  return {
    path: pathOf(path ?? {}),
    method,
    // Follows: of two entries that name the same header in any case, the first counts.
    headers: valuesOf(headers).filter(
      ({ name }, index, all) => all.findIndex((one) => one.name.toLowerCase() === name.toLowerCase()) === index,
    ),
    query: valuesOf(queryParams).filter(({ name }, index, all) => all.findIndex((one) => one.name === name) === index),
  };
}

function pathOf({ type = 'PathPrefix', value = '/' }: NonNullable<HttpRouteMatch['path']>): PathMatch {
  if (type === 'RegularExpression') {
    const pattern = need(safePattern(value), `the path pattern ${JSON.stringify(value)} is not supported`);
    return { type, value: pattern };
  }
  const path = need(safePath(value), `the path ${JSON.stringify(value)} is none that a request can have`);
  return { type: type === 'Exact' ? 'Exact' : 'Prefix', value: path };
}

const valuesOf = (values: NonNullable<HttpRouteMatch['headers']>): readonly ValueMatch[] =>
  values.map(({ type = 'Exact', name, value }) => ({
    type: type === 'RegularExpression' ? type : 'Exact',
    name: need(safeHeaderName(name), `the name ${JSON.stringify(name)} is not supported`),
    value: need(
      type === 'RegularExpression' ? safePattern(value) : safeValue(value),
      `the value ${JSON.stringify(value)} is not supported`,
    ),
  }));

function actionOf(
  route: HttpRoute,
  rule: HttpRouteRule,
  match: Match,
  around: RulesSurroundings,
  unresolved: { readonly reason: string; readonly message: string }[],
  unsupported: string[],
): Action {
  const shares = (rule.backendRefs ?? []).map((ref) => shareOf(route, ref, around, unresolved, unsupported));
  try {
    const filters = rule.filters ?? [];
    const parts = filters.map((filter) => filterOf(filter, match, around));
    const action = Object.assign({ outcome: { kind: 'forward', shares } }, ...parts) as Action;
    const redirects = filters.some(({ type }) => type === 'RequestRedirect');
    if (redirects && shares.length > 0) throw new Unsupported('RequestRedirect goes without backendRefs');
    if (redirects && filters.some(({ type }) => type === 'URLRewrite'))
      throw new Unsupported('RequestRedirect goes without URLRewrite');
    return action;
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    unsupported.push(error.message);
    return invalid; // Follows: a filter that cannot be done is never skipped: the request is refused.
  }
}

function shareOf(
  route: HttpRoute,
  backend: HttpBackendRef,
  { view, grants }: RulesSurroundings,
  unresolved: { readonly reason: string; readonly message: string }[],
  unsupported: string[],
): Share {
  const own = route.metadata.namespace ?? '';
  const { group = '', kind = 'Service', namespace = own, name, port, weight = 1, filters = [] } = backend;
  const refuse = (reason: string, message: string): Share => {
    unresolved.push({ reason, message });
    return { weight, to: 500 };
  };
  if (filters.length > 0) {
    unsupported.push('filters of a backendRef are not supported: use those of the rule');
    return { weight, to: 500 };
  }
  if (group !== '' || kind !== 'Service') return refuse('InvalidKind', `a backend is a Service, not a ${kind}`);
  const reference = { fromKind: 'HTTPRoute', fromNamespace: own, toKind: 'Service' } as const;
  if (!isGranted({ ...reference, toNamespace: namespace, toName: name }, grants))
    return refuse('RefNotPermitted', `no ReferenceGrant in ${namespace} for Service ${name}`);
  const resolved = resolveService(view, namespace, name, { number: port });
  if (resolved.ok) return { weight, to: resolved.ref };
  return refuse(resolved.reason === 'NotFound' ? 'BackendNotFound' : 'UnsupportedProtocol', resolved.problem);
}

function filterOf(filter: HttpRouteFilter, match: Match, around: RulesSurroundings): Partial<Action> {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return { requestHeaders: headersOf(filter.requestHeaderModifier) };
    case 'ResponseHeaderModifier':
      return { responseHeaders: headersOf(filter.responseHeaderModifier) };
    case 'URLRewrite': {
      const { hostname, path } = filter.urlRewrite ?? {};
      return { rewrite: { hostname: hostnameOf(hostname), path: rewriteOf(path, match) } };
    }
    case 'RequestRedirect': {
      const { scheme, hostname, port, statusCode = 302, path } = filter.requestRedirect ?? {};
      if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
        throw new Unsupported(`the scheme ${scheme} is not supported`);
      if (![301, 302, 303, 307, 308].includes(statusCode)) throw new Unsupported(`the code ${statusCode} is none`);
      // Follows: HTTPRequestRedirectFilter.port: as said, else what the scheme usually has, else that of the listener.
      const usual = scheme === undefined ? around.port : scheme === 'https' ? 443 : 80;
      return {
        rewrite: { path: rewriteOf(path, match) },
        outcome: {
          kind: 'redirect',
          status: statusCode,
          scheme: scheme ?? (around.tls ? 'https' : 'http'),
          hostname: hostnameOf(hostname),
          port: port ?? usual,
        },
      };
    }
    default:
      throw new Unsupported(`the filter ${filter.type} is not supported`);
  }
}

function hostnameOf(hostname: string | undefined): string | undefined {
  if (hostname === undefined) return undefined;
  const pattern = parseHostPattern(hostname, 'suffix');
  if (pattern?.kind !== 'exact') throw new Unsupported(`"${hostname}" is no host name`);
  return pattern.name;
}

function rewriteOf(path: PathModifier | undefined, match: Match): Rewrite['path'] {
  if (path === undefined) return undefined;
  if (path.type === 'ReplaceFullPath') {
    const value = path.replaceFullPath ?? '/';
    const full = value.startsWith('/') ? value : `/${value}`;
    return { type: 'ReplaceFullPath', value: need(safePath(full), 'replaceFullPath is no path') };
  }
  if (path.type !== 'ReplacePrefixMatch') throw new Unsupported(`the path modifier ${path.type} is not supported`);
  if (match.path.type !== 'Prefix') throw new Unsupported('ReplacePrefixMatch needs a match of type PathPrefix');
  const value = path.replacePrefixMatch ?? '/';
  const full = value.startsWith('/') ? value : `/${value}`;
  const replacement = need(safePath(full), 'replacePrefixMatch is no path');
  return { type: 'ReplacePrefixMatch', prefix: match.path.value, value: replacement };
}

function headersOf(modifier: HeaderModifier | undefined): HeaderChanges {
  const { set = [], add = [], remove = [] } = modifier ?? {};
  const name = (text: string): string =>
    need(safeHeaderName(text), `the header name ${JSON.stringify(text)} is not supported`);
  const header = (one: { readonly name: string; readonly value: string }) => ({
    name: name(one.name),
    value: need(safeValue(one.value), `the value of the header ${one.name} is not supported`),
  });
  return { set: set.map(header), add: add.map(header), remove: remove.map(name) };
}
