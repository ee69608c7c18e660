import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubernetesObject, NetworkPolicy, NetworkPolicySpec, Pod } from '@geobuk/api';
import { networkPolicies, pods } from '@geobuk/api';
import { createNft, runCommand } from '@geobuk/addon-sdk';
import { NetworkLab } from '@geobuk/addon-sdk/testing';
import type { Controller } from '@geobuk/client';
import { createInformers, createRunner, systemClock } from '@geobuk/client';
import { FakeClient } from '@geobuk/client/testing';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conflist } from './conflist.js';
import { NetworkTable } from './network-table.js';
import { NodePolicies } from './node-policies.js';

const { signal } = new AbortController();
const log = pino({ level: 'silent' });
const clusterId = '0a1b2c3d';
const base = { clusterId, clusterCIDR: '10.42.0.0/16', podCIDR: '10.42.0.0/24', masquerade: true };

/** Needs root, nft, ip and the CNI plugins of the distribution. */
describe('conflist with the real plugins', () => {
  it('8.3.2 gives a pod an address of the node, a gateway and the way out', async () => {
    await using lab = await NetworkLab.open(0);
    const ipamDirectory = await mkdtemp(join(tmpdir(), 'gb-ipam-'));
    try {
      const list = conflist({ clusterId, podCIDR: '10.42.7.0/24', mtu: 1400, ipamDirectory }) as {
        readonly name: string;
        readonly cniVersion: string;
        readonly plugins: readonly object[];
      };
      const input = JSON.stringify({ ...list.plugins[0], name: list.name, cniVersion: list.cniVersion });
      const plugin = (command: string): Promise<string> =>
        runCommand(
          'env',
          [
            `CNI_COMMAND=${command}`,
            'CNI_CONTAINERID=pod-1',
            `CNI_NETNS=/var/run/netns/${lab.outside}`,
            'CNI_IFNAME=net1',
            'CNI_PATH=/usr/lib/cni',
            '/usr/lib/cni/bridge',
          ],
          { input, netns: lab.node, signal },
        );
      expect(JSON.parse(await plugin('ADD'))).toMatchObject({
        ips: [{ address: '10.42.7.2/24', gateway: '10.42.7.1' }],
      });
      const link = await runCommand('ip', ['-j', 'link', 'show', `gb${clusterId}`], { netns: lab.node, signal });
      expect(JSON.parse(link)).toMatchObject([{ mtu: 1400 }]);
      await lab.serve(lab.node, 'node', 'tcp', 6060);
      expect(await lab.ask(lab.outside, 'tcp', '10.42.7.1', 6060)).toEqual(['node 10.42.7.2']);
      await plugin('DEL');
    } finally {
      await rm(ipamDirectory, { recursive: true, force: true });
    }
  });
});

/** Needs root, nft and ip. */
describe('the table in a network namespace', () => {
  let lab: NetworkLab;
  let client: FakeClient;
  let table: NetworkTable;
  let settle: () => Promise<void>;
  const stop = new AbortController();
  const runs: Promise<void>[] = [];

  const pod = (number: number, namespace: string, app: string): KubernetesObject =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: `p${number}`, labels: { app } },
      spec: { nodeName: 'n1', containers: [{ name: 'main', ports: [{ name: 'web', containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP: `10.42.0.${number}` },
    }) as Pod;
  const namespace = (name: string): KubernetesObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { team: name } },
  });
  const policy = async (name: string, spec: NetworkPolicySpec): Promise<void> => {
    const object: NetworkPolicy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { namespace: 'a', name },
      spec,
    };
    await client.create(networkPolicies, object, { signal });
    await settle();
  };
  const withdraw = async (name: string): Promise<void> => {
    await client.delete(networkPolicies, { namespace: 'a', name }, { signal });
    await settle();
  };
  /** Which of the pods 2, 3, 4 and the outer client reach pod 2 at this port. */
  const reaching = async (port: number): Promise<readonly string[]> => {
    const froms = [
      ['3', lab.pod(3)],
      ['4', lab.pod(4)],
      ['outside', lab.outside],
      ['node', lab.node],
    ] as const;
    const answers = await Promise.all(froms.map(([, netns]) => lab.ask(netns, 'tcp', '10.42.0.2', port)));
    return froms.filter((_, index) => answers[index]?.[0]?.startsWith('two') === true).map(([name]) => name);
  };

  beforeAll(async () => {
    lab = await NetworkLab.open(3);
    await Promise.all([
      lab.serve(lab.pod(2), 'two', 'tcp', 8080),
      lab.serve(lab.pod(2), 'two', 'tcp', 9090),
      lab.serve(lab.outside, 'out', 'tcp', 7070),
      lab.serve(lab.node, 'node', 'tcp', 6060),
    ]);
    await runCommand('ip', ['route', 'add', '10.42.0.0/16', 'via', '192.0.2.2'], { netns: lab.outside, signal });
    client = new FakeClient({
      objects: [namespace('a'), namespace('b'), pod(2, 'a', 'web'), pod(3, 'a', 'friend'), pod(4, 'b', 'stranger')],
    });
    const informers = createInformers({ client, log, clock: systemClock });
    table = new NetworkTable(createNft(lab.node), clusterId);
    await table.setBase(base, { signal });
    const policies = new NodePolicies({ nodeName: 'n1', informers, table });
    const runner = createRunner({
      controllers: [policies] as readonly Controller<unknown>[],
      informers,
      log,
      clock: systemClock,
    });
    runs.push(informers.run(stop.signal), runner.run(stop.signal));
    await informers.whenSynced(signal);
    settle = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      await vi.waitFor(() => {
        const [loop] = runner.loops();
        if (loop === undefined || loop.queueLength !== 0 || loop.inFlight !== 0) throw new Error('busy');
      });
    };
    await settle();
  });

  afterAll(async () => {
    stop.abort();
    await Promise.allSettled(runs);
    await lab?.[Symbol.asyncDispose]();
  });

  it('lets pods reach the world under the address of the node, and each other under their own', async () => {
    expect(await lab.ask(lab.pod(3), 'tcp', '192.0.2.9', 7070)).toEqual(['out 192.0.2.2']);
    expect(await lab.ask(lab.pod(3), 'tcp', '10.42.0.2', 8080)).toEqual(['two 10.42.0.3']);
    expect(await reaching(8080)).toEqual(['3', '4', 'outside', 'node']);
  });

  it('8.5.1 isolates a pod that a policy without rules selects, but not from its own node', async () => {
    await policy('none', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] });
    expect(await reaching(8080)).toEqual(['node']);
    await withdraw('none');
    expect(await reaching(8080)).toEqual(['3', '4', 'outside', 'node']);
  });

  it('8.5.1 allows by pod selector, namespace selector and address block; policies add up', async () => {
    await policy('friends', {
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }] }],
    });
    expect(await reaching(8080)).toEqual(['3', 'node']);
    await policy('b', {
      podSelector: {},
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }],
    });
    expect(await reaching(8080)).toEqual(['3', '4', 'node']);
    await policy('block', {
      podSelector: {},
      ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24', except: ['192.0.2.9/32'] } }] }],
    });
    expect(await reaching(8080)).toEqual(['3', '4', 'node']);
    await withdraw('block');
    await policy('wide', { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '192.0.2.0/24' } }] }] });
    expect(await reaching(8080)).toEqual(['3', '4', 'outside', 'node']);
    for (const name of ['friends', 'b', 'wide']) await withdraw(name);
  });

  it('8.5.1 allows by number, range and name of a port', async () => {
    await policy('number', { podSelector: {}, ingress: [{ ports: [{ port: 8080 }] }] });
    expect(await reaching(8080)).toContain('4');
    expect(await reaching(9090)).toEqual(['node']);
    await withdraw('number');
    await policy('range', { podSelector: {}, ingress: [{ ports: [{ port: 9000, endPort: 9100 }] }] });
    expect(await reaching(9090)).toContain('4');
    expect(await reaching(8080)).toEqual(['node']);
    await withdraw('range');
    await policy('name', { podSelector: {}, ingress: [{ ports: [{ port: 'web' }] }] });
    expect(await reaching(8080)).toContain('4');
    expect(await reaching(9090)).toEqual(['node']);
    await withdraw('name');
  });

  it('8.5.1 holds pods back from where egress does not allow, their own node included', async () => {
    await policy('egress', {
      podSelector: { matchLabels: { app: 'friend' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 8080 }] }],
    });
    expect(await lab.ask(lab.pod(3), 'tcp', '10.42.0.2', 8080)).toEqual(['two 10.42.0.3']);
    const refused = await Promise.all([
      lab.ask(lab.pod(3), 'tcp', '10.42.0.2', 9090),
      lab.ask(lab.pod(3), 'tcp', '192.0.2.9', 7070),
      lab.ask(lab.pod(3), 'tcp', '10.42.0.1', 6060),
    ]);
    expect(refused).toEqual([['timeout'], ['timeout'], ['timeout']]);
    await withdraw('egress');
  });

  it('8.5.1 follows labels of pods', async () => {
    await policy('friends', {
      podSelector: {},
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'friend' } } }] }],
    });
    const body = { metadata: { labels: { app: 'other' } } };
    await client.patch(pods, { namespace: 'a', name: 'p3' }, { type: 'merge', body }, { signal });
    await settle();
    expect(await reaching(8080)).toEqual(['node']);
    await withdraw('friends');
  });

  it('leaves nothing behind', async () => {
    await table.remove({ signal });
    expect((await runCommand('nft', ['list', 'ruleset'], { netns: lab.node, signal })).trim()).toBe('');
  });
});
