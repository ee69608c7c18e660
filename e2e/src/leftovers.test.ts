import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Cluster, busyboxImage } from './cluster.js';

const lines = (command: string, ...args: readonly string[]): readonly string[] =>
  spawnSync(command, args, { encoding: 'utf8' }).stdout.split('\n');

/** What on this machine bears the name of one cluster; other clusters may live beside it. */
function tracesOf(dataDir: string, id: string, port: number): Record<string, readonly string[]> {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dataDir);
      } catch {
        return false; // ended meanwhile
      }
    });
  return {
    mounts: readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dataDir)),
    links: lines('ip', '-br', 'link').filter((line) => line.startsWith(`gb${id}`)),
    tables: lines('nft', 'list', 'tables').filter((line) => line.includes(`geobuk-${id}-`)),
    listening: lines('ss', '-Hltn').filter((line) => line.includes(`:${port} `)),
    processes,
  };
}

const nothing = { mounts: [], links: [], tables: [], listening: [], processes: [] };

it('nothing is mounted, linked, running or listening after geobuk up stopped with --stop-pods', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'geobuk-e2e-'));
  const cluster = await Cluster.up({ dataDir });
  const { id } = JSON.parse(readFileSync(join(dataDir, 'cluster.json'), 'utf8')) as { readonly id: string };
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox')).toMatchObject({ status: 0 });
  expect(cluster.kubectl('run', 'one', `--image=${busyboxImage}`, '--', 'sleep', '3600')).toMatchObject({ status: 0 });
  expect(cluster.kubectl('wait', '--for=condition=Ready', 'pod/one', '--timeout=60s')).toMatchObject({ status: 0 });
  const running = tracesOf(dataDir, id, cluster.port);
  for (const [what, found] of Object.entries(running)) expect(found, what).not.toEqual([]);

  expect(await cluster.stop()).toBe(0);
  expect(tracesOf(dataDir, id, cluster.port)).toEqual(nothing);
  expect(cluster.geobuk('reset', '--yes')).toMatchObject({ status: 0 });
  expect(existsSync(dataDir)).toBe(false);
  rmSync(dataDir, { recursive: true, force: true });
});
