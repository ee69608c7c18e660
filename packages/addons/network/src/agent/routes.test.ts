import type { Node } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { diffRoutes, insideOf, wantedPaths } from './routes.js';
import { diffNeighbours, hardwareAddressOf, neighbourOf, vniOf } from './tunnel.js';

const node = (name: string, address: string, podCIDR?: string): Node =>
  ({
    metadata: { name },
    spec: podCIDR === undefined ? {} : { podCIDR },
    status: { addresses: [{ type: 'InternalIP', address }] },
  }) as Node;
const cluster = [
  node('own', '192.0.2.1', '10.42.0.0/24'),
  node('neighbour', '192.0.2.2', '10.42.1.0/24'),
  node('far', '198.51.100.2', '10.42.2.0/24'),
  node('new', '192.0.2.3'),
  node('same-machine', '192.0.2.1', '10.42.9.0/24'),
];
const isOnLink = insideOf(['192.0.2.0/24']);
const toNeighbour = { destination: '10.42.1.0/24', via: '192.0.2.2', tunnelled: false };
const toFar = { destination: '10.42.2.0/24', via: '10.42.2.0', tunnelled: true };

describe('wantedPaths', () => {
  it('takes a route to neighbours and the tunnel to all others', () => {
    expect(wantedPaths(cluster, 'own', { backend: 'auto', isOnLink })).toEqual({
      routes: [toNeighbour, toFar],
      peers: [{ podCIDR: '10.42.2.0/24', nodeAddress: '198.51.100.2' }],
    });
  });

  it('takes what it is told to take', () => {
    const routes = wantedPaths(cluster, 'own', { backend: 'routes', isOnLink });
    expect(routes.peers).toEqual([]);
    expect(routes.routes[1]).toEqual({ destination: '10.42.2.0/24', via: '198.51.100.2', tunnelled: false });
    const vxlan = wantedPaths(cluster, 'own', { backend: 'vxlan', isOnLink });
    expect(vxlan.peers.map(({ nodeAddress }) => nodeAddress)).toEqual(['192.0.2.2', '198.51.100.2']);
  });
});

describe('diffRoutes', () => {
  it('replaces a route that leads another way and removes one that leads to nobody', () => {
    const stale = { destination: '10.42.5.0/24', via: '192.0.2.5', tunnelled: false };
    const direct = { ...toFar, tunnelled: false };
    expect(diffRoutes([toNeighbour, direct, stale], [toNeighbour, toFar])).toEqual({
      replace: [toFar],
      remove: [stale],
    });
  });
});

describe('insideOf', () => {
  it.each([
    [['192.0.2.0/24'], '192.0.2.200', true],
    [['192.0.2.0/24'], '192.0.3.1', false],
    [['198.51.100.1'], '198.51.100.1', true],
    [['198.51.100.1'], '198.51.100.2', false],
    [['default'], '203.0.113.1', true],
    [[], '192.0.2.1', false],
    [['10.42.0.0/16'], '10.42.7.0/24', true],
  ] as const)('%s, %s: %s', (networks, address, expected) => expect(insideOf(networks)(address)).toBe(expected));
});

describe('the tunnel', () => {
  it('derives what all nodes must agree on from what they all know', () => {
    expect(hardwareAddressOf('10.42.2.0/24')).toBe('02:67:0a:2a:02:00');
    expect([vniOf(0, '0a1b2c3d'), vniOf(0, 'ff000000'), vniOf(42, '0a1b2c3d')]).toEqual([0x1b2c3d, 1, 42]);
  });

  it('tells the kernel about nodes that are new or moved, and makes it forget those that went', () => {
    const [a, b, c] = ['1', '2', '3'].map((n) =>
      neighbourOf({ podCIDR: `10.42.${n}.0/24`, nodeAddress: `198.51.100.${n}` }),
    ) as [ReturnType<typeof neighbourOf>, ReturnType<typeof neighbourOf>, ReturnType<typeof neighbourOf>];
    const moved = { ...b, nodeAddress: '198.51.100.99' };
    expect(diffNeighbours([a, b], [moved, c])).toEqual({ set: [moved, c], forget: [a] });
  });
});
