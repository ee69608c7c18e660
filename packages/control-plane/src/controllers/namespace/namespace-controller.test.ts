import { ApiError, builtInResources, configMaps, namespaces, pods } from '@geobuk/api';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { NamespaceController } from './namespace-controller.js';

const signal = new AbortController().signal;
const served = builtInResources.filter(({ plural }) =>
  ['pods', 'configmaps', 'secrets', 'deployments'].includes(plural),
);
const start = (objects: readonly KubernetesObject[], discover: readonly ResourceType[] = served) =>
  turnControllers(objects, (world) => [new NamespaceController({ ...world, discover: () => discover })]);
const namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default', uid: 'uid-default' },
  spec: { finalizers: ['kubernetes'] },
  status: { phase: 'Active' },
};
const map = (extra: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'm', namespace: 'default', uid: 'uid-m', ...extra },
});
const condition = (world: Awaited<ReturnType<typeof start>>, wanted: string) =>
  world.client.stored(namespaces)[0]?.status?.conditions?.find(({ type }) => type === wanted);

describe('NamespaceController', () => {
  it('5.8.1 empties a terminating namespace and removes it', async () => {
    await using world = await start([namespace, map()]);
    await world.client.delete(namespaces, { name: 'default' }, { signal });
    await world.settle(2_000);
    expect(world.client.stored(configMaps)).toEqual([]);
    expect(world.client.stored(namespaces)).toEqual([]);
  });

  it('leaves an active namespace alone', async () => {
    await using world = await start([namespace, map()]);
    expect(world.client.stored(configMaps)).toHaveLength(1);
  });

  it('5.8.2 waits for the pods before it takes anything that they may need', async () => {
    await using world = await start([namespace, map(), pod('slow', { nodeName: 'n' })]);
    await world.client.delete(namespaces, { name: 'default' }, { signal });
    await world.settle(3_000);
    expect(world.client.stored(configMaps)).toHaveLength(1);
    expect(condition(world, 'NamespaceContentRemaining')).toMatchObject({
      status: 'True',
      message: 'Some resources are remaining: pods. has 1 resource instances',
    });
    await world.client.delete(pods, { namespace: 'default', name: 'slow' }, { signal, gracePeriodSeconds: 0 });
    await world.settle(2_000);
    expect(world.client.stored(namespaces)).toEqual([]);
  });

  it('5.8.1 tells whose finalizers it waits for', async () => {
    await using world = await start([namespace, map({ finalizers: ['example.com/hold'] })]);
    await world.client.delete(namespaces, { name: 'default' }, { signal });
    await world.settle(2_000);
    expect(condition(world, 'NamespaceFinalizersRemaining')).toMatchObject({
      status: 'True',
      message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    });
  });

  it('5.8.3 goes on with the other kinds when one cannot be listed, and tells', async () => {
    await using world = await start([namespace, map()]);
    world.client.intercept = ({ verb, type }) => {
      if (verb === 'list' && type.plural === 'secrets') throw ApiError.internal('the group is broken');
    };
    await world.client.delete(namespaces, { name: 'default' }, { signal });
    await world.settle(5_000);
    expect(world.client.stored(configMaps)).toEqual([]);
    expect(condition(world, 'NamespaceDeletionContentFailure')).toMatchObject({
      status: 'True',
      reason: 'ContentDeletionFailed',
    });
    world.client.intercept = undefined;
    await world.settle(1_000_000);
    expect(world.client.stored(namespaces)).toEqual([]);
  });
});
