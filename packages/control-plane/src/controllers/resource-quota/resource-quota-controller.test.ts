import type { KubernetesObject, ResourceQuota, ResourceType } from '@geobuk/api';
import { builtInResources, configMaps, pods, resourceQuotas } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { ResourceQuotaController } from './resource-quota-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'q' };
const quota = (hard: Readonly<Record<string, string>>, extra: Partial<ResourceQuota> = {}): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { ...key, uid: 'uid-q' },
  spec: { hard },
  ...extra,
});
const asking = (name: string, cpu: string) =>
  pod(name, { spec: { containers: [{ name: 'c', image: 'i:1', resources: { requests: { cpu } } }] } });
const watched: readonly ResourceType[] = [pods, configMaps, resourceQuotas] as readonly ResourceType[];
const start = (objects: readonly KubernetesObject[], discover = watched) =>
  turnControllers(objects, (world) => [new ResourceQuotaController({ ...world, discover: () => discover })]);
type Turning = Awaited<ReturnType<typeof start>>;
const status = (world: Turning) => world.client.stored(resourceQuotas)[0]?.status;

describe('ResourceQuotaController', () => {
  it('5.15.2 counts what is there when a quota is made', async () => {
    await using world = await start([quota({ pods: '5', 'requests.cpu': '2' }), asking('a', '500m'), asking('b', '1')]);
    await world.settle();
    expect(status(world)).toEqual({
      hard: { pods: '5', 'requests.cpu': '2' },
      used: { pods: '2', 'requests.cpu': '1500m' },
    });
  });

  it('5.15.2 gives back what was deleted, and what has ended', async () => {
    await using world = await start([
      quota({ pods: '5', 'count/configmaps': '3' }),
      asking('a', '1'),
      asking('b', '1'),
    ]);
    await world.settle(1_000);
    await world.client.delete(pods, { namespace: 'default', name: 'a' }, { signal, gracePeriodSeconds: 0 });
    await world.settle(1_000);
    expect(status(world)?.used).toEqual({ pods: '1', 'count/configmaps': '0' });
    const b = await world.client.read(pods, { namespace: 'default', name: 'b' }, { signal });
    await world.client.updateStatus(pods, { ...b, status: { ...b.status, phase: 'Succeeded' } }, { signal });
    await world.settle(1_000);
    expect(status(world)?.used?.['pods']).toBe('0');
  });

  it('does not take back what admission booked a moment ago for an object that is not stored yet', async () => {
    await using world = await start([quota({ pods: '5' }), asking('a', '1'), asking('b', '1')]);
    await world.settle(1_000);
    await world.client.delete(pods, { namespace: 'default', name: 'a' }, { signal, gracePeriodSeconds: 0 });
    const before = world.client.stored(resourceQuotas)[0] as ResourceQuota;
    await world.client.updateStatus(
      resourceQuotas,
      { ...before, status: { ...before.status, used: { pods: '3' } } },
      { signal },
    );
    await world.settle(100);
    expect(status(world)?.used).toEqual({ pods: '3' });
    world.client.seed(asking('c', '1'));
    await world.settle(1_000);
    expect(status(world)?.used).toEqual({ pods: '2' });
  });

  it('follows a change of its limits at once', async () => {
    await using world = await start([quota({ pods: '5' }), asking('a', '1')]);
    await world.settle(1_000);
    await world.client.patch(
      resourceQuotas,
      key,
      { type: 'merge', body: { spec: { hard: { pods: '7' } } } },
      { signal },
    );
    await world.settle();
    expect(status(world)?.hard).toEqual({ pods: '7' });
  });

  it('5.15.2 counts kinds it does not hear of every half minute', async () => {
    const map: KubernetesObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'm', uid: 'uid-m' },
    };
    let served: readonly ResourceType[] = [pods, resourceQuotas] as readonly ResourceType[];
    await using world = await turnControllers([quota({ 'count/configmaps': '5' })], (deps) => [
      new ResourceQuotaController({ ...deps, discover: () => served }),
    ]);
    await world.settle(1_000);
    expect(status(world)?.used).toEqual({ 'count/configmaps': '0' });
    served = builtInResources.filter(({ plural }) => plural === 'configmaps');
    world.client.seed(map);
    await world.settle(31_000);
    expect(status(world)?.used).toEqual({ 'count/configmaps': '1' });
  });

  it('2.11.4 counts only what is in its scope', async () => {
    const deadline = { ...asking('b', '1'), spec: { ...asking('b', '1').spec, activeDeadlineSeconds: 60 } };
    const scoped = quota({ pods: '5' }, { spec: { hard: { pods: '5' }, scopes: ['Terminating'] } });
    await using world = await start([scoped, asking('a', '1'), deadline]);
    await world.settle();
    expect(status(world)?.used).toEqual({ pods: '1' });
  });
});
