import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ConfigMap, Secret } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import { createInformers, createRunner } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { objectsOf, stillSays } from './drift.js';
import { HelmCommand } from './helm-command.js';
import type { HelmRelease, HelmReleaseSpec } from './helm-release.js';
import { helmReleases } from './helm-release.js';
import { ReleaseController, releaseFinalizer } from './release-controller.js';
import { ReleaseFiles } from './release-files.js';

const log = pino({ level: 'silent' });
const { signal: always } = new AbortController();

/** Stands for helm: keeps a history, says what helm says, notes what it was asked, and fails while a file `fail` is there. */
const standIn = (state: string): string => `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');
const [verb, ...rest] = process.argv.slice(2);
const args = [verb, ...rest];
const after = (flag) => args[args.indexOf(flag) + 1];
const values = args.includes('--values') ? readFileSync(after('--values'), 'utf8') : undefined;
const as = JSON.parse(readFileSync(after('--kubeconfig'), 'utf8')).users[0].user.as;
appendFileSync('${state}/calls', JSON.stringify({ args, values, as, home: process.env.HOME, secret: process.env.SECRET }) + '\\n');
const file = '${state}/history';
const history = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
const save = () => writeFileSync(file, JSON.stringify(history));
const end = (status, description) => {
  for (const one of history) if (one.status === 'deployed') one.status = 'superseded';
  history.push({ revision: history.length + 1, updated: 'now', status, chart: 'web-1.0.0', app_version: '1', description });
  save();
};
const die = (text) => { process.stderr.write(text + '\\n'); process.exit(1); };
if (verb === 'history') { if (history.length === 0) die('Error: release: not found'); console.log(JSON.stringify(history)); }
if (verb === 'upgrade') {
  if (existsSync('${state}/fail')) { history.push({ revision: history.length + 1, updated: 'now', status: 'failed', chart: 'web-1.0.0', description: 'no' }); save(); die('Error: UPGRADE FAILED: context deadline exceeded'); }
  end('deployed', 'Upgrade complete'); console.log('{}');
}
if (verb === 'rollback') end('deployed', 'Rollback to ' + rest[1]);
if (verb === 'uninstall') { if (history.length === 0) die('Error: uninstall: Release not loaded: web: release: not found'); history.length = 0; save(); }
if (verb === 'get') console.log('---\\nkind: ConfigMap\\napiVersion: v1\\nmetadata: {name: web}\\ndata: {a: "1"}');
`;

interface Call {
  readonly args: readonly string[];
  readonly values?: string;
  readonly as: string;
  readonly home: string;
  readonly secret?: string;
}

async function startWorld(spec: Partial<HelmReleaseSpec> = {}, others: readonly (ConfigMap | Secret)[] = []) {
  const root = await mkdtemp(join(tmpdir(), 'geobuk-helm-test-'));
  const program = join(root, 'bin', 'helm');
  await mkdir(dirname(program));
  await writeFile(program, standIn(root), { mode: 0o755 });
  const clock = new FakeClock();
  const client = new FakeClient({ clock, types: [helmReleases] });
  const chart = { repository: 'https://charts.example.com', name: 'web', version: '1.x' };
  const release: HelmRelease = {
    apiVersion: 'helm.geobuk.dev/v1alpha1',
    kind: 'HelmRelease',
    metadata: { namespace: 'shop', name: 'web', uid: 'u', generation: 1 },
    spec: { chart, values: { replicas: 2 }, ...spec },
  };
  client.seed(release, ...others);
  const informers = createInformers({ client, log, clock });
  const told: string[] = [];
  let drift: readonly string[] | Error = [];
  const address = { server: 'https://api', ca: 'CA', tokenFile: '/token' };
  const controller = new ReleaseController({
    client,
    releaseLister: informers.of(helmReleases).lister,
    helm: new HelmCommand({ program, home: join(root, 'home'), path: process.env['PATH'] ?? '' }),
    files: new ReleaseFiles({ root, chartDirectory: '', cluster: address, client }),
    drifted: () => (drift instanceof Error ? Promise.reject(drift) : Promise.resolve(drift)),
    events: { record: (_object, _type, reason) => void told.push(reason) },
    clock,
  });
  const stop = new AbortController();
  const runner = createRunner({ controllers: [controller], informers, log, clock });
  const running = Promise.allSettled([informers.run(stop.signal), runner.run(stop.signal)]);
  const current = () => client.stored(helmReleases)[0];
  return {
    ...{ root, client, clock, told, current },
    calls: async (): Promise<readonly Call[]> =>
      (await readFile(join(root, 'calls'), 'utf8').catch(() => ''))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Call),
    ready: () => {
      const condition = current()?.status?.conditions?.find(({ type }) => type === 'Ready');
      return condition === undefined ? undefined : `${condition.status} ${condition.reason}`;
    },
    condition: (type: string) => current()?.status?.conditions?.find((one) => one.type === type),
    setDrift: (names: readonly string[] | Error) => (drift = names),
    change: (body: unknown) =>
      client.patch(helmReleases, { namespace: 'shop', name: 'web' }, { type: 'merge', body }, { signal: always }),
    until: (holds: () => unknown) =>
      expect.poll(async () => (await clock.advance(1_000), Boolean(await holds())), { timeout: 30_000 }).toBe(true),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
      await rm(root, { recursive: true, force: true });
    },
  };
}
const verbs = (calls: readonly Call[]) => calls.map(({ args }) => args[0]);

describe('a HelmRelease', { timeout: 60_000 }, () => {
  it('is installed with its values, as its own ServiceAccount, and without the environment of the addon', async () => {
    process.env['SECRET'] = 'mine';
    const data = { 'values.yaml': Buffer.from('replicas: 9\nimage: {tag: "2"}').toString('base64') };
    const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name: 's' }, data };
    await using world = await startWorld({ valuesFrom: [{ kind: 'Secret', name: 's' }], serviceAccountName: 'dev' }, [
      secret,
    ]);
    await world.until(() => world.ready() === 'True Deployed');
    delete process.env['SECRET'];
    const upgrade = (await world.calls()).find(({ args }) => args[0] === 'upgrade');
    expect(upgrade?.args.slice(0, 6)).toEqual(['upgrade', 'web', 'web', '--install', '--wait', '--timeout']);
    expect(upgrade?.args).toEqual(expect.arrayContaining(['--repo', 'https://charts.example.com', '--version', '1.x']));
    expect(upgrade?.args.slice(-4, -2)).toEqual(['--namespace', 'shop']);
    expect(JSON.parse(upgrade?.values ?? '')).toEqual({ replicas: 2, image: { tag: '2' } });
    expect([upgrade?.as, upgrade?.secret]).toEqual(['system:serviceaccount:shop:dev', undefined]);
    expect(world.current()?.status).toMatchObject({ revision: 1, failures: 0, history: [{ chart: 'web-1.0.0' }] });
  });

  it('is upgraded when its values change, and not when nothing does', async () => {
    await using world = await startWorld();
    await world.until(() => world.ready() === 'True Deployed');
    await world.clock.advance(700_000);
    await world.until(async () => verbs(await world.calls()).filter((verb) => verb === 'get').length >= 2);
    expect(verbs(await world.calls()).filter((verb) => verb === 'upgrade')).toHaveLength(1);
    await world.change({ spec: { values: { replicas: 3 } } });
    await world.until(() => world.current()?.status?.revision === 2);
  });

  it('is rolled back when an upgrade fails, tried again, and given up at last', async () => {
    await using world = await startWorld({ retries: 1 });
    await world.until(() => world.ready() === 'True Deployed');
    await writeFile(join(world.root, 'fail'), '');
    await world.change({ spec: { values: { replicas: 3 } } });
    await world.until(() => world.current()?.status?.failures === 1);
    expect(world.ready()).toBe('False UpgradeFailed');
    expect(world.condition('Ready')?.message).toContain('UPGRADE FAILED: context deadline exceeded');
    expect(world.condition('Ready')?.message).toContain('rolled back to revision 1');
    await world.until(() => world.current()?.status?.failures === 2);
    expect(world.condition('Ready')?.message).toContain('given up until the release changes');
    const count = verbs(await world.calls()).filter((verb) => verb === 'upgrade').length;
    await world.clock.advance(2_000_000);
    expect(verbs(await world.calls()).filter((verb) => verb === 'upgrade')).toHaveLength(count);
    await rm(join(world.root, 'fail'));
    await world.change({ spec: { values: { replicas: 4 } } });
    await world.until(() => world.ready() === 'True Deployed');
  });

  it('tells of drift, or repairs it', async () => {
    await using world = await startWorld({ intervalSeconds: 30 });
    await world.until(() => world.ready() === 'True Deployed');
    world.setDrift(ApiError.badRequest('may not look'));
    await world.until(() => world.condition('Drifted')?.reason === 'CheckFailed');
    expect([world.condition('Drifted')?.status, world.ready()]).toEqual(['Unknown', 'True Deployed']);
    world.setDrift(['ConfigMap shop/web']);
    await world.until(() => world.condition('Drifted')?.status === 'True');
    expect(world.condition('Drifted')?.message).toBe('ConfigMap shop/web');
    await world.change({ spec: { drift: 'Repair' } });
    await world.until(() => world.told.includes('DriftRepaired'));
  });

  it('says what is wrong with it, and does not run helm for it', async () => {
    await using world = await startWorld({ chart: { path: 'web' } });
    await world.until(() => world.ready() === 'False InvalidSpec');
    expect(world.condition('Ready')?.message).toContain('set chartDirectory');
    expect(existsSync(join(world.root, 'calls'))).toBe(false);
  });

  it('is uninstalled when it is deleted', async () => {
    await using world = await startWorld();
    await world.until(() => world.ready() === 'True Deployed');
    expect(world.current()?.metadata.finalizers).toEqual([releaseFinalizer]);
    await world.client.delete(helmReleases, { namespace: 'shop', name: 'web' }, { signal: always });
    await world.until(() => world.current() === undefined);
    expect(verbs(await world.calls()).at(-1)).toBe('uninstall');
  });
});

describe('drift', () => {
  it('is what a live object does not say any more', () => {
    const [object] = objectsOf('kind: A\nspec: {a: 1, b: [x], c: {d: on, cpu: 0.1}}\nstringData: {x: y}\n---\n');
    const live = { kind: 'A', spec: { a: '1', b: ['x', 'y'], c: { d: true, cpu: '100m', e: 2 } }, status: {} };
    expect(stillSays(live, object)).toBe(true);
    expect(stillSays({ ...live, spec: { ...live.spec, a: 2 } }, object)).toBe(false);
    expect(stillSays({ ...live, spec: { ...live.spec, b: [] } }, object)).toBe(false);
  });
});
