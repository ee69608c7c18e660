import type { Pod, Service } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { EnvError, containerEnv } from './container-env.js';
import { dnsConfigOf } from './dns-config.js';
import { expand } from './expansion.js';
import { hostsFile, kernelHostnameOf } from './hosts-file.js';
import { serviceEnvironment } from './service-env.js';

const facts = {
  nodeName: 'n1',
  hostIPs: ['192.0.2.1'],
  podIPs: ['10.42.0.5'],
  allocatable: { cpu: '2', memory: '1Gi' },
};
const pod: Pod = {
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' } },
  spec: { containers: [], serviceAccountName: 'clerk' },
};
const none = { configMap: () => undefined, secret: () => undefined };

describe('7.3.5 expansion', () => {
  it.each([
    ['$(A)-$(B)', '1-2'],
    ['$$(A)', '$(A)'],
    ['$(NOBODY)', '$(NOBODY)'],
    ['$A $(A', '$A $(A'],
  ])('of %s is %s', (text, expected) => {
    expect(expand(text, (name) => ({ A: '1', B: '2' })[name])).toBe(expected);
  });
});

describe('7.8.2 the environment of a container', () => {
  it('knows what stands before, the downward API, and resources in their divisor', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '$(A)$(C)' },
      { name: 'C', value: '3' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
    ];
    const container = { name: 'main', env, resources: { limits: { cpu: '1500m' } } };
    const found = Object.fromEntries(
      containerEnv(pod, container, [], none, facts).env.map(({ name, value }) => [name, value]),
    );
    expect(found).toEqual({ A: '1', B: '1$(C)', C: '3', IP: '10.42.0.5', APP: 'web', CPU: '1500', MEM: '1024' });
  });

  it('takes all keys of a ConfigMap that are names, and tells of the others', () => {
    const configMap = () => ({ metadata: {}, data: { GOOD: 'yes', '1 bad': 'no' } });
    const container = { name: 'main', envFrom: [{ configMapRef: { name: 'conf' } }] };
    const { env, skipped } = containerEnv(pod, container, [], { ...none, configMap }, facts);
    expect(env).toEqual([{ name: 'GOOD', value: 'yes' }]);
    expect(skipped).toEqual([{ source: 'configMap "shop"/"conf"', keys: ['1 bad'] }]);
  });

  it.each([
    ['configMapKeyRef', 'configmap "conf" not found'],
    ['secretKeyRef', 'secret "conf" not found'],
  ])('cannot be made without %s', (field, message) => {
    const container = { name: 'main', env: [{ name: 'A', valueFrom: { [field]: { name: 'conf', key: 'a' } } }] };
    expect(() => containerEnv(pod, container, [], none, facts)).toThrow(new EnvError(message));
  });
});

it('7.8.1 tells of Services as links do', () => {
  const service: Service = {
    metadata: { name: 'my-db', namespace: 'shop' },
    spec: { clusterIP: '10.43.0.9', ports: [{ name: 'sql', port: 5432 }] },
  };
  const headless: Service = {
    metadata: { name: 'none', namespace: 'shop' },
    spec: { clusterIP: 'None', ports: [{ port: 1 }] },
  };
  const found = serviceEnvironment([service, headless], 'shop', true).map(({ name, value }) => `${name}=${value}`);
  expect(found).toEqual([
    'MY_DB_SERVICE_HOST=10.43.0.9',
    'MY_DB_SERVICE_PORT=5432',
    'MY_DB_SERVICE_PORT_SQL=5432',
    'MY_DB_PORT=tcp://10.43.0.9:5432',
    'MY_DB_PORT_5432_TCP=tcp://10.43.0.9:5432',
    'MY_DB_PORT_5432_TCP_PROTO=tcp',
    'MY_DB_PORT_5432_TCP_PORT=5432',
    'MY_DB_PORT_5432_TCP_ADDR=10.43.0.9',
  ]);
  expect(serviceEnvironment([service], 'shop', false)).toEqual([]);
});

describe('7.8.4 DNS of a pod', () => {
  const cluster = { servers: ['10.43.0.10'], domain: 'cluster.local' };
  const node = { servers: ['198.51.100.1'], searches: ['lan'], options: ['timeout:1'] };
  const inCluster = ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'lan'];
  it.each([
    ['ClusterFirst', {}, { servers: ['10.43.0.10'], searches: inCluster, options: ['ndots:5'] }],
    ['ClusterFirst on the host network is the node’s', { hostNetwork: true }, node],
    [
      'ClusterFirstWithHostNet',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      { servers: ['10.43.0.10'], searches: inCluster, options: ['ndots:5'] },
    ],
    ['Default', { dnsPolicy: 'Default' }, node],
    [
      'None',
      { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] } },
      { servers: ['1.1.1.1'], searches: [], options: ['ndots:2'] },
    ],
    [
      'dnsConfig beats the policy',
      { dnsConfig: { options: [{ name: 'ndots', value: '1' }] } },
      { servers: ['10.43.0.10'], searches: inCluster, options: ['ndots:1'] },
    ],
  ])('%s', (_title, spec, expected) => {
    expect(dnsConfigOf({ ...pod, spec: { ...pod.spec, ...spec } }, cluster, node)).toEqual(expected);
  });
});

it.each<[string, Partial<Pod['spec']>, string]>([
  ['is its name', {}, 'web'],
  ['is what it asks for', { hostname: 'front' }, 'front'],
  ['is short with a subdomain', { hostname: 'front', subdomain: 'sub' }, 'front'],
  [
    'is the whole name where it wants that',
    { hostname: 'front', subdomain: 'sub', setHostnameAsFQDN: true },
    'front.sub.shop.svc.cluster.local',
  ],
  ['is the name alone without a subdomain', { setHostnameAsFQDN: true }, 'web'],
  ['is the node’s on its network', { hostNetwork: true, hostname: 'front' }, 'n1'],
  [
    'is an override before all',
    { hostname: 'front', subdomain: 'sub', setHostnameAsFQDN: true, hostnameOverride: 'else' },
    'else',
  ],
])('7.8.5 the hostname of a pod %s', (_title, spec, expected) => {
  const named: Pod = { metadata: { name: 'web', namespace: 'shop' }, spec: { containers: [], ...spec } };
  expect(kernelHostnameOf(named, 'n1', 'cluster.local')).toBe(expected);
});

it('7.8.5 a whole name that the kernel does not take is refused', () => {
  const spec = { containers: [], hostname: 'x'.repeat(60), subdomain: 'sub', setHostnameAsFQDN: true };
  const named: Pod = { metadata: { name: 'web', namespace: 'shop' }, spec };
  expect(() => kernelHostnameOf(named, 'n1', 'cluster.local')).toThrow('is too long (64 characters is the max');
});

it('7.8.3 writes /etc/hosts with the pod’s own name and its aliases', () => {
  const aliased = { ...pod, spec: { ...pod.spec, hostAliases: [{ ip: '192.0.2.9', hostnames: ['a', 'b'] }] } };
  const text = hostsFile(aliased, ['10.42.0.5'], 'web', 'sub.shop.svc.cluster.local', '');
  expect(text).toContain('10.42.0.5\tweb.sub.shop.svc.cluster.local\tweb\n');
  expect(text).toContain('# Entries added by HostAliases.\n192.0.2.9\ta\tb\n');
});
