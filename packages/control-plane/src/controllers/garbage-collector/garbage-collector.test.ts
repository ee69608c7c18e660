import type { ConfigMap, KubernetesObject, ObjectMeta, OwnerReference } from '@geobuk/api';
import { configMaps, customResourceDefinitions, nodes, secrets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnControllers } from '../testing/turn-controllers.js';
import { GarbageCollector } from './garbage-collector.js';

const signal = new AbortController().signal;
const owner = (name: string, extra: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name,
  uid: `uid-${name}`,
  ...extra,
});
const map = (name: string, owners: readonly OwnerReference[] = [], metadata: Partial<ObjectMeta> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', uid: `uid-${name}`, ownerReferences: owners, ...metadata },
});
const start = (...objects: readonly KubernetesObject[]) =>
  turnControllers(
    objects,
    () => [],
    (world) => [new GarbageCollector({ ...world, discover: () => [configMaps, secrets, nodes] as never })],
  );
type Turning = Awaited<ReturnType<typeof start>>;
const names = (world: Turning): readonly (string | undefined)[] =>
  world.client.stored(configMaps).map(({ metadata }) => metadata.name);
const remove = async (
  world: Turning,
  name: string,
  propagationPolicy: 'Background' | 'Foreground' | 'Orphan',
): Promise<void> => {
  await world.client.delete(configMaps, { namespace: 'default', name }, { signal, propagationPolicy });
  await world.settle();
};
const blocks = { blockOwnerDeletion: true };

describe('GarbageCollector', () => {
  it('5.7.2 deletes what an owner leaves behind, down the whole line', async () => {
    await using world = await start(map('a'), map('b', [owner('a')]), map('c', [owner('b')]), map('other'));
    await remove(world, 'a', 'Background');
    expect(names(world)).toEqual(['other']);
  });

  it('5.7.2 deletes a dependant whose owner was never there, or is another object of that name', async () => {
    await using world = await start(
      map('a'),
      map('dangling', [owner('never')]),
      map('impostor', [owner('a', { uid: 'uid-of-a-former-a' })]),
      map('fine', [owner('a')]),
    );
    await world.settle();
    expect(names(world)).toEqual(['a', 'fine']);
  });

  it('5.7.3 keeps an owner in the foreground until its blocking dependants are gone', async () => {
    await using world = await start(
      map('a'),
      map('held', [owner('a', blocks)], { finalizers: ['example.com/wait'] }),
      map('free', [owner('a')]),
    );
    await remove(world, 'a', 'Foreground');
    expect(names(world)).toEqual(['a', 'held']);
    await world.client.patch(
      configMaps,
      { namespace: 'default', name: 'held' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
      { signal },
    );
    await world.settle();
    expect(names(world)).toEqual([]);
  });

  it('5.7.3 stops waiting for a dependant that is let go', async () => {
    await using world = await start(map('a'), map('b', [owner('a', blocks)], { finalizers: ['example.com/wait'] }));
    await remove(world, 'a', 'Foreground');
    await world.client.patch(
      configMaps,
      { namespace: 'default', name: 'b' },
      { type: 'merge', body: { metadata: { ownerReferences: null } } },
      { signal },
    );
    await world.settle();
    expect(names(world)).toEqual(['b']);
  });

  it('5.7.4 lets dependants go when the owner is orphaned', async () => {
    await using world = await start(map('a'), map('b', [owner('a')]), map('c', [owner('a'), owner('b')]));
    await remove(world, 'a', 'Orphan');
    expect(names(world)).toEqual(['b', 'c']);
    const [b, c] = world.client.stored(configMaps);
    expect(b?.metadata.ownerReferences ?? []).toEqual([]);
    expect(c?.metadata.ownerReferences).toMatchObject([{ name: 'b' }]);
  });

  it.each(['Background', 'Foreground'] as const)(
    '5.7.5 takes only the reference off a dependant with another owner (%s)',
    async (policy) => {
      await using world = await start(map('a'), map('b'), map('c', [owner('a', blocks), owner('b')]));
      await remove(world, 'a', policy);
      expect(names(world)).toEqual(['b', 'c']);
      expect(world.client.stored(configMaps)[1]?.metadata.ownerReferences).toMatchObject([{ name: 'b' }]);
    },
  );

  it.each(['Background', 'Foreground'] as const)('5.7.6 deletes a circle of owners (%s)', async (policy) => {
    await using world = await start(
      map('a', [owner('c', blocks)]),
      map('b', [owner('a', blocks)]),
      map('c', [owner('b', blocks)]),
    );
    await remove(world, 'a', policy);
    expect(names(world)).toEqual([]);
  });

  it('5.7.6 takes an owner in another namespace as absent', async () => {
    await using world = await start(map('a'), map('b', [owner('a')], { namespace: 'elsewhere' }));
    await world.settle();
    expect(names(world)).toEqual(['a']);
  });

  it('keeps dependants of a kind that is not served', async () => {
    await using world = await start(map('a', [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 't', uid: 'u' }]));
    await world.settle(1_000);
    expect(names(world)).toEqual(['a']);
  });

  it('lets a cluster-scoped owner take its dependants along', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'uid-n' } };
    await using world = await start(node, map('a', [owner('n', { kind: 'Node' })]));
    expect(names(world)).toEqual(['a']);
    await world.client.delete(nodes, { name: 'n' }, { signal });
    await world.settle();
    expect(names(world)).toEqual([]);
  });

  it('5.7.1 looks after a kind that is served later, as soon as its definition is established', async () => {
    let served = [customResourceDefinitions, configMaps] as readonly unknown[];
    await using world = await turnControllers(
      [map('a')],
      () => [],
      (deps) => [new GarbageCollector({ ...deps, discover: () => served as never })],
    );
    await world.settle();
    served = [customResourceDefinitions, configMaps, secrets];
    world.client.seed({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'new', uid: 'uid-new' },
      status: { conditions: [{ type: 'Established', status: 'True' }] },
    } as KubernetesObject);
    await world.settle();
    const metadata = { name: 's', namespace: 'default', uid: 'uid-s', ownerReferences: [owner('a')] };
    world.client.seed({ apiVersion: 'v1', kind: 'Secret', metadata });
    await world.settle();
    expect(world.client.stored(secrets)).toHaveLength(1);
    await remove(world, 'a', 'Background');
    expect(world.client.stored(secrets)).toEqual([]);
  });
});
