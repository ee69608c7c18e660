import type { Namespace, NetworkPolicy, NetworkPolicySpec, Pod, PodSpec } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { PolicyWorld } from './policy-ruleset.js';
import { policyRuleset } from './policy-ruleset.js';

const pod = (number: number, namespace: string, app: string, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { namespace, name: `p${number}`, labels: { app } },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort: 8000 + number }] }],
    ...spec,
  },
  status: { phase: 'Running', podIP: `10.42.0.${number}` },
});
const namespace = (name: string): Namespace => ({ metadata: { name, labels: { team: name } }, spec: {} });
const policy = (name: string, spec: NetworkPolicySpec): NetworkPolicy => ({ metadata: { namespace: 'a', name }, spec });
const all = [pod(2, 'a', 'web'), pod(3, 'a', 'friend'), pod(4, 'b', 'friend'), pod(5, 'b', 'web')];

function rulesOf(spec: NetworkPolicySpec, pods: readonly Pod[] = all) {
  const world: PolicyWorld = {
    policies: [policy('one', spec)],
    pods,
    namespaces: [namespace('a'), namespace('b')],
    nodeName: 'n1',
  };
  const { chains, sets } = policyRuleset(world);
  const allowed = [...chains]
    .filter(([name]) => /^policy-(in|e)gress-/.test(name))
    .flatMap(([, { rules }]) => rules)
    // Names of sets are hashes: what is in them tells more.
    .map((rule) =>
      rule.replaceAll(/@(\S+)/g, (_, name: string) => `{${[...(sets.get(name)?.elements.keys() ?? [])]}}`),
    );
  const isolated = (direction: string) => [...(sets.get(`${direction}-pods`)?.elements.keys() ?? [])];
  return { allowed, ingress: isolated('ingress'), egress: isolated('egress') };
}

describe('8.5.1 policyRuleset', () => {
  it.each<[string, NetworkPolicySpec, readonly string[]]>([
    [
      '8.5.1 takes both selectors of one peer as AND',
      {
        podSelector: {},
        ingress: [
          {
            from: [{ namespaceSelector: { matchLabels: { team: 'b' } }, podSelector: { matchLabels: { app: 'web' } } }],
          },
        ],
      },
      ['ip saddr {10.42.0.5} accept'],
    ],
    [
      '8.5.1 takes two peers as OR',
      {
        podSelector: {},
        ingress: [
          {
            from: [
              { namespaceSelector: { matchLabels: { team: 'b' } } },
              { podSelector: { matchLabels: { app: 'friend' } } },
            ],
          },
        ],
      },
      ['ip saddr {10.42.0.4,10.42.0.5} accept', 'ip saddr {10.42.0.3} accept'],
    ],
    ['8.5.1 takes an empty rule as all', { podSelector: {}, ingress: [{}] }, ['accept']],
    ['8.5.1 takes no rule as nobody', { podSelector: {}, ingress: [] }, []],
    [
      '8.5.1 takes blocks with exceptions',
      {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.8/30', '192.0.2.64/26'] } }] }],
      },
      ['ip saddr 192.0.2.0/24 ip saddr != 192.0.2.8/30 ip saddr != 192.0.2.64/26 accept'],
    ],
    [
      '8.5.1 takes ports of TCP, UDP and SCTP, ranges, and a protocol alone',
      {
        podSelector: {},
        ingress: [
          {
            ports: [
              { port: 80 },
              { protocol: 'UDP', port: 53 },
              { protocol: 'SCTP', port: 7000, endPort: 7010 },
              { protocol: 'SCTP' },
            ],
          },
        ],
      },
      [
        'meta l4proto tcp th dport 80 accept',
        'meta l4proto udp th dport 53 accept',
        'meta l4proto sctp th dport 7000-7010 accept',
        'meta l4proto sctp accept',
      ],
    ],
    [
      '8.5.1 takes a named port as each selected pod means it',
      { podSelector: {}, ingress: [{ ports: [{ port: 'web' }] }] },
      ['ip daddr . meta l4proto . th dport {10.42.0.2 . tcp . 8002,10.42.0.3 . tcp . 8003} accept'],
    ],
    [
      '8.5.1 takes a named port of egress as each pod that is spoken to means it',
      {
        podSelector: { matchLabels: { app: 'web' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ namespaceSelector: { matchLabels: { team: 'b' } } }], ports: [{ port: 'web' }] }],
      },
      [
        'ip daddr {10.42.0.4,10.42.0.5} ip daddr . meta l4proto . th dport {10.42.0.4 . tcp . 8004,10.42.0.5 . tcp . 8005} accept',
      ],
    ],
    [
      '8.5.1 gives a named port of another protocol to nobody',
      { podSelector: {}, ingress: [{ ports: [{ protocol: 'SCTP', port: 'web' }] }] },
      ['ip daddr . meta l4proto . th dport {} accept'],
    ],
  ])('%s', (_title, spec, expected) => expect(rulesOf(spec).allowed).toEqual(expected));

  it('8.5.1 isolates by direction: ingress always, egress where the policy speaks of it', () => {
    const selector = { podSelector: { matchLabels: { app: 'web' } } };
    const isolation = (spec: NetworkPolicySpec) => {
      const { ingress, egress } = rulesOf(spec);
      return [ingress, egress];
    };
    expect(isolation(selector)).toEqual([['10.42.0.2'], []]);
    expect(isolation({ ...selector, egress: [{}] })).toEqual([['10.42.0.2'], ['10.42.0.2']]);
    expect(isolation({ ...selector, policyTypes: ['Egress'] })).toEqual([[], ['10.42.0.2']]);
  });

  it('8.5.1 leaves pods on the host network, ended ones and those of other nodes alone', () => {
    const pods = [
      pod(2, 'a', 'web', { hostNetwork: true }),
      { ...pod(3, 'a', 'web'), status: { phase: 'Succeeded', podIP: '10.42.0.3' } },
      pod(4, 'a', 'web', { nodeName: 'n2' }),
      pod(5, 'a', 'web'),
    ];
    expect(rulesOf({ podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }, pods)).toEqual({
      ingress: ['10.42.0.5'],
      egress: [],
      allowed: ['ip saddr {10.42.0.4,10.42.0.5} accept'],
    });
  });
});
