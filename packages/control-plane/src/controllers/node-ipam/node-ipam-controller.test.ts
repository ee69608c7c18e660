import { nodes } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { formatCidr, parseCidr, subnet, subnetCount, subnetIndex } from './cidr.js';
import { NodeIpamController } from './node-ipam-controller.js';

describe('NodeIpamController', () => {
  const start = (podCIDR: string, ...objects: Parameters<typeof turnControllers>[0]) =>
    turnControllers(objects, (world) => [new NodeIpamController({ ...world, podCIDR })]);
  const shares = (world: Awaited<ReturnType<typeof start>>) =>
    world.client.stored(nodes).map(({ spec }) => spec.podCIDR);

  it('5.9.6 gives each node a share of its own, and spares those that are taken', async () => {
    const taken = node('a', { spec: { podCIDR: '10.42.1.0/24', podCIDRs: ['10.42.1.0/24'] } });
    await using world = await start('10.42.0.0/16', taken, node('b'), node('c'));
    expect(shares(world)).toEqual(['10.42.1.0/24', '10.42.0.0/24', '10.42.2.0/24']);
  });

  it('says so when none is left, and goes on when one is free again', async () => {
    await using world = await start('10.42.0.0/23', node('a'), node('b'), node('c'));
    expect(shares(world).filter((share) => share === undefined)).toHaveLength(1);
    expect(world.events.some((event) => event.includes('CIDRNotAvailable'))).toBe(true);
    await world.client.delete(nodes, { name: 'a' }, { signal: new AbortController().signal });
    await world.settle(1_000_000);
    expect(new Set(shares(world))).toEqual(new Set(['10.42.0.0/24', '10.42.1.0/24']));
  });
});

describe('cidr', () => {
  it('counts and numbers the networks within one', () => {
    const network = parseCidr('10.42.7.9/16');
    expect(formatCidr(network)).toBe('10.42.0.0/16');
    expect(subnetCount(network, 24)).toBe(256);
    expect(formatCidr(subnet(network, 24, 255))).toBe('10.42.255.0/24');
    expect(subnetIndex(network, 24, parseCidr('10.42.3.0/24'))).toBe(3);
    expect(subnetIndex(network, 24, parseCidr('10.43.0.0/24'))).toBeUndefined();
  });

  it.each(['10.42.0.0', '10.42.0.256/16', '10.42.0.0/33', 'fd00::/8'])('refuses %s', (text) => {
    expect(() => parseCidr(text)).toThrow(TypeError);
  });
});
