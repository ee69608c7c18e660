import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Container } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from './atomic-writer.js';
import { containerDevices, containerMounts } from './container-mounts.js';
import { checkHostPath } from './host-path.js';
import { giveToGroup } from './ownership.js';
import type { Payload } from './payload.js';
import type { MountedVolumes } from './volume-manager.js';

async function directory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'volumes-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const payload = (files: Readonly<Record<string, string>>, mode = 0o644): Payload =>
  new Map(Object.entries(files).map(([name, text]) => [name, { data: Buffer.from(text), mode }]));
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o7777;

describe('7.7.2 files made from objects', () => {
  it('change all at once: one link is renamed, and what is gone goes', async () => {
    await using at = await directory();
    await writeAtomically(at.path, payload({ a: '1', 'dir/b': '2' }), undefined);
    const first = await readlink(join(at.path, '..data'));
    expect(await readlink(join(at.path, 'a'))).toBe('..data/a');
    expect(await readFile(join(at.path, 'dir/b'), 'utf8')).toBe('2');
    // What a kubelet that was killed in the middle left.
    await mkdir(join(at.path, '..2020_01_01_00_00_00.dead'));
    await symlink('nowhere', join(at.path, '..data_tmp'));
    await writeAtomically(at.path, payload({ a: '3' }), undefined);
    const second = await readlink(join(at.path, '..data'));
    expect(second).not.toBe(first);
    expect((await readdir(at.path)).sort()).toEqual(['..data', second, 'a'].sort());
    expect(await readFile(join(at.path, 'a'), 'utf8')).toBe('3');
  });

  it('7.7.3 have the mode they ask for, and the pod’s group may read them', async () => {
    await using at = await directory();
    await writeAtomically(at.path, payload({ key: 's' }, 0o400), undefined);
    expect(await modeOf(join(at.path, 'key'))).toBe(0o400);
    if (process.getuid?.() !== 0) return;
    await writeAtomically(at.path, payload({ key: 's' }, 0o400), 1234);
    expect(await modeOf(join(at.path, 'key'))).toBe(0o440);
    expect((await stat(join(at.path, 'key'))).gid).toBe(1234);
  });
});

describe('7.7.3 a volume that is given to the pod’s group', () => {
  it('is writable for it as a whole, and directories hand the group on; with OnRootMismatch only when the root is not right', async () => {
    if (process.getuid?.() !== 0) return;
    await using at = await directory();
    await mkdir(join(at.path, 'dir'));
    await writeFile(join(at.path, 'dir/file'), '', { mode: 0o600 });
    await symlink('/etc/hostname', join(at.path, 'link'));
    await giveToGroup(at.path, 2000, 'OnRootMismatch');
    expect([await modeOf(join(at.path, 'dir/file')), (await stat(join(at.path, 'dir/file'))).gid]).toEqual([
      0o660, 2000,
    ]);
    expect((await modeOf(join(at.path, 'dir'))) & 0o2070).toBe(0o2070);
    expect((await lstat(join(at.path, 'link'))).gid).toBe(2000);
    expect((await stat('/etc/hostname')).gid).not.toBe(2000);
    await chmod(join(at.path, 'dir/file'), 0o600);
    await giveToGroup(at.path, 2000, 'OnRootMismatch');
    expect(await modeOf(join(at.path, 'dir/file'))).toBe(0o600);
    await giveToGroup(at.path, 2000, 'Always');
    expect(await modeOf(join(at.path, 'dir/file'))).toBe(0o660);
  });
});

describe('7.7.1 a path of the node', () => {
  it.each([
    ['', 'missing', undefined],
    ['DirectoryOrCreate', 'new/dir', undefined],
    ['FileOrCreate', 'new-file', undefined],
    ['FileOrCreate', 'no/such/dir/file', 'no such file or directory'],
    ['Directory', 'missing', 'is not a directory'],
    ['File', '.', 'is not a file'],
    ['Socket', '.', 'is not a socket'],
    ['BlockDevice', '/dev/null', 'is not a block device'],
    ['CharDevice', '/dev/null', undefined],
  ])('of type %j at %s', async (type, path, why) => {
    await using at = await directory();
    const check = checkHostPath('v', path.startsWith('/') ? path : join(at.path, path), type);
    if (why === undefined) await check;
    else await expect(check).rejects.toThrow(why);
  });
});

describe('7.7.4 what a container mounts', () => {
  const container = (mount: object): Container => ({
    name: 'main',
    image: 'web:1',
    volumeMounts: [{ name: 'v', mountPath: '/v', ...mount }],
  });
  const mounted = (hostPath: string, changes: object = {}): MountedVolumes => ({
    byName: new Map([['v', { hostPath, readonly: false, ...changes }]]),
    refreshAt: undefined,
  });

  it.each([
    [{}, '', { readonly: false, propagation: 'None' }],
    [{ readOnly: true, mountPropagation: 'HostToContainer' }, '', { readonly: true, propagation: 'HostToContainer' }],
    [{ mountPropagation: 'Bidirectional' }, '', { propagation: 'Bidirectional' }],
    [{ subPath: 'a/b' }, 'a/b', {}],
    [{ subPathExpr: 'logs-$(POD)' }, 'logs-web', {}],
  ])('%j', async (wanted, below, expected) => {
    await using at = await directory();
    const [mount] = await containerMounts(container(wanted), mounted(at.path), [{ name: 'POD', value: 'web' }]);
    expect(mount).toMatchObject({
      containerPath: '/v',
      hostPath: join(at.path, below).replace(/\/$/, ''),
      ...expected,
    });
    expect((await stat(mount?.hostPath ?? '')).isDirectory()).toBe(true);
  });

  it.each([
    [{ subPath: '../etc' }, "must not contain '..'"],
    [{ subPath: '/etc' }, 'must not be an absolute path'],
    [{ subPath: 'out' }, 'it leads outside of its volume'],
    [{ subPath: 'out/new' }, 'it leads outside of its volume'],
    [{ name: 'other' }, 'cannot find volume "other"'],
    [{ recursiveReadOnly: 'Enabled', readOnly: true }, 'not supported by the runtime'],
  ])('is refused: %j', async (wanted, why) => {
    await using at = await directory();
    await using elsewhere = await directory();
    await symlink(elsewhere.path, join(at.path, 'out'));
    await expect(containerMounts(container(wanted), mounted(at.path), [])).rejects.toThrow(why);
    expect(await readdir(elsewhere.path)).toEqual([]);
  });

  it('7.7.5 is refused while a variable of its path is not there, and not after', async () => {
    await using at = await directory();
    const wanted = container({ subPathExpr: '$(MISSING)/x' });
    await expect(containerMounts(wanted, mounted(at.path), [])).rejects.toThrow('missing value for a variable');
    const [mount] = await containerMounts(wanted, mounted(at.path), [{ name: 'MISSING', value: 'here' }]);
    expect(mount?.hostPath).toBe(join(at.path, 'here/x'));
  });

  it('may be a device, where the volume is one', () => {
    const wanted: Container = { name: 'main', image: 'web:1', volumeDevices: [{ name: 'v', devicePath: '/dev/xvda' }] };
    const volume = mounted('/dev/loop7', { block: true });
    expect(containerDevices(wanted, volume)).toEqual([
      { hostPath: '/dev/loop7', containerPath: '/dev/xvda', permissions: 'mrw' },
    ]);
    expect(() => containerDevices(wanted, mounted('/tmp'))).toThrow('volumeMode Filesystem');
  });
});
