import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PodDirectories } from './pod-directories.js';

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'geobuk-directories-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

it('7.3.9 finds pods that left nothing but logs, and removes those by uid alone', async () => {
  const directories = new PodDirectories(join(root, 'pods'), join(root, 'logs'));
  await mkdir(join(root, 'pods', 'uid-1'), { recursive: true });
  for (const name of ['default_web_uid-2', 'default_web_uid-20', 'foreign'])
    await mkdir(join(root, 'logs', name, 'c'), { recursive: true });
  expect([...(await directories.uids())].sort()).toEqual(['uid-1', 'uid-2', 'uid-20']);
  await directories.removeLogsOf('uid-2');
  expect((await readdir(join(root, 'logs'))).sort()).toEqual(['default_web_uid-20', 'foreign']);
});

it('refuses a uid that leads elsewhere', async () => {
  const directories = new PodDirectories(join(root, 'pods'), join(root, 'logs'));
  await expect(directories.remove('../logs')).rejects.toThrow('no directory for a pod');
});
