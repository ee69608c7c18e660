import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, busyboxImage, eventually } from './cluster.js';

interface AddonRow {
  readonly name: string;
  readonly enabled: boolean;
  readonly phase: string;
  readonly problem?: string;
  readonly hint?: string;
}

let cluster: Cluster;
let directory: string;

const rows = (): readonly AddonRow[] => JSON.parse(cluster.geobuk('addon', 'list', '-o', 'json').stdout) as AddonRow[];
const lines = (command: string, ...args: readonly string[]): readonly string[] =>
  spawnSync(command, args, { encoding: 'utf8' }).stdout.split('\n');

/** Kinds whose objects come and go by themselves while a cluster idles. */
const lively = new Set([
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'addonpackages.addons.geobuk.dev',
]);

function objects(): readonly string[] {
  const { stdout } = cluster.kubectl('api-resources', '--verbs=list', '-o', 'name');
  const kinds = stdout
    .trim()
    .split('\n')
    .filter((kind) => kind !== '' && !lively.has(kind));
  const found = cluster.kubectl('get', kinds.join(','), '-A', '-o', 'name', '--ignore-not-found', '--show-kind').stdout;
  return found
    .split('\n')
    .filter((name) => name !== '')
    .sort();
}

/** Programs of addons: the host runtime starts each from a package that is an addon's. */
function programs(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return environment.includes('GEOBUK_ADDON_CLUSTER=') && environment.includes(cluster.dataDir) ? [words] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

/** Everything on this machine that an addon of this cluster could have left. */
function traces(id: string) {
  const { dataDir } = cluster;
  return {
    objects: objects(),
    tables: lines('nft', 'list', 'tables').filter((line) => line.includes(id)),
    links: lines('ip', '-br', 'link').filter((line) => line.startsWith(`gb${id}`)),
    routes: lines('ip', 'route').filter((line) => line.includes(`gb${id}`)),
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dataDir) && !line.includes('/containerd/')),
    programs: programs(),
    networks: readdirSync(join(dataDir, 'containerd/cni'), { recursive: true }).map(String).sort(),
  };
}

/** The folders of the addons' packages; each bears the name of its addon, so that new ones join by themselves. */
const packageNames = readdirSync(fileURLToPath(new URL('../../packages/addons', import.meta.url)));

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'geobuk-all-'));
  const config = join(directory, 'config.yaml');
  // Without a pod network no node becomes ready, so that one has to be there for the start.
  const off = packageNames.filter((name) => name !== 'network').map((name) => ({ name, enabled: false }));
  writeFileSync(config, JSON.stringify({ addons: off }));
  cluster = await Cluster.up({ args: ['--config', config] });
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox')).toMatchObject({ status: 0 });
}, 300_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

describe('all addons at once', () => {
  it('become Ready on a fresh cluster, and leave nothing when they go (A5, A13)', async () => {
    const { id } = JSON.parse(readFileSync(join(cluster.dataDir, 'cluster.json'), 'utf8')) as { readonly id: string };
    const started = rows();
    expect(started.filter(({ enabled }) => enabled).map(({ name }) => name)).toEqual(['network']); // A10
    const names = started.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(packageNames));
    expect(cluster.geobuk('addon', 'disable', 'network')).toMatchObject({ status: 0 });
    await eventually(rows, (all) => all.every(({ phase }) => phase === 'Disabled'), 120_000, 1_000);
    await eventually(programs, (left) => left.length === 0, 60_000);
    const before = traces(id);
    const { tables, links, routes } = before;
    expect({ tables, links, routes }).toEqual({ tables: [], links: [], routes: [] });

    for (const name of names)
      expect(cluster.kubectl('patch', 'addon', name, '--type=merge', '-p', '{"spec":{"enabled":true}}').stderr).toBe(
        '',
      );
    const isUp = (all: readonly AddonRow[]): boolean =>
      // One that says what of the machine it lacks is right to; everything else has to work.
      all.every(
        ({ phase, hint, problem }) =>
          phase === 'Ready' ||
          (phase === 'Blocked' && hint !== undefined) ||
          (phase === 'Failed' && problem?.includes('is not installed on node') === true),
      );
    const up = await eventually(rows, isUp, 300_000, 2_000);
    expect(up.filter(({ phase }) => phase === 'Ready').length).toBeGreaterThan(5);
    // The first pod of the network makes its links.
    expect(cluster.kubectl('run', 'sailor', `--image=${busyboxImage}`, '--', 'sleep', '3600').stderr).toBe('');
    expect(cluster.kubectl('wait', '--for=condition=Ready', 'pod/sailor', '--timeout=90s').stderr).toBe('');
    const during = traces(id);
    expect(cluster.kubectl('delete', 'pod', 'sailor', '--grace-period=1').stderr).toBe('');
    for (const what of ['objects', 'tables', 'links', 'programs', 'networks'] as const)
      expect(during[what].length, what).toBeGreaterThan(before[what].length);

    for (const name of names)
      expect(cluster.kubectl('patch', 'addon', name, '--type=merge', '-p', '{"spec":{"enabled":false}}').stderr).toBe(
        '',
      );
    await eventually(rows, (all) => all.every(({ phase }) => phase === 'Disabled'), 300_000, 2_000);
    // Pods end after the objects that made them.
    await eventually(
      () => traces(id),
      (now) => JSON.stringify(now) === JSON.stringify(before),
      120_000,
      3_000,
    ).catch(() => undefined);
    expect(traces(id)).toEqual(before);
    const kept = cluster.kubectl('get', 'addonpackages', '-o', 'name').stdout.trim();
    expect(kept).toBe('');
  }, 900_000);
});
