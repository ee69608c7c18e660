import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { allSettledOrThrow } from '@geobuk/client';
import type { KubeletConfig } from './config.js';
import { openRuntimes } from './open-runtimes.js';
import type { ContainerRuntime } from './runtime/runtime.js';

/** Nobody waits for containers of a node that is thrown away. */
const graceSeconds = 1;

/**
 * Ends and removes all that a kubelet left running below its data directory: containers, sandboxes with their networks, the
 * host-shim and the private containerd. The files stay; call it while no kubelet runs.
 */
export async function eraseNode(
  { dataDir, log }: Pick<KubeletConfig, 'dataDir' | 'log'>,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  if (!existsSync(join(dataDir, 'containerd')) && !existsSync(join(dataDir, 'host'))) return;
  await using runtimes = await openRuntimes({ nodeName: '', server: '', dataDir, log }, signal);
  for (const runtime of [runtimes.engine, runtimes.host]) if (runtime !== undefined) await removeAll(runtime, signal);
  await runtimes.stop(signal);
}

async function removeAll(runtime: ContainerRuntime, signal: AbortSignal): Promise<void> {
  const pods = await runtime.observeAll({ signal });
  await allSettledOrThrow(
    pods.map(async ({ sandboxes, containers }) => {
      for (const { id, state } of containers) {
        if (state === 'running') await runtime.stopContainer(id, graceSeconds, { signal });
        await runtime.removeContainer(id, { signal });
      }
      for (const { id } of sandboxes) {
        await runtime.stopSandbox(id, { signal });
        await runtime.removeSandbox(id, { signal });
      }
    }),
  );
}
