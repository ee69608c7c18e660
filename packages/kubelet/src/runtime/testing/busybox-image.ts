import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { importImage } from '../images/import-image.js';
import type { ContainerdClient } from '../images/import-image.js';
import { writeImageArchive } from '../images/image-archive.js';
import type { RootEntry } from '../images/image-archive.js';

/** A small Linux made from the static busybox of the machine, for tests without a registry. */
export const busyboxImage = 'geobuk.dev/test/busybox:1';

/** Builds the image and brings it into containerd. @param busybox a static busybox (Debian: busybox-static). */
export async function importBusybox(
  client: ContainerdClient,
  { signal, busybox = '/usr/bin/busybox' }: { readonly signal: AbortSignal; readonly busybox?: string | undefined },
): Promise<void> {
  const { stdout } = await promisify(execFile)(busybox, ['--list']);
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
  const rootfs: readonly RootEntry[] = [
    ...['bin', 'etc', 'proc', 'sys', 'dev', 'root', 'var'].map((path) => ({ path, type: 'directory' }) as const),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'copy', from: busybox, mode: 0o755 },
    ...applets.map((name) => ({ path: `bin/${name}`, type: 'symlink', target: 'busybox' }) as const),
    {
      path: 'etc/passwd',
      type: 'file',
      content: Buffer.from('root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n'),
    },
    { path: 'etc/group', type: 'file', content: Buffer.from('root:x:0:\nnogroup:x:65534:\n') },
  ];
  const directory = await mkdtemp(join(tmpdir(), 'geobuk-busybox-'));
  try {
    const archive = join(directory, 'busybox.tar');
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
    const spec = { reference: busyboxImage, rootfs, architecture, command: ['sh'], env: ['PATH=/bin'] };
    await writeImageArchive(archive, spec, { signal });
    await importImage(client, archive, { signal });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
