import type { KubernetesObject, Pod } from '@geobuk/api';
import { addons, clusterRoles, configMaps, daemonSets, pods, serviceAccounts } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { definition, namespace, startAddons as start } from './testing/addon-world.js';

const { signal } = new AbortController();

describe('addon reconciler', () => {
  it('makes an Addon of every package and applies those enabled by default; Ready when the checks hold', async () => {
    await using it = await start(definition('one'), definition('two', { enabledByDefault: false }));
    expect(it.get('two')).toMatchObject({ spec: { enabled: false }, status: { phase: 'Disabled' } });
    expect(it.get('one')?.status?.phase).toBe('Installing');
    await it.available('one');
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Ready',
      installedVersion: '1.0.0',
      description: 'Brings one.',
      resources: [
        { kind: 'ServiceAccount', name: 'one', ready: true },
        { kind: 'ClusterRole', name: 'role-one' },
        { kind: 'ConfigMap', name: 'one' },
        { kind: 'DaemonSet', name: 'one' },
      ],
    });
    expect(it.condition('one', 'UpToDate')?.status).toBe('True');
  });

  it('A1: writes nothing when nothing changed', async () => {
    await using it = await start(definition('one'));
    await it.available('one');
    it.writes.length = 0;
    await it.world.settle(600_000);
    await it.wish('one', { enabled: true });
    expect(it.writes).toEqual(['patch Addon/one']);
  });

  it('A2: refuses to remove what an enabled addon needs, naming it; removes both in order when both go', async () => {
    await using it = await start(definition('base'), definition('top', { requires: ['base'] }));
    await it.wish('base', { enabled: false });
    expect(it.get('base')?.status).toMatchObject({
      phase: 'Blocked',
      lastError: { reason: 'Needed', message: 'cannot be disabled: top need it' },
    });
    expect(it.names(daemonSets)).toEqual(['base', 'top']);
    expect(it.get('top')?.status?.phase).toBe('Installing');
    it.writes.length = 0;
    await it.wish('top', { enabled: false });
    await it.world.settle(5_000);
    expect(it.names(daemonSets)).toEqual([]);
    expect(it.writes.filter((write) => write.startsWith('delete'))).toEqual([
      'delete DaemonSet/top',
      'delete ConfigMap/top',
      'delete ClusterRole/role-top',
      'delete ServiceAccount/top',
      'delete DaemonSet/base',
      'delete ConfigMap/base',
      'delete ClusterRole/role-base',
      'delete ServiceAccount/base',
    ]);
  });

  it('A2: is blocked with what is missing and who could bring it', async () => {
    await using it = await start(
      definition('base', { enabledByDefault: false }),
      definition('top', { requires: ['base'] }),
    );
    expect(it.get('top')?.status).toMatchObject({
      phase: 'Blocked',
      lastError: { reason: 'MissingDependency', hint: 'enable base' },
    });
    await it.wish('base', { enabled: true });
    expect(it.names(daemonSets)).toEqual(['base', 'top']);
  });

  it('A3: of two providers of an exclusive capability the one that is there stays, before anything is applied', async () => {
    await using it = await start(
      definition('one', { provides: ['x'], conflicts: ['x'] }),
      definition('two', { provides: ['x'], conflicts: ['x'], enabledByDefault: false }),
    );
    await it.wish('two', { enabled: true });
    expect(it.get('two')?.status).toMatchObject({ phase: 'Blocked', lastError: { reason: 'Conflict' } });
    expect(it.get('one')?.status?.phase).toBe('Installing');
    expect(it.names(daemonSets)).toEqual(['one']);
  });

  it('A4: Degraded names the check and the pod that fails; Ready again when mended', async () => {
    await using it = await start(definition('one'));
    await it.available('one');
    await it.available('one', 0);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Degraded' });
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: 'one-x', labels: { 'addons.geobuk.dev/addon': 'one' } },
      spec: { containers: [] },
      status: {
        containerStatuses: [
          {
            name: 'main',
            image: 'x',
            imageID: '',
            ready: false,
            restartCount: 2,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1 } },
          },
        ],
      },
    };
    it.world.client.seed(pod);
    await it.world.settle();
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Failed',
      lastError: { message: 'DaemonSet one: 0 of 1 available; pod kube-system/one-x: CrashLoopBackOff (exit code 1)' },
    });
    await it.available('one');
    expect(it.get('one')?.status?.phase).toBe('Ready');
    expect(it.get('one')?.status?.lastError).toBeUndefined();
  });

  it('A5: waits for the pods to end before it takes away their rights', async () => {
    await using it = await start(definition('one'));
    it.world.client.seed({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: 'one-x', labels: { 'addons.geobuk.dev/addon': 'one' } },
      spec: { containers: [] },
    } as KubernetesObject);
    await it.wish('one', { enabled: false });
    await it.world.settle(5_000);
    expect(it.names(daemonSets)).toEqual([]);
    expect(it.names(serviceAccounts)).toEqual(['one']);
    expect(it.get('one')?.status?.phase).toBe('Disabling');
    await it.world.client.delete(pods, { namespace, name: 'one-x' }, { signal, gracePeriodSeconds: 0 });
    await it.world.settle(5_000);
    expect(it.names(serviceAccounts)).toEqual([]);
    expect(it.names(clusterRoles)).toEqual([]);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Disabled', resources: [] });
    expect(it.condition('one', 'Pruned')?.status).toBe('True');
  });

  it('A5: leaves alone an object of the same name that somebody else made meanwhile', async () => {
    await using it = await start(definition('one'));
    const spec = { containers: [] };
    const labels = { 'addons.geobuk.dev/addon': 'one' };
    it.world.client.seed({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: 'one-x', labels },
      spec,
    } as KubernetesObject);
    await it.wish('one', { enabled: false });
    await it.world.client.delete(configMaps, { namespace, name: 'one' }, { signal });
    it.world.client.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'one' } });
    await it.world.client.delete(pods, { namespace, name: 'one-x' }, { signal, gracePeriodSeconds: 0 });
    await it.world.settle(5_000);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Disabled', resources: [] });
    expect(it.names(configMaps)).toEqual(['one']);
  });

  it('A6: repairs a deleted and an edited object; fields of others survive', async () => {
    await using it = await start(definition('one'));
    await it.world.client.delete(serviceAccounts, { namespace, name: 'one' }, { signal });
    const body = { data: { color: 'blue', mine: 'kept' } };
    await it.world.client.patch(configMaps, { namespace, name: 'one' }, { type: 'merge', body }, { signal });
    await it.world.settle();
    expect(it.names(serviceAccounts)).toEqual(['one']);
    expect(it.world.client.stored(configMaps)[0]?.data).toEqual({ color: 'red', mine: 'kept' });
  });

  it('A7: a change of config changes the objects and removes those no longer wanted', async () => {
    await using it = await start(definition('one'));
    await it.wish('one', { config: { color: 'green', role: false } });
    expect(it.world.client.stored(configMaps)[0]?.data).toEqual({ color: 'green' });
    expect(it.names(clusterRoles)).toEqual([]);
    expect(it.get('one')?.spec.config).toEqual({ color: 'green', role: false });
  });

  it('keeps what is there when the config is wrong, and says where', async () => {
    await using it = await start(definition('one'));
    await it.available('one');
    await it.wish('one', { config: { colour: 'green' } });
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Degraded',
      lastError: { reason: 'InvalidConfig', message: 'config.colour: no such field' },
    });
    expect(it.names(daemonSets)).toEqual(['one']);
  });

  it('records the inventory before it applies anything, so that a crash orphans nothing', async () => {
    await using it = await start(definition('one', { enabledByDefault: false }));
    const { client } = it.world;
    const before = client.intercept;
    client.intercept = (call) => {
      before?.(call);
      if (call.verb === 'patch' && call.type.kind === 'DaemonSet') throw new Error('out of order');
    };
    await it.wish('one', { enabled: true });
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Failed',
      lastError: { reason: 'Refused', message: 'out of order' },
      resources: [{ kind: 'ServiceAccount' }, { kind: 'ClusterRole' }, { kind: 'ConfigMap' }, { kind: 'DaemonSet' }],
    });
    await it.wish('one', { enabled: false });
    await it.world.settle(10_000);
    expect(it.names(configMaps)).toEqual([]);
    expect(it.get('one')?.status?.phase).toBe('Disabled');
  });

  it('prunes before a deleted Addon object goes', async () => {
    await using it = await start(definition('one'));
    await it.world.client.delete(addons, { name: 'one' }, { signal });
    await it.world.settle(10_000);
    expect(it.names(daemonSets)).toEqual([]);
    expect(it.get('one')).toBeUndefined();
  });

  it('says so when no package of that name is installed', async () => {
    await using it = await start();
    const wish = {
      apiVersion: 'addons.geobuk.dev/v1alpha1',
      kind: 'Addon',
      metadata: { name: 'x' },
      spec: { enabled: true },
    };
    await it.world.client.create(addons, wish, { signal });
    await it.world.settle();
    expect(it.get('x')?.status).toMatchObject({ phase: 'Failed', lastError: { reason: 'UnknownPackage' } });
  });

  it('A13: applies providers before those that require them', async () => {
    await using it = await start(definition('top', { requires: ['base'] }), definition('base'));
    const applied = it.writes.filter((write) => write.includes('DaemonSet'));
    expect(applied).toEqual([
      'patch DaemonSet/base',
      'create DaemonSet/base',
      'patch DaemonSet/top',
      'create DaemonSet/top',
    ]);
  });
});
