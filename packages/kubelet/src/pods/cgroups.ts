import { readdir, rmdir } from 'node:fs/promises';
import { ignoring } from '@geobuk/api';

const mountPoint = '/sys/fs/cgroup';
/** Not there, not ours, or a child is just leaving: what stays is empty and costs nothing. */
const harmless = new Set(['ENOENT', 'ENOTDIR', 'EBUSY', 'EROFS', 'EACCES', 'EPERM', 'ENOTEMPTY']);

/** The engine made the pod's cgroup as the parent of its containers' and leaves it there. */
export async function removeCgroups(path: string): Promise<void> {
  const ignore = ignoring((error) => harmless.has((error as NodeJS.ErrnoException).code ?? ''));
  // One tree with version 2; with version 1 one for each controller.
  const hierarchies = ['', ...((await readdir(mountPoint).catch(ignore)) ?? [])];
  for (const hierarchy of hierarchies) await rmdir(`${mountPoint}/${hierarchy}${path}`).catch(ignore);
}

/** What is left of a cluster's tree when none of its pods runs any more. */
export async function removeCgroupTree(root: string): Promise<void> {
  for (const below of ['/kubepods/besteffort', '/kubepods/burstable', '/kubepods', ''])
    await removeCgroups(root + below);
}
