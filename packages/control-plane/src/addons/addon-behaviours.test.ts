import type { Addon, CustomResourceDefinition, KubernetesObject, Lease, Pod, ResourceType } from '@geobuk/api';
import { addons, configMaps, customResourceDefinitions, daemonSets, leases } from '@geobuk/api';
import { runWithLeaderElection, createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { addonCatalogue } from './addon-catalogue.js';
import { createAddonReconciler } from './addon-reconciler.js';
import { cluster, definition, namespace, startAddons, startReconciler } from './testing/addon-world.js';
import { KeptInMemory } from './testing/kept-in-memory.js';

const { signal } = new AbortController();

const crashing = (reason: string): Pod =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name: 'one-x', uid: 'u', labels: { 'addons.geobuk.dev/addon': 'one' } },
    spec: { containers: [] },
    status: {
      containerStatuses: [
        { name: 'main', image: 'x', imageID: '', ready: false, restartCount: 1, state: { waiting: { reason } } },
      ],
    },
  }) as unknown as Pod;

describe('addon behaviours', () => {
  it('A2: a diamond goes and comes providers first; a ring comes together', async () => {
    await using it = await startAddons(
      definition('top', { requires: ['left', 'right'] }),
      definition('left', { requires: ['base'] }),
      definition('right', { requires: ['base'] }),
      definition('base'),
      definition('ping', { requires: ['pong'] }),
      definition('pong', { requires: ['ping'] }),
    );
    const made = it.writes.filter((write) => write.startsWith('create DaemonSet/')).map((write) => write.slice(17));
    expect(made.indexOf('base')).toBeLessThan(made.indexOf('left'));
    expect(made.indexOf('left')).toBeLessThan(made.indexOf('top'));
    expect(made.indexOf('right')).toBeLessThan(made.indexOf('top'));
    expect(made).toEqual(expect.arrayContaining(['ping', 'pong']));
  });

  it('A2: is blocked when what it needs is there in another version, and both are named', async () => {
    await using it = await startAddons(definition('app', { requires: ['base@^2.0.0'] }), definition('base'));
    expect(it.get('app')?.status).toMatchObject({
      phase: 'Blocked',
      lastError: { reason: 'VersionConflict', message: 'needs base@^2.0.0, and there is base 1.0.0' },
    });
    expect(it.names(daemonSets)).toEqual(['base']);
  });

  it('A3: any provider of a capability will do', async () => {
    await using it = await startAddons(
      definition('app', { requires: ['names'] }),
      definition('one', { provides: ['names'], enabledByDefault: false }),
      definition('two', { provides: ['names'], enabledByDefault: false }),
    );
    expect(it.get('app')?.status?.lastError).toMatchObject({ reason: 'MissingDependency', hint: 'enable one' });
    await it.wish('two', { enabled: true });
    expect(it.names(daemonSets)).toEqual(expect.arrayContaining(['app', 'two']));
  });

  it('A4: says which check fails, which pod, and the first line of its log', async () => {
    const logs = { of: () => Promise.resolve('listen EADDRINUSE: 0.0.0.0:53') };
    await using it = await startReconciler(addonCatalogue([definition('one')]), { logs });
    await it.available('one', 0);
    it.world.client.seed(crashing('CrashLoopBackOff'));
    await it.world.settle();
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Failed',
      lastError: {
        message:
          'DaemonSet one: 0 of 1 available; pod kube-system/one-x: CrashLoopBackOff: listen EADDRINUSE: 0.0.0.0:53',
      },
    });
  });

  it('A5: keeps a definition while there are instances of it, names it, and takes it with the last one', async () => {
    const ship = { group: 'sea.test', version: 'v1', kind: 'Ship', plural: 'ships', singular: 'ship' };
    const ships: ResourceType = {
      ...ship,
      ...{
        namespaced: false,
        verbs: ['get', 'list', 'delete', 'create'],
        shortNames: [],
        categories: [],
        subresources: {},
      },
    };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'ships.sea.test', labels: { 'addons.geobuk.dev/addon': 'one' } },
      spec: {
        group: 'sea.test',
        scope: 'Cluster',
        names: { plural: 'ships', kind: 'Ship' },
        versions: [{ name: 'v1', served: true, storage: true }],
      },
    } as unknown as CustomResourceDefinition;
    const one = definition('one');
    const withKind = definition('one', { manifests: (config, where) => [crd, ...one.manifests(config, where)] });
    await using it = await startReconciler(addonCatalogue([withKind]), { discover: () => [ships], types: [ships] });
    it.world.client.seed({ apiVersion: 'sea.test/v1', kind: 'Ship', metadata: { name: 'turtle' } } as KubernetesObject);
    await it.wish('one', { enabled: false });
    await it.world.settle(5_000);
    expect(it.names(daemonSets)).toEqual([]);
    expect(it.names(customResourceDefinitions)).toEqual(['ships.sea.test']);
    expect(it.condition('one', 'Pruned')).toMatchObject({
      status: 'False',
      message: 'kept, since in use: ships.sea.test: 1 instances',
    });
    await it.world.client.delete(ships, { name: 'turtle' }, { signal });
    await it.world.settle(61_000);
    expect(it.names(customResourceDefinitions)).toEqual([]);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Disabled', resources: [] });
    expect(it.condition('one', 'Pruned')).toMatchObject({ status: 'True', message: 'nothing is left' });
  });

  it('A9: names an image that is not to be had, and applies nothing before it is there', async () => {
    const pod = { containers: [{ name: 'c', image: 'example.test/engine:1' }] };
    const withImage = definition('one', {
      manifests: () => [
        {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          metadata: { namespace, name: 'one', labels: { 'addons.geobuk.dev/addon': 'one' } },
          spec: { selector: {}, template: { metadata: {}, spec: pod } },
        } as KubernetesObject,
      ],
    });
    const node = (image: string): KubernetesObject =>
      ({
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'n' },
        status: { images: [{ names: [image], sizeBytes: 7 }] },
      }) as unknown as KubernetesObject;
    await using it = await startReconciler(addonCatalogue([withImage]), {
      registryAnswers: () => Promise.resolve(false),
      objects: [node('example.test/other:1')],
    });
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Blocked',
      lastError: { reason: 'MissingImage', message: 'no node has example.test/engine:1, and no registry gives it' },
    });
    expect(it.names(daemonSets)).toEqual([]);
    it.world.client.seed(node('example.test/engine:1'));
    await it.world.settle(10_000);
    expect(it.names(daemonSets)).toEqual(['one']);
    expect(it.get('one')?.status?.size).toMatchObject({ imageBytes: 7 });
  });

  it('A9: names a package that is not to be had, goes on with what runs, and applies nothing new', async () => {
    const releases = new KeptInMemory(definition('one'));
    const problem = { kind: 'problem', reason: 'MissingPackage', message: 'package x@2 …', hint: 'give it' } as const;
    releases.problem = problem;
    await using it = await startReconciler(addonCatalogue([definition('one')]), { releases });
    expect(it.get('one')?.status).toMatchObject({ phase: 'Blocked', lastError: { reason: 'MissingPackage' } });
    expect(it.names(configMaps)).toEqual([]);
    releases.problem = undefined;
    await it.world.settle(30_000);
    await it.available('one');
    expect(it.get('one')?.status?.phase).toBe('Ready');
  });

  it('A11: a package from outside is applied only when all that it asks for is allowed', async () => {
    const one = definition('one');
    const binds = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'one', labels: { 'addons.geobuk.dev/addon': 'one' } },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [],
    } as KubernetesObject;
    const releases = new KeptInMemory(definition('one', { manifests: (...a) => [...one.manifests(...a), binds] }));
    releases.isForeign = true;
    await using it = await startReconciler(addonCatalogue([definition('one')]), { releases });
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Blocked',
      lastError: {
        reason: 'NotAllowed',
        message: 'it asks for what it is not allowed: bind (have the rights of ClusterRole cluster-admin)',
        hint: 'allow it with geobuk addon enable one --allow bind, or leave it',
      },
    });
    expect(it.names(configMaps)).toEqual([]);
    await it.wish('one', { source: { package: 'x', allow: ['bind'] } });
    expect(it.names(configMaps)).toEqual(['one']);
  });

  it('A12: of two control planes one reconciles, and the other takes over when it dies', async () => {
    const clock = new FakeClock();
    const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    const client = new FakeClient({ clock, objects: [kubeSystem], types: [addons as ResourceType] });
    const log = pino({ level: 'silent' });
    const turned: string[] = [];
    const start = (identity: string) => {
      const stop = new AbortController();
      const lease = { namespace, name: 'geobuk-control-plane' };
      const run = runWithLeaderElection(
        { client, lease, identity, clock, log },
        async (leading) => {
          turned.push(identity);
          const informers = createInformers({ client, log, clock });
          const catalogue = addonCatalogue([definition('one')]);
          const controllers = createAddonReconciler({ client, informers, catalogue, cluster, clock });
          const runner = createRunner({ controllers, informers, log, clock });
          await Promise.allSettled([informers.run(leading), runner.run(leading)]);
        },
        { signal: stop.signal },
      ).catch(() => undefined);
      return { stop, run };
    };
    const first = start('first');
    await clock.advance(0);
    const second = start('second');
    await clock.advance(30_000);
    expect(turned).toEqual(['first']);
    const objects = (): number => client.stored(configMaps).length;
    expect(objects()).toBe(1);
    first.stop.abort(new Error('dies'));
    await clock.advance(20_000);
    await first.run;
    expect(turned).toEqual(['first', 'second']);
    expect((client.stored(leases)[0] as Lease).spec?.holderIdentity).toBe('second');
    await client.delete(configMaps, { namespace, name: 'one' }, { signal });
    await clock.advance(0);
    expect(objects()).toBe(1);
    second.stop.abort(new Error('end'));
    await clock.advance(0);
    await second.run;
  });

  it('A7: what the user chose is byte for byte the same after a restart of the control plane', async () => {
    const config = { color: '  green\u2028', role: false };
    const wish: Addon = {
      apiVersion: 'addons.geobuk.dev/v1alpha1',
      kind: 'Addon',
      metadata: { name: 'one' },
      spec: { enabled: true, config },
    };
    await using it = await startReconciler(addonCatalogue([definition('one')]), { objects: [wish] });
    expect(JSON.stringify(it.get('one')?.spec.config)).toBe(JSON.stringify(config));
    expect(it.world.client.stored(configMaps)[0]?.data?.['color']).toBe(config.color);
  });
});
