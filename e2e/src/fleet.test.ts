import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, busyboxImage, eventually } from './cluster.js';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName?: string };
    readonly status: {
      readonly phase: string;
      readonly podIP?: string;
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}
interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly podCIDR?: string };
    readonly status: {
      readonly addresses: readonly { readonly type: string; readonly address: string }[];
      readonly conditions: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

let cluster: Cluster;
let nodes: NodeList['items'];
const pods = (): PodList['items'] => cluster.get<PodList>('pods', '-l', 'app=web').items;
const isReady = ({ status, metadata }: PodList['items'][number]): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false);
const nodeState = (name: string): string =>
  cluster
    .get<NodeList>('nodes')
    .items.find(({ metadata }) => metadata.name === name)
    ?.status.conditions.find(({ type }) => type === 'Ready')?.status ?? '';

/** The host's end of a further node's cable: the bridge port behind which its address lives. */
function cableOf(name: string): string {
  const address =
    nodes.find(({ metadata }) => metadata.name === name)?.status.addresses.find(({ type }) => type === 'InternalIP')
      ?.address ?? '';
  const number = address.split('.').at(-1) ?? '';
  const links = spawnSync('ip', ['-br', 'link', 'show', 'type', 'veth'], { encoding: 'utf8' }).stdout;
  const tag =
    /geobuk-([0-9a-f]{6})-\d/.exec(spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout)?.[1] ?? '';
  const found = links
    .split('\n')
    .map((line) => line.split(/[ @]/)[0] ?? '')
    .find((link) => link === `gbv${tag}${number}`);
  if (found === undefined) throw new Error(`no cable of ${name} among:\n${links}`);
  return found;
}

beforeAll(async () => {
  cluster = await Cluster.up({ args: ['--nodes', '3'] });
  nodes = cluster.get<NodeList>('nodes').items;
  const archive = join(cluster.dataDir, 'busybox.tar');
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox', '--output', archive)).toMatchObject({ status: 0 });
  for (const { metadata } of nodes) {
    const own = join(cluster.dataDir, 'nodes', metadata.name);
    const dataDir = nodes[0]?.metadata.name === metadata.name ? cluster.dataDir : own;
    expect(cluster.geobukFor(dataDir, 'image', 'import', archive)).toMatchObject({ status: 0 });
  }
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('three nodes on one machine', () => {
  it('are Ready, each with a share of the pod network', () => {
    expect(nodes).toHaveLength(3);
    expect(new Set(nodes.map(({ spec }) => spec.podCIDR)).size).toBe(3);
  });

  it('share the pods of a Deployment, which reach each other across nodes', async () => {
    const manifest = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 6,
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            terminationGracePeriodSeconds: 1,
            tolerations: ['not-ready', 'unreachable'].map((name) => ({
              key: `node.kubernetes.io/${name}`,
              operator: 'Exists',
              effect: 'NoExecute',
              tolerationSeconds: 2,
            })),
            containers: [
              {
                name: 'c',
                image: busyboxImage,
                command: ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www'],
                readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
              },
            ],
          },
        },
      },
    };
    expect(cluster.apply(manifest)).toMatchObject({ status: 0 });
    await eventually(pods, (items) => items.length === 6 && items.every(isReady));
    expect(new Set(pods().map(({ spec }) => spec.nodeName)).size).toBe(3);
    const [first] = pods();
    for (const { status, metadata } of pods()) {
      const ask = () =>
        cluster.kubectl(
          'exec',
          first?.metadata.name ?? '',
          '--',
          'sh',
          '-c',
          `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 ${status.podIP ?? ''} 8080`,
        );
      await eventually(ask, ({ stdout }) => stdout.trim().split('\n').at(-1) === metadata.name, 20_000);
    }
  });

  it('a node whose cable is cut loses its pods to the others; healed, it gives up what was replaced', async () => {
    const lost = nodes[2]?.metadata.name ?? '';
    const before = new Set(
      pods()
        .filter(({ spec }) => spec.nodeName === lost)
        .map(({ metadata }) => metadata.uid),
    );
    expect(before.size).toBeGreaterThan(0);
    const cable = cableOf(lost);
    spawnSync('ip', ['link', 'set', cable, 'down']);
    try {
      await eventually(
        () => nodeState(lost),
        (state) => state === 'Unknown',
        90_000,
      );
      await eventually(
        pods,
        (items) => items.filter((item) => isReady(item) && item.spec.nodeName !== lost).length === 6,
        60_000,
      );
    } finally {
      spawnSync('ip', ['link', 'set', cable, 'up']);
    }
    await eventually(
      () => nodeState(lost),
      (state) => state === 'True',
      60_000,
    );
    await eventually(
      pods,
      (items) => items.length === 6 && items.every(({ metadata }) => !before.has(metadata.uid)),
      60_000,
    );
  }, 300_000);
});
