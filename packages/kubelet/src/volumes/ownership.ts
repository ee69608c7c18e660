import { chmod, lchown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Gives a volume to the pod's fsGroup: group ownership, group rights, and directories that hand the group on.
 * With OnRootMismatch it stops when the root is right already. Follows: SetVolumeOwnership.
 */
export async function giveToGroup(root: string, fsGroup: number, policy: string | undefined): Promise<void> {
  const { gid, mode } = await lstat(root);
  const right = gid === fsGroup && (mode & 0o2070) === 0o2070;
  if (policy === 'OnRootMismatch' && right) return;
  await give(root, fsGroup);
}

async function give(path: string, fsGroup: number): Promise<void> {
  const info = await lstat(path);
  if (info.isDirectory()) for (const entry of await readdir(path)) await give(join(path, entry), fsGroup);
  await lchown(path, info.uid, fsGroup);
  if (info.isSymbolicLink()) return;
  await chmod(path, (info.mode & 0o7777) | (info.isDirectory() ? 0o2770 : 0o660));
}
