import type { EndpointSlice, Service } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { ClusterZone } from './cluster-zone.js';
import type { ClusterZoneConfig } from './cluster-zone.js';
import { serviceEntry } from './service-entry.js';

const service = (spec: Partial<Service['spec']>): Service => ({ metadata: { name: 's' }, spec });
const slice = (
  addresses: readonly (readonly [string, string?, boolean?])[],
  ports: EndpointSlice['ports'] = [{ name: 'http', port: 80, protocol: 'TCP' }],
): EndpointSlice => ({
  metadata: { name: 'x' },
  addressType: addresses[0]?.[0].includes(':') ? 'IPv6' : 'IPv4',
  ports,
  endpoints: addresses.map(([address, hostname, ready = true]) => ({
    addresses: [address],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
  })),
});

function zone(config: Partial<ClusterZoneConfig> = {}): ClusterZone {
  const made = new ClusterZone({
    domain: 'cluster.local',
    ttlSeconds: 5,
    dnsAddress: '10.43.0.10',
    pods: 'insecure',
    ignoreEmptyService: false,
    networks: ['10.42.0.0/16', '10.43.0.0/16'],
    ...config,
  });
  for (const namespace of ['default', 'other']) made.setNamespace(namespace, true);
  const put = (name: string, spec: Partial<Service['spec']>, slices: readonly EndpointSlice[] = []): void =>
    made.setService('default', name, serviceEntry(service(spec), slices));
  put(
    'web',
    {
      clusterIP: '10.43.1.1',
      clusterIPs: ['10.43.1.1'],
      ports: [
        { name: 'http', port: 80, protocol: 'TCP' },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    },
    [slice([['10.42.0.9']])],
  );
  put('plain', { clusterIP: '10.43.1.2', ports: [{ port: 80 }] });
  put('dual', { clusterIP: '10.43.1.3', clusterIPs: ['10.43.1.3', 'fd00::3'], ports: [] });
  put('head', { clusterIP: 'None' }, [
    slice([['10.42.0.1', 'web-0'], ['10.42.0.2'], ['10.42.0.3', 'web-2', false]]),
    slice([['10.42.0.2']]),
    slice([['fd00::1']]),
  ]);
  put('down', { clusterIP: 'None' }, [slice([['10.42.0.4', 'a', false]])]);
  put('early', { clusterIP: 'None', publishNotReadyAddresses: true }, [slice([['10.42.0.5', 'a', false]])]);
  put('two', { clusterIP: 'None' }, [
    slice([
      ['10.42.0.1', 'same'],
      ['10.42.0.7', 'same'],
    ]),
  ]);
  put('out', { type: 'ExternalName', externalName: 'example.com' });
  put('literal', { type: 'ExternalName', externalName: '192.0.2.1' });
  made.markSynced();
  return made;
}

/** `found` answers as short texts, else the kind. */
function ask(made: ClusterZone, name: string, type: string): string | readonly string[] {
  const answer = made.resolve(name, type);
  if (answer.kind === 'alias') return [`CNAME ${answer.target}`];
  if (answer.kind !== 'found') return answer.kind;
  return answer.answers.map((record) => {
    if (record.type === 'SRV') return `${record.data.weight} ${record.data.port} ${record.data.target}`;
    if (record.type === 'SOA') return `SOA ${record.data.mname}`;
    return 'data' in record ? String(record.data) : record.type;
  });
}

const d = 'default.svc.cluster.local';
describe('ClusterZone', () => {
  it.each<[string, string, string, string | readonly string[]]>([
    ['DNS 1 A of a Service', `web.${d}`, 'A', ['10.43.1.1']],
    ['DNS 2 AAAA of an IPv4-only Service is NODATA', `web.${d}`, 'AAAA', []],
    ['DNS 3 dual-stack A', `dual.${d}`, 'A', ['10.43.1.3']],
    ['DNS 3 dual-stack AAAA', `dual.${d}`, 'AAAA', ['fd00:0:0:0:0:0:0:3']],
    ['DNS 4 no endpoints, still answered', `plain.${d}`, 'A', ['10.43.1.2']],
    ['DNS 5 SRV of a TCP port', `_http._tcp.web.${d}`, 'SRV', [`100 80 web.${d}`]],
    ['DNS 5 SRV of a UDP port', `_dns._udp.web.${d}`, 'SRV', [`100 53 web.${d}`]],
    ['DNS 6 the other protocol', `_http._udp.web.${d}`, 'SRV', 'nxdomain'],
    ['DNS 7 an unnamed port has none', `plain.${d}`, 'SRV', []],
    ['DNS 8 SRV of the bare name gives all ports', `web.${d}`, 'SRV', [`50 80 web.${d}`, `50 53 web.${d}`]],
    ['DNS 9 PTR', '1.1.43.10.in-addr.arpa', 'PTR', [`web.${d}`]],
    [
      'DNS 10 PTR of IPv6',
      '3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa',
      'PTR',
      [`dual.${d}`],
    ],
    ['DNS 13 headless: the ready addresses', `head.${d}`, 'A', ['10.42.0.1', '10.42.0.2']],
    ['DNS 15 none ready', `down.${d}`, 'A', 'nxdomain'],
    ['DNS 16 publishNotReadyAddresses', `early.${d}`, 'A', ['10.42.0.5']],
    ['DNS 17 a pod of a StatefulSet', `web-0.head.${d}`, 'A', ['10.42.0.1']],
    ['DNS 18 an endpoint without host name', `10-42-0-2.head.${d}`, 'A', ['10.42.0.2']],
    ['DNS 19 IPv6, dashed', `fd00--1.head.${d}`, 'AAAA', ['fd00:0:0:0:0:0:0:1']],
    [
      'DNS 20 SRV of every endpoint',
      `_http._tcp.head.${d}`,
      'SRV',
      [`33 80 web-0.head.${d}`, `33 80 10-42-0-2.head.${d}`, `33 80 fd00--1.head.${d}`],
    ],
    ['DNS 21 one host name, all addresses', `same.two.${d}`, 'A', ['10.42.0.1', '10.42.0.7']],
    ['DNS 22 PTR of a pod in two Services', '1.0.42.10.in-addr.arpa', 'PTR', [`web-0.head.${d}`, `same.two.${d}`]],
    ['DNS 25 slices merged, both families', `head.${d}`, 'AAAA', ['fd00:0:0:0:0:0:0:1']],
    ['DNS 26 ExternalName', `out.${d}`, 'A', ['CNAME example.com']],
    ['DNS 31 ExternalName that is an address', `literal.${d}`, 'A', 'nxdomain'],
    ['a name below an ExternalName', `x.out.${d}`, 'A', 'nxdomain'],
    ['DNS 33 pod name', '10-42-0-9.default.pod.cluster.local', 'A', ['10.42.0.9']],
    ['DNS 34 no address', '10-42-0.default.pod.cluster.local', 'A', 'nxdomain'],
    ['DNS 34 no address either', '10-42-0-999.default.pod.cluster.local', 'A', 'nxdomain'],
    ['DNS 35 pod in an unknown namespace', '10-42-0-9.nowhere.pod.cluster.local', 'A', 'nxdomain'],
    ['DNS 39 version', 'dns-version.cluster.local', 'TXT', ['1.1.0']],
    ['DNS 40 SOA', 'cluster.local', 'SOA', ['SOA ns.dns.cluster.local']],
    ['DNS 40 NS', 'cluster.local', 'NS', ['ns.dns.cluster.local']],
    ['DNS 40 the name server itself', 'ns.dns.cluster.local', 'A', ['10.43.0.10']],
    ['DNS 41 svc', 'svc.cluster.local', 'A', []],
    ['DNS 41 a namespace', 'default.svc.cluster.local', 'A', []],
    ['DNS 42 an unknown namespace', 'x.nowhere.svc.cluster.local', 'A', 'nxdomain'],
    ['DNS 43 MX of a name', `web.${d}`, 'MX', []],
    ['DNS 44 any case', `WEB.Default.svc.CLUSTER.local`, 'A', ['10.43.1.1']],
    ['DNS 45 too many labels', `a.b.c.web.${d}`, 'A', 'nxdomain'],
    ['DNS 48 reverse of an address elsewhere', '8.8.8.8.in-addr.arpa', 'PTR', 'outside'],
    ['DNS 48 reverse inside, but nobody there', '9.9.43.10.in-addr.arpa', 'PTR', 'nxdomain'],
    ['names of others', 'example.com', 'A', 'outside'],
    ['a name that only ends alike', 'notcluster.local', 'A', 'outside'],
    ['DNS 50 underscores and digits', `_1.2.${d}`, 'A', 'nxdomain'],
  ])('%s', (_title, name, type, expected) => expect(ask(zone(), name, type)).toEqual(expected));

  it('DNS 4 ignores empty Services when told to', () =>
    expect(ask(zone({ ignoreEmptyService: true }), `plain.${d}`, 'A')).toBe('nxdomain'));

  it('DNS 11 forgets a deleted Service, its reverse name too', () => {
    const made = zone();
    made.setService('default', 'web', undefined);
    expect([ask(made, `web.${d}`, 'A'), ask(made, '1.1.43.10.in-addr.arpa', 'PTR')]).toEqual(['nxdomain', 'nxdomain']);
  });

  it('DNS 14 forgets an endpoint that is no longer ready', () => {
    const made = zone();
    made.setService(
      'default',
      'head',
      serviceEntry(service({ clusterIP: 'None' }), [slice([['10.42.0.1', 'web-0', false], ['10.42.0.2']])]),
    );
    expect(ask(made, `head.${d}`, 'A')).toEqual(['10.42.0.2']);
  });

  it('DNS 30 becomes a ClusterIP Service', () => {
    const made = zone();
    made.setService('default', 'out', serviceEntry(service({ clusterIP: '10.43.9.9' }), []));
    expect(ask(made, `out.${d}`, 'A')).toEqual(['10.43.9.9']);
  });

  it('DNS 36 verifies pods when told to', () => {
    const made = zone({ pods: 'verified' });
    made.setPod('default', ['10.42.0.9'], 1);
    const at = (namespace: string) => ask(made, `10-42-0-9.${namespace}.pod.cluster.local`, 'A');
    expect([at('default'), at('other')]).toEqual([['10.42.0.9'], 'nxdomain']);
    made.setPod('default', ['10.42.0.9'], -1);
    expect(at('default')).toBe('nxdomain');
  });

  it('DNS 37 has no pod names when they are switched off', () =>
    expect(ask(zone({ pods: 'disabled' }), '10-42-0-9.default.pod.cluster.local', 'A')).toBe('nxdomain'));
  it('DNS 49 serves another domain', () => {
    const made = zone({ domain: 'k8s.example.org' });
    expect([ask(made, 'web.default.svc.k8s.example.org', 'A'), ask(made, `web.${d}`, 'A')]).toEqual([
      ['10.43.1.1'],
      'outside',
    ]);
  });

  it('DNS 67 does not say "no such name" before it knows all', () => {
    const fresh = new ClusterZone({
      domain: 'cluster.local',
      ttlSeconds: 5,
      dnsAddress: '10.43.0.10',
      pods: 'insecure',
      ignoreEmptyService: false,
      networks: [],
    });
    expect(ask(fresh, `web.${d}`, 'A')).toBe('servfail');
  });
});
