import { tlsSecret } from '../certificates/tls-secret.js';
import type { ClusterView } from '../routing/cluster-view.js';
import type { HostPattern } from '../routing/host-pattern.js';
import { hostText, parseHostPattern } from '../routing/host-pattern.js';
import type { ServedCertificate } from '../routing/routing.js';
import type { ConditionWord } from './conditions.js';
import { condition } from './conditions.js';
import type { Gateway, Listener, ReferenceGrant } from './gateway-api.js';
import { gatewayGroup } from './gateway-api.js';
import { isGranted } from './reference-grants.js';

/** A listener as it was judged; requests reach it only when it is `programmed`. */
export interface OpenListener {
  readonly gateway: Gateway;
  readonly listener: Listener;
  readonly pattern: HostPattern;
  readonly tls: boolean;
  readonly certificates: readonly ServedCertificate[];
  readonly takesRoutes: boolean;
  readonly programmed: boolean;
  readonly conditions: readonly ConditionWord[];
}

export interface ListenerSurroundings {
  readonly view: ClusterView;
  readonly grants: readonly ReferenceGrant[];
  /** What serves a port already: by Ingress, or by a listener before. */
  readonly tlsOfPort: ReadonlyMap<number, boolean>;
  /** Why a port of the node cannot be had; undefined when it can. */
  readonly portProblem: (port: number) => string | undefined;
}

type Verdict = readonly [reason: string, message: string];

/** Judges the listeners of one Gateway. Follows: Gateway API: listener conditions and conflicts. */
export function openListeners(gateway: Gateway, around: ListenerSurroundings): readonly OpenListener[] {
  return gateway.spec.listeners.map((listener, index) => {
    const { generation } = gateway.metadata;
    const tls = listener.protocol === 'HTTPS';
    const pattern = parseHostPattern(listener.hostname, 'suffix');
    const refused = refusalOf(listener, pattern, around);
    const conflict = conflictOf(listener, index, gateway, around);
    const kinds = listener.allowedRoutes?.kinds ?? [];
    const takesRoutes = kinds.length === 0 || kinds.some(isHttpRoute);
    const { certificates, problem } = tls ? certificatesOf(gateway, listener, around) : noCertificates;
    const unresolved: Verdict | undefined =
      problem ?? (kinds.every(isHttpRoute) ? undefined : ['InvalidRouteKinds', 'only HTTPRoute is served']);
    const programmed = refused === undefined && conflict === undefined && problem === undefined;
    const say = (type: string, bad: Verdict | undefined, good: string): ConditionWord =>
      condition(type, bad === undefined, bad?.[0] ?? good, bad?.[1] ?? '', generation);
    return {
      gateway,
      listener,
      pattern: pattern ?? { kind: 'any' },
      tls,
      certificates,
      takesRoutes,
      programmed,
      conditions: [
        say('Accepted', refused, 'Accepted'),
        condition(
          'Conflicted',
          conflict !== undefined,
          conflict?.[0] ?? 'NoConflicts',
          conflict?.[1] ?? '',
          generation,
        ),
        say('ResolvedRefs', unresolved, 'ResolvedRefs'),
        say('Programmed', programmed ? undefined : ['Invalid', 'see the other conditions'], 'Programmed'),
      ],
    };
  });
}

const noCertificates = { certificates: [], problem: undefined } as const;

const isHttpRoute = ({ group, kind }: { readonly group?: string | undefined; readonly kind: string }): boolean =>
  (group ?? gatewayGroup) === gatewayGroup && kind === 'HTTPRoute';

function refusalOf(
  { protocol, port, tls }: Listener,
  pattern: HostPattern | undefined,
  { portProblem }: ListenerSurroundings,
): Verdict | undefined {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS')
    return ['UnsupportedProtocol', `the protocol ${protocol} is not served: HTTP and HTTPS are`];
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough')
    return ['UnsupportedProtocol', 'tls.mode Passthrough is not served: Terminate is'];
  if (pattern === undefined) return ['UnsupportedValue', 'hostname is no host name'];
  const problem = portProblem(port);
  return problem === undefined ? undefined : ['PortUnavailable', problem];
}

function conflictOf(
  listener: Listener,
  index: number,
  gateway: Gateway,
  { tlsOfPort }: ListenerSurroundings,
): Verdict | undefined {
  const { port, protocol, hostname } = listener;
  const others = gateway.spec.listeners.filter((other, at) => other.port === port && at !== index);
  const taken = tlsOfPort.get(port);
  if (others.some((other) => other.protocol !== protocol) || (taken !== undefined && taken !== (protocol === 'HTTPS')))
    return ['ProtocolConflict', `port ${port} has another protocol too`];
  const twice = others.some((other) => (other.hostname ?? '').toLowerCase() === (hostname ?? '').toLowerCase());
  return twice ? ['HostnameConflict', `port ${port} has two listeners for this hostname`] : undefined;
}

function certificatesOf(
  gateway: Gateway,
  { tls, hostname }: Listener,
  { view, grants }: ListenerSurroundings,
): { readonly certificates: readonly ServedCertificate[]; readonly problem: Verdict | undefined } {
  const own = gateway.metadata.namespace ?? '';
  const certificates: ServedCertificate[] = [];
  const refs = tls?.certificateRefs ?? [];
  if (refs.length === 0) return { certificates, problem: ['InvalidCertificateRef', 'tls.certificateRefs is empty'] };
  const pattern = parseHostPattern(hostname, 'suffix');
  for (const { group = '', kind = 'Secret', namespace = own, name } of refs) {
    if (group !== '' || kind !== 'Secret')
      return { certificates: [], problem: ['InvalidCertificateRef', `a certificate is a Secret, not a ${kind}`] };
    const reference = { fromKind: 'Gateway', fromNamespace: own, toKind: 'Secret' } as const;
    if (!isGranted({ ...reference, toNamespace: namespace, toName: name }, grants))
      return { certificates: [], problem: ['RefNotPermitted', `no ReferenceGrant in ${namespace} for Secret ${name}`] };
    const secret = tlsSecret(`${namespace}/${name}`, view.secrets.get({ namespace, name }));
    if (!secret.ok) return { certificates: [], problem: ['InvalidCertificateRef', secret.problem] };
    const host = pattern === undefined || pattern.kind === 'any' ? '' : hostText(pattern).replace(/^\*\*/, '*');
    certificates.push({ id: `${namespace}_${name}`, pem: secret.pem, hosts: host === '' ? [] : [host] });
  }
  return { certificates, problem: undefined };
}
