import type { DaemonSet, KubernetesObject } from '@geobuk/api';
import { daemonSets, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { Dependants } from './dependants.js';
import { pod } from './testing/objects.js';
import type { World } from './testing/turn-controllers.js';
import { turnControllers } from './testing/turn-controllers.js';

const signal = new AbortController().signal;
const owner: DaemonSet = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'default', uid: 'uid-agent' },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: {} },
};
const reference = { kind: 'DaemonSet', name: 'agent', uid: 'uid-agent' };
const labels = { app: 'agent' };

async function start(objects: readonly KubernetesObject[], mayAdopt?: () => boolean) {
  let made: Dependants<DaemonSet, ReturnType<typeof pod>> | undefined;
  const world = await turnControllers([owner, ...objects], (deps: World) => {
    made = new Dependants({
      ...deps,
      ownerType: daemonSets,
      type: pods,
      selectorOf: ({ spec }) => spec.selector,
      mayAdopt,
    });
    return [];
  });
  await world.settle(1);
  const dependants = made as NonNullable<typeof made>;
  const ownersOf = (name: string) =>
    world.client.stored(pods).find(({ metadata }) => metadata.name === name)?.metadata.ownerReferences ?? [];
  return { world, dependants, ownersOf };
}
const namesOf = (some: readonly KubernetesObject[]) => some.map(({ metadata }) => metadata.name).sort();

describe('Dependants', () => {
  it('5.0.2 adopts orphans that the selector picks, and lets go of what it picks no longer', async () => {
    const { world, dependants, ownersOf } = await start([
      pod('own', { labels, owner: reference }),
      pod('orphan', { labels }),
      pod('renamed', { labels: { app: 'other' }, owner: reference }),
      pod('foreign', { labels, owner: { ...reference, uid: 'uid-other' } }),
    ]);
    await using _world = world;
    expect(namesOf(await dependants.of(owner, { signal }))).toEqual(['orphan', 'own']);
    expect(ownersOf('orphan')).toMatchObject([{ uid: 'uid-agent', controller: true }]);
    expect(ownersOf('renamed')).toEqual([]);
    expect(ownersOf('foreign')).toMatchObject([{ uid: 'uid-other' }]);
  });

  it('5.0.2 adopts nothing for an owner that was deleted, whatever the cache still shows', async () => {
    const { world, dependants, ownersOf } = await start([pod('orphan', { labels })]);
    await using _world = world;
    await world.client.delete(daemonSets, { namespace: 'default', name: 'agent' }, { signal });
    await expect(dependants.of(owner, { signal })).rejects.toThrow('Operation cannot be fulfilled');
    expect(ownersOf('orphan')).toEqual([]);
  });

  it('adopts only what may be adopted', async () => {
    const { world, dependants, ownersOf } = await start([pod('orphan', { labels })], () => false);
    await using _world = world;
    expect(await dependants.of(owner, { signal })).toEqual([]);
    expect(ownersOf('orphan')).toEqual([]);
  });

  it('5.0.2 wakes who could adopt an orphan, and nobody for what has an owner', async () => {
    const { world, dependants } = await start([]);
    await using _world = world;
    const wakes = (now: KubernetesObject) => dependants.orphans.keysOf(now, undefined);
    expect(wakes(pod('orphan', { labels }))).toEqual([{ namespace: 'default', name: 'agent' }]);
    expect(wakes(pod('other', { labels: { app: 'other' } }))).toEqual([]);
    expect(wakes(pod('own', { labels, owner: reference }))).toEqual([]);
  });
});
