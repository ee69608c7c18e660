import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Cluster, busyboxImage } from './cluster.js';

const lines = (command: string, ...args: readonly string[]): readonly string[] =>
  spawnSync(command, args, { encoding: 'utf8' }).stdout.split('\n').sort();
const world = (): Record<string, readonly string[]> => ({
  mounts: readFileSync('/proc/mounts', 'utf8').split('\n').sort(),
  links: lines('ip', '-br', 'link').map((line) => line.split(/[ @]/)[0] ?? ''),
  namespaces: lines('ip', 'netns', 'list'),
  tables: lines('nft', 'list', 'tables'),
  listening: lines('ss', '-Hltn')
    .map((line) => line.split(/\s+/)[3] ?? '')
    .sort(),
});

/** What is there now and was not before; what others on this machine took away meanwhile is none of our business. */
const added = (
  before: Record<string, readonly string[]>,
  now: Record<string, readonly string[]>,
): Record<string, readonly string[]> =>
  Object.fromEntries(
    Object.entries(now).map(([name, entries]) => [name, entries.filter((entry) => !before[name]?.includes(entry))]),
  );

it('nothing is mounted, linked or listening after geobuk up stopped with --stop-pods', async () => {
  const before = world();
  const dataDir = mkdtempSync(join(tmpdir(), 'geobuk-e2e-'));
  const cluster = await Cluster.up({ dataDir });
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox')).toMatchObject({ status: 0 });
  expect(cluster.kubectl('run', 'one', `--image=${busyboxImage}`, '--', 'sleep', '3600')).toMatchObject({ status: 0 });
  expect(cluster.kubectl('wait', '--for=condition=Ready', 'pod/one', '--timeout=60s')).toMatchObject({ status: 0 });
  expect(await cluster.stop()).toBe(0);
  expect(cluster.geobuk('reset', '--yes')).toMatchObject({ status: 0 });
  expect(existsSync(dataDir)).toBe(false);
  expect(added(before, world())).toEqual({ mounts: [], links: [], namespaces: [], tables: [], listening: [] });
  rmSync(dataDir, { recursive: true, force: true });
});
