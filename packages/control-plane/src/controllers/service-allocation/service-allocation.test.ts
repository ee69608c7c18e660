import type { IPAddress, KubernetesObject, Service, ServiceCIDR } from '@geobuk/api';
import { ipAddresses, serviceCidrs, services } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnControllers } from '../testing/turn-controllers.js';
import { ServiceAllocationController } from './service-allocation-controller.js';
import { findProblems, ipAddressOf } from './service-allocation-diff.js';
import { ServiceCidrController } from './service-cidr-controller.js';

const signal = new AbortController().signal;
const service = (name: string, spec: Partial<Service['spec']>, created = '2030-01-01T00:00:00Z'): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, creationTimestamp: created },
  spec: { type: 'ClusterIP', ...spec },
});
const network: ServiceCIDR = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: 'kubernetes', uid: 'uid-network' },
  spec: { cidrs: ['10.43.0.0/16'] },
};
const port = (nodePort: number, protocol = 'TCP') => ({ port: 80, protocol, nodePort });

describe('findProblems', () => {
  const older = '2029-01-01T00:00:00Z';
  it.each<[string, Partial<Service['spec']>, readonly Service[], string | undefined]>([
    ['none with an address of its own', { clusterIP: '10.43.0.9' }, [], undefined],
    ['none when headless', { clusterIP: 'None' }, [], undefined],
    ['none for a name', { type: 'ExternalName', clusterIP: 'x' }, [], undefined],
    ['what is no address', { clusterIP: '10.43.0' }, [], 'ClusterIPNotValid'],
    ['outside of all networks', { clusterIP: '10.44.0.1' }, [], 'ClusterIPOutOfRange'],
    [
      'the address of an older one',
      { clusterIP: '10.43.0.9' },
      [service('o', { clusterIP: '10.43.0.9' }, older)],
      'ClusterIPAlreadyAllocated',
    ],
    [
      'none when the other is younger',
      { clusterIP: '10.43.0.9' },
      [service('z', { clusterIP: '10.43.0.9' })],
      undefined,
    ],
    ['a port outside the range', { clusterIP: 'None', ports: [port(80)] }, [], 'PortOutOfRange'],
    [
      'the port of an older one',
      { clusterIP: 'None', ports: [port(30_001)] },
      [service('o', { clusterIP: 'None', ports: [port(30_001)] }, older)],
      'PortAlreadyAllocated',
    ],
    [
      'none for the same port of another protocol',
      { clusterIP: 'None', ports: [port(30_001)] },
      [service('o', { clusterIP: 'None', ports: [port(30_001, 'UDP')] }, older)],
      undefined,
    ],
  ])('5.15.5 finds %s', (_title, spec, others, expected) => {
    const subject = service('s', spec);
    const all = [subject, ...others];
    const holdersOf = (claim: string) =>
      all.filter(({ spec: { clusterIP, ports = [] } }) =>
        [clusterIP, ...ports.map(({ protocol = '', nodePort = 0 }) => `${protocol}/${nodePort}`)].includes(claim),
      );
    expect(findProblems(subject, [network], holdersOf)[0]?.reason).toBe(expected);
  });
});

describe('allocation', () => {
  const start = (...objects: readonly KubernetesObject[]) =>
    turnControllers(objects, (world) => [
      new ServiceAllocationController(world),
      new ServiceCidrController({ ...world, serviceCIDR: '10.43.0.0/16' }),
    ]);
  type Turning = Awaited<ReturnType<typeof start>>;
  const held = (world: Turning) =>
    world.client.stored(ipAddresses).map(({ metadata, spec }) => `${metadata.name ?? ''} ${spec.parentRef.name}`);

  it('5.15.5 notes each address with who holds it, and takes the note back', async () => {
    await using world = await start(service('a', { clusterIP: '10.43.0.9' }), service('b', { clusterIP: 'None' }));
    await world.settle();
    expect(held(world)).toEqual(['10.43.0.9 a']);
    await world.client.delete(services, { namespace: 'default', name: 'a' }, { signal });
    await world.settle();
    expect(held(world)).toEqual([]);
  });

  it('5.15.5 mends a note that names the wrong Service, and removes one of nobody', async () => {
    const other = service('other', {});
    const subject = service('a', { clusterIP: '10.43.0.9' });
    const wrong: readonly IPAddress[] = [ipAddressOf('10.43.0.9', other), ipAddressOf('10.43.0.8', other)];
    await using world = await start(subject, ...wrong);
    await world.settle();
    expect(held(world)).toEqual(['10.43.0.9 a']);
  });

  it('5.15.5 tells the younger of two Services with one address, until that is mended', async () => {
    const spec = { clusterIP: '10.43.0.9', ports: [port(30_001)] };
    await using world = await start(
      { ...network, metadata: { ...network.metadata, finalizers: ['networking.k8s.io/service-cidr-finalizer'] } },
      service('old', spec, '2029-01-01T00:00:00Z'),
      service('young', spec),
    );
    await world.settle();
    expect(held(world)).toEqual(['10.43.0.9 old']);
    expect(world.events).toContain(
      'Warning ClusterIPAlreadyAllocated Cluster IP [IPv4]: 10.43.0.9 was assigned to multiple services; please recreate service',
    );
    expect(world.events).toContain(
      'Warning PortAlreadyAllocated Port 30001 was assigned to multiple services; please recreate service',
    );
    const before = world.events.length;
    await world.client.delete(services, { namespace: 'default', name: 'old' }, { signal });
    await world.settle(600_000);
    expect(world.events.length).toBeLessThanOrEqual(before + 1);
    expect(held(world)).toEqual(['10.43.0.9 young']);
  });

  it('5.15.5 keeps a network while its addresses are in use', async () => {
    await using world = await start(service('a', { clusterIP: '10.43.0.9' }));
    await world.settle();
    const standard = () => world.client.stored(serviceCidrs)[0];
    expect(standard()).toMatchObject({
      metadata: { name: 'kubernetes', finalizers: ['networking.k8s.io/service-cidr-finalizer'] },
      spec: { cidrs: ['10.43.0.0/16'] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    await world.client.delete(serviceCidrs, { name: 'kubernetes' }, { signal });
    await world.settle();
    expect(standard()?.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'Terminating' }]);
    await world.client.delete(services, { namespace: 'default', name: 'a' }, { signal });
    await world.settle();
    // It is gone, and with the address of the next Service it is made again.
    world.client.seed(service('b', { clusterIP: '10.43.0.7' }));
    await world.settle();
    expect(standard()?.metadata.deletionTimestamp).toBeUndefined();
  });
});
