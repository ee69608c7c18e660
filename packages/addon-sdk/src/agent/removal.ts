import { daemonSets, deployments, isNotFound } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import { addonNamespace } from '../manifests/labels.js';

/** How long a program that was told to stop may ask why. */
const askTimeoutMs = 5_000;

/**
 * Tells a program that was told to stop whether its addon is being removed, so that it must clean up, or whether it is
 * merely restarted, so that traffic must go on meanwhile. The addon reconciler deletes the workload first and waits for
 * its pods before it takes their rights away; so the workload being gone is the sign. An API that does not answer means
 * a restart: what is left behind then is found and taken over by the next start.
 */
export async function isBeingRemoved(
  client: Pick<Client, 'read'>,
  workload: { readonly kind: 'DaemonSet' | 'Deployment'; readonly name: string },
  log: Logger,
): Promise<boolean> {
  using limit = deadline(new AbortController().signal, askTimeoutMs);
  const key = { namespace: addonNamespace, name: workload.name };
  try {
    const { signal } = limit;
    const found =
      workload.kind === 'DaemonSet'
        ? await client.read(daemonSets, key, { signal })
        : await client.read(deployments, key, { signal });
    return found.metadata.deletionTimestamp !== undefined;
  } catch (error) {
    if (isNotFound(error)) return true;
    log.warn({ err: error }, 'the API does not say whether this addon is being removed: leaving everything in place');
    return false;
  }
}
