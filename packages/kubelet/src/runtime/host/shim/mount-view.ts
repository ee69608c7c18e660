import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { ShimError } from './shim-error.js';

/**
 * A directory where a container's mounts stand at their paths, as links.
 * Follows: $CONTAINER_SANDBOX_MOUNT_POINT of Windows HostProcess containers.
 * Differs: links cannot make a mount read-only; host pods may write to the node anyway.
 * @throws {ShimError} CreateContainer for a mount inside another one.
 */
export function makeMountView(
  root: string,
  mounts: readonly { readonly hostPath: string; readonly containerPath: string }[],
): void {
  mkdirSync(root, { recursive: true, mode: 0o755 });
  const paths = mounts.map(({ hostPath, containerPath }) => ({ hostPath, path: posix.normalize(`/${containerPath}`) }));
  for (const { hostPath, path } of paths) {
    const outer = paths.find((other) => other.path !== path && path.startsWith(`${other.path}/`));
    if (outer !== undefined) {
      throw new ShimError(
        'CreateContainer',
        `mount ${path} is inside mount ${outer.path}, which host pods cannot have`,
      );
    }
    const link = join(root, path);
    mkdirSync(dirname(link), { recursive: true, mode: 0o755 });
    symlinkSync(hostPath, link);
  }
}
