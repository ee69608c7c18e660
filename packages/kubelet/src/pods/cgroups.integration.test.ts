import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import type { Pod } from '@geobuk/api';
import { afterAll, expect, it } from 'vitest';
import { PodCgroups } from './cgroups.js';

// Needs root and writable control groups.

const root = `/geobuk-cgroups-${process.pid}`;
const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const cgroups = new PodCgroups({ root, cpus: 2, memoryBytes: 1 << 30 });
const read = async (controller: string, path: string, file: string): Promise<string> =>
  (await readFile(`/sys/fs/cgroup/${v2 ? '' : controller}${root}/kubepods${path}/${file}`, 'utf8')).trim();
const podOf = (uid: string, resources: object, init?: object): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: uid, namespace: 'default', uid },
  spec: {
    containers: [{ name: 'c', resources }],
    ...(init === undefined ? {} : { initContainers: [{ name: 'i', resources: init }] }),
  },
});
const amounts = (cpu: string, memory: string): object => ({ cpu, memory });

afterAll(async () => {
  for (const uid of await cgroups.uids()) await cgroups.remove(uid);
  await cgroups.removeTree();
});

it('7.9.3 makes a group for each pod below its QoS class, limited by what all its containers may have', async () => {
  const limited = podOf('a', { limits: amounts('500m', '64Mi') }, { limits: amounts('1', '32Mi') });
  const burstable = podOf('b', { requests: amounts('250m', '32Mi') });
  const idle = podOf('c', {});
  for (const pod of [limited, burstable, idle]) cgroups.ensure(pod, [limited, burstable, idle]);
  if (v2) {
    expect(await read('', '/burstable/podb', 'memory.max')).toBe('max');
    expect(await read('', '/poda', 'memory.max')).toBe(String(64 << 20));
    expect(await read('', '/poda', 'cpu.max')).toBe('100000 100000');
  } else {
    expect(await read('memory', '/poda', 'memory.limit_in_bytes')).toBe(String(64 << 20));
    expect(await read('cpu', '/poda', 'cpu.cfs_quota_us')).toBe('100000');
    expect(await read('cpu', '/burstable/podb', 'cpu.shares')).toBe('256');
    expect(await read('cpu', '/burstable', 'cpu.shares')).toBe('256');
    expect(await read('cpu', '/besteffort', 'cpu.shares')).toBe('2');
  }
  expect(await read('memory', '', v2 ? 'memory.max' : 'memory.limit_in_bytes')).toBe(String(1 << 30));
  expect([...(await cgroups.uids())].sort()).toEqual(['a', 'b', 'c']);
});

it('ends the processes of a container that the engine has lost hold of, and no others of the pod', async () => {
  cgroups.ensure(podOf('held', {}), []);
  const group = (id: string): string => `/sys/fs/cgroup/${v2 ? '' : 'memory'}${root}/kubepods/besteffort/podheld/${id}`;
  const inGroup = async (id: string) => {
    await mkdir(group(id));
    const child = spawn('sleep', ['600']);
    await writeFile(`${group(id)}/cgroup.procs`, String(child.pid));
    return { child, ended: once(child, 'exit') };
  };
  const lost = await inGroup('lost');
  const other = await inGroup('other');
  await cgroups.kill('held', ['lost', 'unknown']);
  expect(await lost.ended).toEqual([null, 'SIGKILL']);
  expect(other.child.exitCode).toBe(null);
  other.child.kill('SIGTERM');
  expect(await other.ended).toEqual([null, 'SIGTERM']);
  for (const id of ['lost', 'other']) await rmdir(group(id));
});

it('7.6.1 removes the groups with the pod, known by its uid alone, and the tree with the last', async () => {
  cgroups.ensure(podOf('gone', {}), []);
  await cgroups.remove('gone');
  expect(await cgroups.uids()).not.toContain('gone');
  for (const uid of await cgroups.uids()) await cgroups.remove(uid);
  await cgroups.removeTree();
  expect(existsSync(`/sys/fs/cgroup/${v2 ? '' : 'memory'}${root}`)).toBe(false);
});
