import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, eventually } from './cluster.js';

interface List {
  readonly items: readonly {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
  }[];
}

const kinds = 'serviceaccounts,clusterroles,clusterrolebindings,services,deployments,daemonsets,configmaps';
let cluster: Cluster;
const brought = (): readonly string[] =>
  cluster
    .get<List>(kinds, '-A', '-l', 'addons.geobuk.dev/addon=dns')
    .items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .sort();
const state = (): string => cluster.kubectl('get', 'addon', 'dns', '-o', 'jsonpath={.status.phase}').stdout;

beforeAll(async () => {
  cluster = await Cluster.up();
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('addons', () => {
  it('are listed with wish and state', () => {
    const { stdout } = cluster.geobuk('addon', 'list');
    for (const name of ['dns', 'network', 'proxy']) expect(stdout).toMatch(new RegExp(`^${name}\\s+on\\s+Ready`, 'm'));
  });

  it('go with exactly what they brought, and come back', async () => {
    const before = brought();
    expect(before.length).toBeGreaterThan(3);
    expect(cluster.geobuk('addon', 'disable', 'dns')).toMatchObject({ status: 0 });
    await eventually(state, (phase) => phase === 'Disabled');
    expect(brought()).toEqual([]);
    await eventually(
      () =>
        cluster.kubectl('get', 'pods', '-n', 'kube-system', '-l', 'addons.geobuk.dev/addon=dns', '-o', 'name').stdout,
      (names) => names === '',
    );
    expect(cluster.geobuk('addon', 'enable', 'dns')).toMatchObject({ status: 0 });
    await eventually(state, (phase) => phase === 'Ready');
    expect(brought()).toEqual(before);
  });

  it('are repaired when somebody deletes a part of them', async () => {
    const before = brought();
    expect(cluster.kubectl('delete', 'service', '-n', 'kube-system', 'kube-dns')).toMatchObject({ status: 0 });
    await eventually(brought, (now) => now.join() === before.join(), 10_000);
    await eventually(state, (phase) => phase === 'Ready');
  });

  it('are not switched off while others need them', () => {
    const refused = cluster.geobuk('addon', 'disable', 'network');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^geobuk: network is needed by /);
  });
});
