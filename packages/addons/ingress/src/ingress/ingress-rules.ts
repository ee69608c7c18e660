import type { Ingress, IngressBackend } from '@geobuk/api';
import { tlsSecret } from '../certificates/tls-secret.js';
import type { ClusterView } from '../routing/cluster-view.js';
import { resolveService } from '../routing/cluster-view.js';
import type { HostPattern } from '../routing/host-pattern.js';
import { hostText, parseHostPattern } from '../routing/host-pattern.js';
import type { Action, PathMatch } from '../routing/routing.js';
import { forwardTo, pathOnly } from '../routing/routing.js';
import type { RuleCollector } from '../routing/rule-collector.js';
import { safePath } from '../routing/safe-text.js';

export interface IngressPorts {
  readonly http: number;
  readonly https: number;
}

/** Everything, where no other rule matches. */
const root: PathMatch = { type: 'Prefix', value: '/' };
const any: HostPattern = { kind: 'any' };

/**
 * Adds the rules and certificates of one Ingress.
 * @returns what is wrong with it, each a sentence; the rest of it works.
 */
export function addIngress(
  ingress: Ingress,
  view: ClusterView,
  ports: IngressPorts,
  into: RuleCollector,
): readonly string[] {
  const { namespace = '', name = '', creationTimestamp = '' } = ingress.metadata;
  const problems = new Set<string>();
  const owner = `${namespace}/${name}`;
  let index = 0;
  const add = (pattern: HostPattern, path: PathMatch, action: Action, isDefault: boolean): void => {
    const rule = { match: pathOnly(path), action };
    const ranked = { rule, isDefault, createdAt: creationTimestamp, owner, index: index++ };
    for (const port of [ports.http, ports.https]) into.add(port, pattern, ranked);
  };
  const actionOf = (backend: IngressBackend): Action => {
    const { service, resource } = backend;
    if (service === undefined) {
      const kind = resource === undefined ? 'nothing' : `the ${resource.kind} ${resource.name}`;
      problems.add(`a backend that is ${kind} is not supported: name a Service`);
      return forwardTo(503);
    }
    const resolved = resolveService(view, namespace, service.name, service.port ?? {});
    if (resolved.ok) return forwardTo(resolved.ref);
    problems.add(resolved.problem);
    return forwardTo(503);
  };

  const hosts = new Map<string, HostPattern>();
  for (const { host, http } of ingress.spec?.rules ?? []) {
    const pattern = parseHostPattern(host, 'oneLabel');
    if (pattern === undefined) {
      problems.add(`the host "${host ?? ''}" is no host name`);
      continue;
    }
    hosts.set(hostText(pattern), pattern);
    for (const { path, pathType, backend } of http?.paths ?? []) {
      const value = safePath(path === undefined || path === '' ? '/' : path);
      if (value === undefined) {
        problems.add(`the path ${JSON.stringify(path)} is none that a request can have`);
        continue;
      }
      // ImplementationSpecific is the same as Prefix here.
      add(pattern, { type: pathType === 'Exact' ? 'Exact' : 'Prefix', value }, actionOf(backend), false);
    }
    // Follows: IngressRule: a host without paths goes to the default backend, and so does what no path matches.
  }
  const { defaultBackend } = ingress.spec ?? {};
  if (defaultBackend !== undefined) {
    const action = actionOf(defaultBackend);
    hosts.set('', any);
    for (const pattern of hosts.values()) add(pattern, root, action, true);
  }
  for (const problem of addCertificates(ingress, view, ports.https, into)) problems.add(problem);
  return [...problems];
}

function addCertificates(ingress: Ingress, view: ClusterView, port: number, into: RuleCollector): readonly string[] {
  const { namespace = '' } = ingress.metadata;
  const problems: string[] = [];
  for (const { hosts = [], secretName = '' } of ingress.spec?.tls ?? []) {
    if (secretName === '') continue; // the default certificate is meant
    const secret = tlsSecret(`${namespace}/${secretName}`, view.secrets.get({ namespace, name: secretName }));
    const patterns = hosts.map((host) => parseHostPattern(host, 'oneLabel'));
    if (!secret.ok) problems.push(`${secret.problem}; the default certificate is shown instead`);
    else if (patterns.includes(undefined)) problems.push(`tls.hosts of Secret ${secretName} has what is no host name`);
    else
      into.serve(port, {
        id: `${namespace}_${secretName}`,
        pem: secret.pem,
        hosts: hosts.map((one) => one.toLowerCase()),
      });
  }
  return problems;
}
