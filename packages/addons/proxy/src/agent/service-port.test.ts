import type { Endpoint, EndpointSlice, Service, ServiceSpec } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { ServicePortModel } from './service-port.js';
import { servicePorts } from './service-port.js';
import { serviceRuleset } from './service-ruleset.js';
import { staleFlows } from './stale-flows.js';

const place = { nodeName: 'n1', zone: 'z1' };
const service = (spec: Partial<ServiceSpec> = {}, labels: Record<string, string> = {}): Service => ({
  metadata: { namespace: 'd', name: 's', labels },
  spec: { clusterIP: '10.43.0.9', ports: [{ port: 80 }], ...spec },
});
const endpoint = (ip: string, rest: Partial<Endpoint> = {}): Endpoint => ({ addresses: [ip], nodeName: 'n2', ...rest });
const slice = (...endpoints: readonly Endpoint[]): EndpointSlice => ({
  metadata: {},
  addressType: 'IPv4',
  ports: [{ port: 8080 }],
  endpoints,
});
const ips = (targets: readonly { readonly ip: string }[] = []): readonly string[] => targets.map(({ ip }) => ip);
const only = (ports: readonly ServicePortModel[]): ServicePortModel => ports[0] as ServicePortModel;

describe('servicePorts', () => {
  const none: readonly (readonly [string, Service])[] = [
    ['headless', service({ clusterIP: 'None' })],
    ['an ExternalName', service({ type: 'ExternalName', clusterIP: '' })],
    ['left to another proxy', service({}, { 'service.kubernetes.io/service-proxy-name': 'other' })],
  ];
  for (const [title, object] of none) {
    it(`needs no rules for a Service that is ${title}`, () => expect(servicePorts(object, [], place)).toEqual([]));
  }

  const cases: readonly (readonly [
    string,
    readonly Endpoint[],
    Partial<ServiceSpec>,
    readonly string[],
    readonly string[],
  ])[] = [
    [
      'ready ones',
      [endpoint('1.1.1.1'), endpoint('1.1.1.2', { conditions: { ready: false } })],
      {},
      ['1.1.1.1'],
      ['1.1.1.1'],
    ],
    [
      'those that still serve while they end, when there are no ready ones',
      [endpoint('1.1.1.1', { conditions: { ready: false, serving: true, terminating: true } })],
      {},
      ['1.1.1.1'],
      ['1.1.1.1'],
    ],
    [
      'local ones for the policy Local',
      [endpoint('1.1.1.1', { nodeName: 'n1' }), endpoint('1.1.1.2')],
      { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' },
      ['1.1.1.1'],
      ['1.1.1.1'],
    ],
    [
      'the zone of this node, when all have hints',
      [
        endpoint('1.1.1.1', { hints: { forZones: [{ name: 'z1' }] } }),
        endpoint('1.1.1.2', { hints: { forZones: [{ name: 'z2' }] } }),
      ],
      {},
      ['1.1.1.1'],
      ['1.1.1.1'],
    ],
    [
      'all, when one has no hint',
      [endpoint('1.1.1.1', { hints: { forZones: [{ name: 'z1' }] } }), endpoint('1.1.1.2')],
      {},
      ['1.1.1.1', '1.1.1.2'],
      ['1.1.1.1', '1.1.1.2'],
    ],
  ];
  for (const [title, endpoints, spec, internal, external] of cases) {
    it(`chooses ${title}`, () => {
      const model = only(servicePorts(service(spec), [slice(...endpoints)], place));
      expect(ips(model.internal)).toEqual(internal);
      expect(ips(model.external)).toEqual(external);
    });
  }

  it('takes each address once from several slices', () => {
    const model = only(servicePorts(service(), [slice(endpoint('1.1.1.1')), slice(endpoint('1.1.1.1'))], place));
    expect(ips(model.internal)).toEqual(['1.1.1.1']);
  });
});

describe('serviceRuleset', () => {
  const rules = (spec: Partial<ServiceSpec>, ...endpoints: readonly Endpoint[]) =>
    serviceRuleset(servicePorts(service(spec), [slice(...endpoints)], place), '10.42.0.0/16');

  it('8.2.2 gives a Service no chain of its own, but one that all with as many targets share', () => {
    const { chains, shared, elements } = rules({}, endpoint('1.1.1.1'), endpoint('1.1.1.2'));
    expect([chains.size, [...shared.keys()]]).toEqual([0, ['internal-tcp-2']]);
    expect(shared.get('internal-tcp-2')?.rules.at(-1)).toBe(
      'meta l4proto tcp dnat to ip daddr . tcp dport . numgen random mod 2 map @targets-tcp',
    );
    expect(elements).toEqual([
      ['targets-tcp', '10.43.0.9 . 80 . 0', '1.1.1.1 . 8080'],
      ['targets-tcp', '10.43.0.9 . 80 . 1', '1.1.1.2 . 8080'],
      ['services', '10.43.0.9 . tcp . 80', 'goto internal-tcp-2'],
    ]);
  });

  it('8.1.5 numbers the pods of this node first where the policy is Local', () => {
    const spec = { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ port: 80, nodePort: 30080 }] } as const;
    const here = { ...endpoint('1.1.1.2'), nodeName: place.nodeName };
    const { elements } = rules(spec, endpoint('1.1.1.1'), here);
    expect(elements.filter(([set]) => set.startsWith('nodeport'))).toEqual([
      ['nodeport-targets-tcp', '30080 . 0', '1.1.1.2 . 8080'],
      ['nodeport-targets-tcp', '30080 . 1', '1.1.1.1 . 8080'],
      ['nodeports', 'tcp . 30080', 'goto local-nodeport-tcp-1-2-0'],
    ]);
    const ending = { ...here, conditions: { ready: false, serving: true, terminating: true } };
    const late = rules(spec, endpoint('1.1.1.1'), ending);
    expect([...late.shared.keys()]).toContain('local-nodeport-tcp-1-1-1');
    expect(late.shared.get('local-nodeport-tcp-1-1-1')?.rules[0]).toContain('numgen random mod 1 offset 1');
  });

  it('refuses where nobody is, and is silent where only others are', () => {
    expect(rules({}).elements).toEqual([['no-endpoints', '10.43.0.9 . tcp . 80', 'goto reject-it']]);
    expect(rules({ internalTrafficPolicy: 'Local' }, endpoint('1.1.1.1')).elements).toEqual([
      ['no-endpoints', '10.43.0.9 . tcp . 80', 'goto drop-it'],
    ]);
  });
});

describe('staleFlows', () => {
  const udp = (...endpoints: readonly Endpoint[]): readonly ServicePortModel[] =>
    servicePorts(
      service({ ports: [{ port: 53, protocol: 'UDP' }] }),
      [{ ...slice(...endpoints), ports: [{ port: 5353, protocol: 'UDP' }] }],
      place,
    );

  it('are those to a target that is gone, and all when the first target comes', () => {
    expect(staleFlows(udp(endpoint('1.1.1.1')), udp(endpoint('1.1.1.2')))).toEqual([
      ['--orig-dst', '10.43.0.9', '--orig-port-dst', '53', '--dst-nat', '1.1.1.1'],
    ]);
    expect(staleFlows(udp(), udp(endpoint('1.1.1.2')))).toEqual([['--orig-dst', '10.43.0.9', '--orig-port-dst', '53']]);
    expect(staleFlows(udp(endpoint('1.1.1.1')), udp(endpoint('1.1.1.1')))).toEqual([]);
  });

  it('are none for TCP, which ends by itself', () => {
    const tcp = servicePorts(service(), [slice(endpoint('1.1.1.1'))], place);
    expect(staleFlows(tcp, [])).toEqual([]);
  });
});
