import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PrivateContainerd } from '../containerd/private-containerd.js';
import { openCriRuntime } from '../cri/cri-runtime.js';
import type { CriRuntime } from '../cri/cri-runtime.js';
import { importBusybox } from './busybox-image.js';

export interface ContainerdUnderTest extends AsyncDisposable {
  readonly directory: string;
  readonly containerd: PrivateContainerd;
  readonly runtime: CriRuntime;
}

const silent = { info: () => undefined, warn: () => undefined };

/** A private containerd in a directory of its own, with the busybox image. Disposing takes everything away again. */
export async function openContainerdUnderTest(
  config: { readonly cniConfDir?: string; readonly cniBinDir?: string } = {},
): Promise<ContainerdUnderTest> {
  const { signal } = new AbortController();
  const directory = await mkdtemp(join(tmpdir(), 'geobuk-containerd-'));
  const containerd = await PrivateContainerd.open({ directory, ...config }, { log: silent }, { signal });
  await importBusybox(containerd.client, { signal });
  const runtime = await openCriRuntime({ socket: containerd.socket }, { signal });
  return {
    directory,
    containerd,
    runtime,
    [Symbol.asyncDispose]: async () => {
      for (const pod of await runtime.observeAll({ signal })) {
        for (const { id } of pod.sandboxes) {
          await runtime.stopSandbox(id, { signal });
          await runtime.removeSandbox(id, { signal });
        }
      }
      runtime[Symbol.dispose]();
      await containerd.stop();
      for (const mount of (await mountsBelow(directory)).toReversed()) await promisify(execFile)('umount', [mount]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Mount points below a directory, outer before inner. */
export async function mountsBelow(directory: string): Promise<readonly string[]> {
  const lines = (await readFile('/proc/self/mounts', 'utf8')).split('\n');
  return lines.map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${directory}/`));
}
