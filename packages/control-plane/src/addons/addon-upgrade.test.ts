import type { Addon, DaemonSet, KubernetesObject, Pod } from '@geobuk/api';
import { addons, configMaps, daemonSets, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { addonCatalogue } from './addon-catalogue.js';
import { proveTimeMs, upgradeTimeMs } from './addon-upgrade.js';
import { definition, namespace, startReconciler } from './testing/addon-world.js';
import { KeptInMemory } from './testing/kept-in-memory.js';

const { signal } = new AbortController();

/** The next version of the test's addon, whose objects can be told from the first one's. */
const second = (change: object = {}) =>
  definition('one', {
    version: '2.0.0',
    manifests: () =>
      definition('one')
        .manifests({ color: 'new', role: false }, {} as never)
        .map((object) =>
          object.kind === 'DaemonSet'
            ? ({ ...object, metadata: { ...object.metadata, annotations: { version: '2.0.0' } } } as KubernetesObject)
            : object,
        ),
    ...change,
  });

async function start(spec: Partial<Addon['spec']> = {}) {
  const releases = new KeptInMemory(definition('one'));
  const it = await startReconciler(addonCatalogue([definition('one')]), { releases });
  await it.available('one');
  if (Object.keys(spec).length > 0) await it.wish('one', spec);
  const color = () => it.world.client.stored(configMaps)[0]?.data?.['color'];
  /** The product is upgraded: the packages are others at the next look. */
  const upgrade = async (...definitions: readonly ReturnType<typeof definition>[]): Promise<void> => {
    releases.ship(...definitions);
    const labels = { ...it.get('one')?.metadata.labels, looked: String(Math.random()) };
    await it.world.client.patch(addons, { name: 'one' }, { type: 'merge', body: { metadata: { labels } } }, { signal });
    await it.world.settle();
  };
  const crash = async (): Promise<void> => {
    it.world.client.seed({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace, name: 'one-x', labels: { 'addons.geobuk.dev/addon': 'one' } },
      spec: { containers: [] },
      status: {
        containerStatuses: [
          {
            ...{ name: 'main', image: 'x', imageID: '', ready: false, restartCount: 3 },
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1 } },
          },
        ],
      },
    } as unknown as Pod);
    await it.available('one', 0);
  };
  const mend = async (): Promise<void> => {
    await it.world.client.delete(pods, { namespace, name: 'one-x' }, { signal, gracePeriodSeconds: 0 });
    await it.available('one');
  };
  return { ...it, releases, color, upgrade, crash, mend };
}

describe('A8: a new version of an addon', () => {
  it('takes the place of the old one, which is kept until the new one has been healthy for a while', async () => {
    await using it = await start();
    expect(it.get('one')?.status?.release).toMatchObject({ version: '1.0.0' });
    await it.upgrade(second());
    expect(it.color()).toBe('new');
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Installing',
      upgrade: { state: 'Progressing', from: '1.0.0', to: '2.0.0' },
    });
    expect(it.condition('one', 'UpToDate')).toMatchObject({ status: 'False', reason: 'Upgrading' });
    await it.available('one');
    expect([...it.releases.shelf.keys()]).toEqual(['one@1.0.0']);
    await it.world.settle(proveTimeMs);
    expect(it.get('one')?.status).toMatchObject({
      phase: 'Ready',
      installedVersion: '2.0.0',
      release: { version: '2.0.0' },
      upgrade: { state: 'Succeeded' },
    });
    expect([...it.releases.shelf.keys()]).toEqual(['one@2.0.0']);
    expect(it.condition('one', 'UpToDate')).toMatchObject({ status: 'True', message: '2.0.0' });
  });

  it('is taken back when its pod falls over, and the conditions say what happened', async () => {
    await using it = await start();
    await it.upgrade(second());
    await it.crash();
    expect(it.color()).toBe('red');
    expect(it.get('one')?.status).toMatchObject({
      installedVersion: '1.0.0',
      availableVersion: '2.0.0',
      release: { version: '1.0.0' },
      upgrade: { state: 'RolledBack', from: '1.0.0', to: '2.0.0' },
    });
    await it.mend();
    await it.world.settle(proveTimeMs);
    expect(it.get('one')?.status?.phase).toBe('Ready');
    expect(it.condition('one', 'UpToDate')).toMatchObject({
      status: 'False',
      reason: 'RolledBack',
      message:
        '2.0.0 was tried and taken back: DaemonSet one: 0 of 1 available; pod kube-system/one-x: CrashLoopBackOff (exit code 1)',
    });
  });

  it('is taken back when it is not healthy within the time limit', async () => {
    await using it = await start();
    await it.upgrade(second());
    await it.available('one', 0);
    await it.world.settle(upgradeTimeMs - 1_000);
    expect(it.color()).toBe('new');
    await it.world.settle(1_000);
    expect(it.color()).toBe('red');
    expect(it.get('one')?.status?.upgrade?.message).toMatch(/^not healthy within 180 s: DaemonSet one: 0 of 1/);
  });

  it('is taken back when the API refuses its objects', async () => {
    await using it = await start();
    const broken = second({ manifests: () => [{ apiVersion: 'v1', kind: 'Nonsense', metadata: { name: 'x' } }] });
    await it.upgrade(broken);
    await it.world.settle(60_000);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Ready', upgrade: { state: 'RolledBack' } });
    expect(it.get('one')?.status?.resources?.map(({ kind }) => kind)).not.toContain('Nonsense');
    expect(it.color()).toBe('red');
  });

  it('falling over once does not count: only one that is healthy again for the whole time has proved itself', async () => {
    await using it = await start();
    await it.upgrade(second());
    await it.available('one');
    await it.world.settle(proveTimeMs - 1_000);
    await it.available('one', 0);
    await it.available('one');
    await it.world.settle(proveTimeMs - 1_000);
    expect(it.get('one')?.status?.upgrade?.state).toBe('Progressing');
    await it.world.settle(1_000);
    expect(it.get('one')?.status?.upgrade?.state).toBe('Succeeded');
  });

  it('that was taken back is tried again when the wish changes, or when there is another version', async () => {
    await using it = await start();
    await it.upgrade(second());
    await it.crash();
    await it.mend();
    await it.world.settle(3_600_000);
    expect(it.get('one')?.status?.installedVersion).toBe('1.0.0');
    await it.wish('one', { config: { color: 'blue' } });
    expect(it.get('one')?.status).toMatchObject({ installedVersion: '2.0.0', upgrade: { state: 'Progressing' } });
    await it.crash();
    await it.mend();
    expect(it.get('one')?.status?.installedVersion).toBe('1.0.0');
    await it.upgrade(second({ version: '2.0.1' }));
    await it.available('one');
    await it.world.settle(proveTimeMs);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Ready', release: { version: '2.0.1' } });
  });

  it('is not taken while the wish is Pinned; drift is repaired and configuration carried out with the old one', async () => {
    await using it = await start({ updatePolicy: 'Pinned' });
    await it.upgrade(second());
    expect(it.condition('one', 'UpToDate')).toMatchObject({ reason: 'Pinned', message: '2.0.0 is available' });
    await it.world.client.delete(configMaps, { namespace, name: 'one' }, { signal });
    await it.world.settle();
    expect(it.color()).toBe('red');
    await it.wish('one', { config: { color: 'green' } });
    expect(it.color()).toBe('green');
    await it.wish('one', { updatePolicy: 'Platform' });
    expect(it.color()).toBe('new');
  });

  it('is not begun when it does not take the configuration, which stays as it is (A7)', async () => {
    const config = { color: 'green', role: false };
    await using it = await start({ config });
    await it.upgrade(second({ config: { type: 'object', additionalProperties: false, properties: {} } }));
    expect(it.color()).toBe('green');
    expect(it.condition('one', 'UpToDate')).toMatchObject({
      reason: 'InvalidConfig',
      message: '2.0.0 does not take the configuration: config.color: no such field; config.role: no such field',
    });
    expect(JSON.stringify(it.get('one')?.spec.config)).toBe(JSON.stringify(config));
  });

  it('leaves nothing on the shelf when the addon is switched off', async () => {
    await using it = await start();
    await it.wish('one', { enabled: false });
    await it.world.settle(5_000);
    expect(it.get('one')?.status).toMatchObject({ phase: 'Disabled' });
    expect(it.get('one')?.status?.release).toBeUndefined();
    expect(it.releases.shelf.size).toBe(0);
    expect(it.world.client.stored(daemonSets) as readonly DaemonSet[]).toEqual([]);
  });

  it('writes nothing more once it is there (A1)', async () => {
    await using it = await start();
    await it.upgrade(second());
    await it.available('one');
    await it.world.settle(proveTimeMs);
    it.writes.length = 0;
    await it.world.settle(600_000);
    expect(it.writes).toEqual([]);
  });
});
