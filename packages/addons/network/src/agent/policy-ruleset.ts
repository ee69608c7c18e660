import { createHash } from 'node:crypto';
import type { IPBlock, Namespace, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, Pod } from '@geobuk/api';
import { labelSelectorOf, matchesLabels } from '@geobuk/api';
import type { NftChain, NftRuleset, NftSet } from '@geobuk/addon-sdk';
import { emptyRuleset } from '@geobuk/addon-sdk';

export interface PolicyWorld {
  readonly policies: readonly NetworkPolicy[];
  readonly pods: readonly Pod[];
  readonly namespaces: readonly Namespace[];
  readonly nodeName: string;
}

type Direction = 'ingress' | 'egress';

interface Draft {
  readonly chains: Map<string, NftChain>;
  readonly sets: Map<string, NftSet>;
}

interface Rule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
}

const hash = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);

/** Replies belong to what was allowed before. */
const replies = 'ct state established,related accept';
const verdicts = 'type ipv4_addr : verdict';

/**
 * Pure: the rules for the pods of one node. A pod that some policy selects gets a chain that jumps to each of its policies
 * and then drops; the packet finds it by one look-up of its address. Egress and ingress are different base chains, so that
 * what one of them accepts still has to pass the other.
 * Follows: NetworkPolicy v1 (additive allow lists; not applied to pods on the host network; a node reaches its own pods).
 */
export function policyRuleset(world: PolicyWorld): NftRuleset {
  const pods = world.pods.filter(hasOwnAddress);
  const draft: Draft = { chains: new Map(), sets: new Map() };
  const local = pods.filter(({ spec }) => spec.nodeName === world.nodeName);
  const isolates = (['ingress', 'egress'] as const).map((direction) => isolate(direction, world, pods, local, draft));
  if (!isolates.includes(true)) return emptyRuleset;
  const forward = (priority: string) => `type filter hook forward priority ${priority}`;
  draft.chains.set('policy-egress', { hook: forward('filter + 1'), rules: [replies, 'ip saddr vmap @egress-pods'] });
  draft.chains.set('policy-ingress', { hook: forward('filter + 2'), rules: [replies, 'ip daddr vmap @ingress-pods'] });
  // What a pod sends to its own node is not forwarded.
  draft.chains.set('policy-to-node', {
    hook: 'type filter hook input priority filter + 1',
    rules: [replies, 'ip saddr vmap @egress-pods'],
  });
  return draft;
}

/** @returns whether any pod of this node is isolated in this direction. */
function isolate(
  direction: Direction,
  world: PolicyWorld,
  pods: readonly Pod[],
  local: readonly Pod[],
  draft: Draft,
): boolean {
  const verdictOf = new Map<string, string>();
  const applying = world.policies
    .filter((policy) => applies(policy, direction))
    .map((policy) => ({ policy, selected: local.filter((pod) => selects(policy, pod)) }))
    .filter(({ selected }) => selected.length > 0)
    .sort((a, b) => (idOf(a.policy) < idOf(b.policy) ? -1 : 1));
  for (const { policy, selected } of applying) addPolicy(direction, policy, selected, world, pods, draft);
  for (const pod of local) {
    const own = applying.filter(({ selected }) => selected.includes(pod));
    if (own.length === 0) continue;
    const chain = `pod-${direction}-${hash(pod.metadata.namespace ?? '', pod.metadata.name ?? '')}`;
    draft.chains.set(chain, { rules: [...own.map(({ policy }) => `jump ${chainOf(direction, policy)}`), 'drop'] });
    verdictOf.set(addressOf(pod), `jump ${chain}`);
  }
  draft.sets.set(`${direction}-pods`, { kind: 'map', declaration: verdicts, elements: verdictOf });
  return verdictOf.size > 0;
}

function addPolicy(
  direction: Direction,
  policy: NetworkPolicy,
  selected: readonly Pod[],
  world: PolicyWorld,
  pods: readonly Pod[],
  draft: Draft,
): void {
  const namespace = policy.metadata.namespace ?? '';
  const rules = rulesOf(policy, direction).flatMap(({ peers, ports }, index) => {
    const chosen = peers.map((peer) => peerPods(peer, namespace, world.namespaces, pods));
    const from =
      peers.length === 0
        ? ['']
        : peers.flatMap((peer, at) => {
            if (peer.ipBlock !== undefined) return blockMatch(direction, peer.ipBlock);
            const set = `peer-${hash(idOf(policy), direction, String(index), String(at))}`;
            const elements = new Map(chosen[at]?.map((pod) => [addressOf(pod), '']));
            draft.sets.set(set, { kind: 'set', declaration: 'type ipv4_addr', elements });
            return [`ip ${direction === 'ingress' ? 'saddr' : 'daddr'} @${set}`];
          });
    // A named port means another number on each pod that is spoken to.
    const targets = direction === 'ingress' ? selected : peers.length === 0 ? pods : chosen.flat();
    const to =
      ports.length === 0
        ? ['']
        : ports.flatMap((port, at) => {
            if (typeof port.port !== 'string') return [numberMatch(port)];
            const set = `port-${hash(idOf(policy), direction, String(index), String(at))}`;
            draft.sets.set(set, {
              kind: 'set',
              declaration: 'type ipv4_addr . inet_proto . inet_service',
              elements: namedPorts(port.port, protocolOf(port), targets),
            });
            return [`ip daddr . meta l4proto . th dport @${set}`];
          });
    return from.flatMap((source) =>
      to.map((target) => [source, target, 'accept'].filter((part) => part !== '').join(' ')),
    );
  });
  draft.chains.set(chainOf(direction, policy), { rules });
}

const idOf = ({ metadata }: NetworkPolicy): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
const chainOf = (direction: Direction, policy: NetworkPolicy): string => `policy-${direction}-${hash(idOf(policy))}`;

const addressesOf = ({ status }: Pod): readonly string[] =>
  [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)].filter((ip) => ip !== undefined);
const addressOf = (pod: Pod): string => addressesOf(pod).find((ip) => !ip.includes(':')) ?? '';

const hasOwnAddress = (pod: Pod): boolean =>
  pod.spec.hostNetwork !== true &&
  addressOf(pod) !== '' &&
  pod.status?.phase !== 'Succeeded' &&
  pod.status?.phase !== 'Failed';

/** Without policyTypes: ingress always, egress where the policy speaks of it. */
function applies({ spec }: NetworkPolicy, direction: Direction): boolean {
  const types = spec.policyTypes ?? ['Ingress', ...((spec.egress ?? []).length > 0 ? ['Egress'] : [])];
  return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
}

const rulesOf = ({ spec }: NetworkPolicy, direction: Direction): readonly Rule[] =>
  direction === 'ingress'
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));

const selects = ({ metadata, spec }: NetworkPolicy, pod: Pod): boolean =>
  pod.metadata.namespace === metadata.namespace &&
  matchesLabels(labelSelectorOf(spec.podSelector ?? {}), pod.metadata.labels ?? {});

/** Both selectors of a peer must hold; without a namespace selector it speaks of the policy's own namespace. */
function peerPods(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  own: string,
  namespaces: readonly Namespace[],
  pods: readonly Pod[],
): readonly Pod[] {
  if (ipBlock !== undefined) return [];
  const inNamespace =
    namespaceSelector === undefined
      ? new Set([own])
      : new Set(
          namespaces
            .filter(({ metadata }) => matchesLabels(labelSelectorOf(namespaceSelector), metadata.labels ?? {}))
            .map(({ metadata }) => metadata.name ?? ''),
        );
  const wanted = labelSelectorOf(podSelector ?? {});
  return pods.filter(
    ({ metadata }) => inNamespace.has(metadata.namespace ?? '') && matchesLabels(wanted, metadata.labels ?? {}),
  );
}

function blockMatch(direction: Direction, { cidr, except = [] }: IPBlock): readonly string[] {
  if (cidr.includes(':')) return [];
  const field = `ip ${direction === 'ingress' ? 'saddr' : 'daddr'}`;
  return [[`${field} ${cidr}`, ...except.map((part) => `${field} != ${part}`)].join(' ')];
}

const protocolOf = ({ protocol = 'TCP' }: NetworkPolicyPort): string => protocol.toLowerCase();

function numberMatch(port: NetworkPolicyPort): string {
  const protocol = `meta l4proto ${protocolOf(port)}`;
  if (port.port === undefined) return protocol;
  const end = port.endPort === undefined ? '' : `-${port.endPort}`;
  return `${protocol} th dport ${port.port}${end}`;
}

function namedPorts(name: string, protocol: string, pods: readonly Pod[]): ReadonlyMap<string, string> {
  const elements = new Map<string, string>();
  for (const pod of pods) {
    for (const { ports = [] } of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
      for (const port of ports) {
        if (port.name === name && (port.protocol ?? 'TCP').toLowerCase() === protocol)
          elements.set(`${addressOf(pod)} . ${protocol} . ${port.containerPort}`, '');
      }
    }
  }
  return elements;
}
