import type { Node } from '@geobuk/api';
import { nodes } from '@geobuk/api';
import { runCommand } from '@geobuk/addon-sdk';
import { NetworkLab } from '@geobuk/addon-sdk/testing';
import { createInformers, createRunner, systemClock } from '@geobuk/client';
import type { Controller } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NetworkConfig } from '../config.js';
import { createIp } from './ip-command.js';
import { createLinks } from './links.js';
import { NodeRoutes } from './node-routes.js';
import { TunnelLink } from './tunnel-link.js';
import { tunnelName } from './tunnel.js';

const { signal } = new AbortController();
const log = pino({ level: 'silent' });
const cluster = { id: '0a1b2c3d', podCIDR: '10.42.0.0/16' };
const tunnel = tunnelName(cluster.id);

const node = (name: string, address: string, podCIDR: string): Node =>
  ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: { addresses: [{ type: 'InternalIP', address }] },
  }) as Node;
const near = node('n1', '192.0.2.2', '10.42.0.0/24');
const far = node('n2', '198.51.100.2', '10.42.1.0/24');

/** Needs root, ip and bridge. */
describe('8.3.2 NodeRoutes of two nodes with a router between them', () => {
  let lab: NetworkLab;
  let client: FakeClient;
  let stop: AbortController;
  let runs: Promise<void>[];

  const start = (nodeName: string, netns: string, config: Partial<NetworkConfig> = {}): NodeRoutes => {
    const informers = createInformers({ client, log, clock: systemClock });
    const ip = createIp(netns);
    const routes = new NodeRoutes({
      nodeName,
      cluster,
      config: { backend: 'auto', vxlanPort: 4789, vxlanId: 0, ...config },
      nodeLister: informers.of(nodes).lister,
      links: createLinks(ip, tunnel),
      tunnel: new TunnelLink(ip, tunnel),
    });
    const controllers = [routes] as readonly Controller<unknown>[];
    const runner = createRunner({ controllers, informers, log, clock: systemClock });
    runs.push(informers.run(stop.signal), runner.run(stop.signal));
    return routes;
  };
  const show = async (netns: string, ...args: string[]): Promise<string> =>
    (await runCommand('ip', args, { netns, signal })).trim();
  const state = async (netns: string): Promise<string> =>
    [await show(netns, 'route'), await show(netns, 'rule'), await show(netns, '-o', 'link')].join('\n');
  /** Which address the far pod sees, once there is a way. */
  const reach = (from: string, to: string): Promise<void> =>
    vi.waitFor(async () => expect((await lab.ask(from, 'tcp', to, 8080))[0]).toMatch(/^pod /), {
      timeout: 30_000,
      interval: 100,
    });

  beforeEach(async () => {
    lab = await NetworkLab.openRouted();
    client = new FakeClient({ objects: [near] });
    stop = new AbortController();
    runs = [];
    await lab.serve(lab.farPod, 'pod', 'tcp', 8080);
    await lab.serve(lab.pod(2), 'pod', 'tcp', 8080);
  }, 60_000);

  afterEach(async () => {
    stop.abort();
    await Promise.allSettled(runs);
    await lab[Symbol.asyncDispose]();
  });

  it('8.3.1 leads pods to each other under their own addresses, follows Node objects, and leaves nothing', async () => {
    const before = [await state(lab.node), await state(lab.farNode)];
    const here = start('n1', lab.node);
    const there = start('n2', lab.farNode);
    expect(await lab.ask(lab.pod(2), 'tcp', '10.42.1.2', 8080)).not.toEqual(['pod 10.42.0.2']);
    await client.create(nodes, far, { signal });
    await reach(lab.pod(2), '10.42.1.2');
    await reach(lab.farPod, '10.42.0.2');
    expect(await lab.ask(lab.pod(2), 'tcp', '10.42.1.2', 8080)).toEqual(['pod 10.42.0.2']);
    expect(await lab.ask(lab.farPod, 'tcp', '10.42.0.2', 8080)).toEqual(['pod 10.42.1.2']);
    // The node itself too: kubelets probe pods, host pods speak to them.
    expect((await lab.ask(lab.node, 'tcp', '10.42.1.2', 8080))[0]).toMatch(/^pod /);
    const link = await show(lab.node, '-d', 'link', 'show', 'dev', tunnel);
    expect(link).toMatch(/mtu 1450/);
    expect(link).toMatch(/vxlan id 1780797 local 192\.0\.2\.2 .*dstport 4789 nolearning/);
    expect(await here.overheadBytes({ signal })).toBe(50);
    // Nothing goes to whom it is not for: no entry without a hardware address.
    const forwards = await runCommand('bridge', ['fdb', 'show', 'dev', tunnel], { netns: lab.node, signal });
    expect(forwards.trim()).toMatch(/^02:67:0a:2a:01:00 dst 198\.51\.100\.2 self permanent$/);

    await client.delete(nodes, { name: 'n2' }, { signal });
    await vi.waitFor(async () => expect(await state(lab.node)).toBe(before[0]), { timeout: 30_000 });

    await client.create(nodes, far, { signal });
    await reach(lab.pod(2), '10.42.1.2');
    stop.abort();
    await Promise.allSettled(runs);
    await here.remove(signal);
    await there.remove(signal);
    expect([await state(lab.node), await state(lab.farNode)]).toEqual(before);
  }, 120_000);

  it('takes a route where the other node is a neighbour', async () => {
    start('n1', lab.node);
    await client.create(nodes, node('n2', '192.0.2.7', '10.42.1.0/24'), { signal });
    await vi.waitFor(
      async () =>
        expect(await show(lab.node, 'route', 'show', 'proto', '147')).toBe('10.42.1.0/24 via 192.0.2.7 dev eth0'),
      { timeout: 30_000 },
    );
    expect(await show(lab.node, '-o', 'link')).not.toContain(tunnel);
  }, 60_000);

  it('moves the tunnel with a node that comes back under another address, and mends a device that was changed', async () => {
    await client.create(
      nodes,
      { ...far, status: { addresses: [{ type: 'InternalIP', address: '198.51.100.9' }] } },
      {
        signal,
      },
    );
    start('n2', lab.farNode, { backend: 'vxlan', vxlanPort: 8472, vxlanId: 7 });
    await runCommand('ip', ['link', 'add', tunnel, 'type', 'vxlan', 'id', '9', 'dstport', '4789'], {
      netns: lab.node,
      signal,
    });
    start('n1', lab.node, { backend: 'vxlan', vxlanPort: 8472, vxlanId: 7 });
    await client.updateStatus(nodes, far, { signal });
    await reach(lab.pod(2), '10.42.1.2');
    expect(await show(lab.node, '-d', 'link', 'show', 'dev', tunnel)).toMatch(/vxlan id 7 .*dstport 8472/);
  }, 120_000);
});
