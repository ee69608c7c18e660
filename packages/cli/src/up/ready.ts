import type { Addon, Node } from '@geobuk/api';
import { addons, nodes } from '@geobuk/api';
import type { Informers } from '@geobuk/client';

/** What a start still waits for; empty when the cluster is ready. Pure, so that the wait can be tested by tables. */
export function waitingFor(
  wantedNodes: readonly string[],
  seenNodes: readonly Node[],
  seenAddons: readonly Addon[],
  expectAddons: boolean,
): readonly string[] {
  const missing: string[] = [];
  for (const name of wantedNodes) {
    const node = seenNodes.find((candidate) => candidate.metadata.name === name);
    const ready = node?.status?.conditions?.find((condition) => condition.type === 'Ready');
    if (node === undefined) missing.push(`node ${name} to register`);
    else if (ready?.status !== 'True')
      missing.push(`node ${name} to be Ready${ready?.message ? ` (${ready.message})` : ''}`);
  }
  if (expectAddons && seenAddons.length === 0) missing.push('the addons to be listed');
  for (const addon of seenAddons) {
    if (!addon.spec.enabled) continue;
    const phase = addon.status?.phase ?? 'Pending';
    if (phase !== 'Ready')
      missing.push(`addon ${addon.metadata.name} to be Ready (${addon.status?.lastError?.message ?? phase})`);
  }
  return missing;
}

/**
 * Waits, by watch, until all of `wantedNodes` and every enabled addon are Ready.
 * @param say is told each time what is waited for has changed.
 */
export async function whenClusterReady(
  informers: Informers,
  wantedNodes: readonly string[],
  expectAddons: boolean,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const nodeInformer = informers.of(nodes);
  const addonInformer = informers.of(addons);
  await nodeInformer.whenSynced(signal);
  await addonInformer.whenSynced(signal);
  await new Promise<void>((resolve, reject) => {
    let last = '';
    const subscriptions: Disposable[] = [];
    const finish = (): void => {
      signal.removeEventListener('abort', abort);
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
    };
    const abort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const look = (): void => {
      const missing = waitingFor(wantedNodes, nodeInformer.lister.list(), addonInformer.lister.list(), expectAddons);
      if (missing.length === 0) {
        finish();
        resolve();
        return;
      }
      const line = `waiting for ${missing.join(', ')}`;
      if (line !== last) say(line);
      last = line;
    };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) {
      abort();
      return;
    }
    subscriptions.push(nodeInformer.subscribe({ changed: look }), addonInformer.subscribe({ changed: look }));
    look();
  });
}
