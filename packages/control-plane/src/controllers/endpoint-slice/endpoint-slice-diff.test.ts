import type { EndpointSlice, Pod, Service } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../testing/objects.js';
import { diffEndpointSlices } from './endpoint-slice-diff.js';

const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec },
});
const backend = (index: number, extra: Parameters<typeof pod>[1] = {}): Pod =>
  pod(`p${index}`, { ip: `10.42.${Math.floor(index / 250)}.${(index % 250) + 1}`, nodeName: 'n', ...extra });
const backends = (count: number): readonly Pod[] => Array.from({ length: count }, (_, index) => backend(index));
const zoned = () => node('n', { metadata: { name: 'n', labels: { 'topology.kubernetes.io/zone': 'z' } } });
const diff = (pods: readonly Pod[], existing: readonly EndpointSlice[] = [], of: Service = service()) =>
  diffEndpointSlices(of, pods, zoned, existing);
const stored = (slices: readonly EndpointSlice[]): readonly EndpointSlice[] =>
  slices.map((slice, index) => ({
    ...slice,
    metadata: { ...slice.metadata, name: `s${index}`, uid: `uid-s${index}` },
  }));

describe('diffEndpointSlices', () => {
  it('5.10.2 says all about an endpoint', () => {
    const [slice] = diff([backend(0)]).create;
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      metadata: {
        generateName: 'web-',
        labels: {
          'kubernetes.io/service-name': 'web',
          'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        },
        ownerReferences: [{ kind: 'Service', uid: 'uid-web', controller: true }],
      },
      endpoints: [
        {
          addresses: ['10.42.0.1'],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: 'n',
          zone: 'z',
          targetRef: { kind: 'Pod', name: 'p0' },
        },
      ],
    });
  });

  it.each<[string, number, readonly number[]]>([
    ['5.10.4 one empty slice without pods', 0, [0]],
    ['5.10.2 one slice for 100', 100, [100]],
    ['5.10.2 three slices for 201', 201, [100, 100, 1]],
  ])('%s', (_title, count, sizes) => {
    expect(diff(backends(count)).create.map(({ endpoints }) => endpoints?.length ?? 0)).toEqual(sizes);
  });

  it('has nothing to do when nothing changed', () => {
    const slices = stored(diff(backends(150)).create);
    expect(diff(backends(150), slices)).toEqual({ create: [], update: [], remove: [] });
  });

  it('5.10.2 writes one slice when one pod changes', () => {
    const slices = stored(diff(backends(250)).create);
    const changed = backends(250).map((each, index) => (index === 17 ? backend(17, { ready: false }) : each));
    const plan = diff(changed, slices);
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
  });

  it('fills a slice with room before it makes another', () => {
    const slices = stored(diff(backends(120)).create);
    const plan = diff(backends(180), slices);
    expect([plan.create.length, plan.update.length]).toEqual([0, 1]);
  });

  it('removes a slice that nothing is left of, but never the last', () => {
    const slices = stored(diff(backends(120)).create);
    expect(diff(backends(3), slices).remove).toHaveLength(1);
    const none = diff([], slices);
    expect(none.create.length + slices.length - none.remove.length).toBe(1);
  });

  it('5.10.2 keeps a terminating pod, serving but not ready', () => {
    const leaving = { ...backend(0), metadata: { ...backend(0).metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };
    expect(diff([leaving]).create[0]?.endpoints?.[0]?.conditions).toEqual({
      ready: false,
      serving: true,
      terminating: true,
    });
  });

  it('publishes what is not ready when asked to', () => {
    const [slice] = diff([backend(0, { ready: false })], [], service({ publishNotReadyAddresses: true })).create;
    expect(slice?.endpoints?.[0]?.conditions).toMatchObject({ ready: true, serving: false });
  });

  it('leaves finished pods and pods without address out', () => {
    const [slice] = diff([backend(0, { phase: 'Failed' }), pod('no-ip')]).create;
    expect(slice?.endpoints).toEqual([]);
  });

  it('5.10.3 resolves a named port for each pod: different ports, different slices', () => {
    const named = (index: number, containerPort: number): Pod =>
      backend(index, {
        spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'web', containerPort, protocol: 'TCP' }] }] },
      });
    const of = service({ ports: [{ name: 'http', port: 80, targetPort: 'web', protocol: 'TCP' }] });
    const plan = diff([named(0, 8080), named(1, 9090)], [], of);
    expect(plan.create.map(({ ports }) => ports?.[0]?.port).sort()).toEqual([8080, 9090]);
  });

  it('5.10.2 has a slice for each address family', () => {
    const both = backend(0);
    const dual = { ...both, status: { ...both.status, podIPs: [{ ip: '10.42.0.1' }, { ip: 'fd00::1' }] } };
    const plan = diff([dual], [], service({ ipFamilies: ['IPv4', 'IPv6'] }));
    expect(plan.create.map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses])).toEqual([
      ['IPv4', ['10.42.0.1']],
      ['IPv6', ['fd00::1']],
    ]);
  });
});
