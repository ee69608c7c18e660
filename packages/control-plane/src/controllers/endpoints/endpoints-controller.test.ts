import type { Endpoints, Service } from '@geobuk/api';
import { endpointSlices, endpoints, services } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { EndpointSliceMirroringController } from '../endpoint-slice-mirroring/endpoint-slice-mirroring-controller.js';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { EndpointsController } from './endpoints-controller.js';
import { endpointsOf, overCapacity } from './endpoints-diff.js';

const signal = new AbortController().signal;
const labels = { app: 'web' };
const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-web' },
  spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }], ...spec },
});
const { selector: _none, ...withoutSelector } = service().spec;
const start = (...objects: Parameters<typeof turnControllers>[0]) =>
  turnControllers(objects, (world) => [new EndpointsController(world), new EndpointSliceMirroringController(world)]);

describe('endpointsOf', () => {
  it('5.10.1 tells ready addresses from those that are not', () => {
    const made = endpointsOf(
      service(),
      [pod('a', { ip: '10.42.0.1' }), pod('b', { ip: '10.42.0.2', ready: false })],
      undefined,
    );
    expect(made.subsets).toMatchObject([
      {
        addresses: [{ ip: '10.42.0.1', targetRef: { kind: 'Pod', name: 'a' } }],
        notReadyAddresses: [{ ip: '10.42.0.2' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      },
    ]);
  });

  it('5.10.1 takes all for ready when the Service asks for it', () => {
    const made = endpointsOf(
      service({ publishNotReadyAddresses: true }),
      [pod('b', { ip: '10.42.0.2', ready: false })],
      undefined,
    );
    expect(made.subsets?.[0]?.addresses).toMatchObject([{ ip: '10.42.0.2' }]);
  });

  it('5.10.1 marks a headless Service', () => {
    expect(endpointsOf(service({ clusterIP: 'None' }), [], undefined).metadata.labels).toHaveProperty([
      'service.kubernetes.io/headless',
    ]);
  });

  it('5.10.1 keeps a thousand addresses, ready ones first, and says so', () => {
    const many = Array.from({ length: 1_100 }, (_, i) =>
      pod(`p${i}`, { ip: `10.42.${i >> 8}.${i & 255}`, ready: i >= 200 }),
    );
    const made = endpointsOf(service(), many, undefined);
    expect(made.subsets?.[0]?.addresses).toHaveLength(900);
    expect(made.subsets?.[0]?.notReadyAddresses).toHaveLength(100);
    expect(made.metadata.annotations).toEqual({ [overCapacity]: 'truncated' });
    expect(endpointsOf(service(), many.slice(0, 3), made).metadata.annotations).toBeUndefined();
  });
});

describe('EndpointsController', () => {
  it('5.10.1 makes the object, follows the pods, and takes it away with the Service', async () => {
    await using world = await start(service(), pod('a', { labels, ip: '10.42.0.1' }));
    world.client.seed(pod('b', { labels, ip: '10.42.0.2' }));
    await world.settle();
    expect(world.client.stored(endpoints)[0]?.subsets?.[0]?.addresses).toHaveLength(2);
    await world.client.delete(services, { namespace: 'default', name: 'web' }, { signal });
    await world.settle();
    expect(world.client.stored(endpoints)).toEqual([]);
  });

  it('leaves hand-made Endpoints alone', async () => {
    const byHand: Service = { ...service(), spec: withoutSelector };
    await using world = await start(byHand);
    expect(world.client.stored(endpoints)).toEqual([]);
  });
});

describe('EndpointSliceMirroringController', () => {
  const made: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-ep' },
    subsets: [
      { addresses: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    ],
  };
  const byHand = { ...service(), spec: withoutSelector };
  const mirrored = (world: Awaited<ReturnType<typeof start>>) =>
    world.client
      .stored(endpointSlices)
      .map(({ addressType, endpoints: list }) => [addressType, list?.flatMap(({ addresses }) => addresses)]);

  it('5.10.5 mirrors hand-made Endpoints by family and keeps step', async () => {
    await using world = await start(byHand, made);
    expect(mirrored(world).sort()).toEqual([
      ['IPv4', ['192.0.2.1']],
      ['IPv6', ['2001:db8::1']],
    ]);
    const subsets = [{ addresses: [{ ip: '192.0.2.9' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }];
    const key = { namespace: 'default', name: 'web' };
    await world.client.patch(endpoints, key, { type: 'merge', body: { subsets } }, { signal });
    await world.settle();
    expect(mirrored(world)).toEqual([['IPv4', ['192.0.2.9']]]);
    await world.client.delete(endpoints, key, { signal });
    await world.settle();
    expect(mirrored(world)).toEqual([]);
  });

  it('5.10.5 skips what is marked', async () => {
    const marked = {
      ...made,
      metadata: { ...made.metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    };
    await using world = await start(byHand, marked);
    expect(mirrored(world)).toEqual([]);
  });
});
