import type { Addon, Node } from '@geobuk/api';
import { addons, nodes } from '@geobuk/api';
import type { Clock, Informers } from '@geobuk/client';

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
  return [...missing, ...addonsMissing(seenAddons)];
}

/** Those that are merely on their way in one word, then those that can say what holds them up. */
function addonsMissing(seen: readonly Addon[]): readonly string[] {
  const unready = seen.filter(({ spec, status }) => spec.enabled && status?.phase !== 'Ready');
  const silent = unready.filter((addon) => reasonOf(addon) === undefined).map(({ metadata }) => metadata.name);
  const telling = unready.flatMap((addon) => {
    const reason = reasonOf(addon);
    return reason === undefined ? [] : [`addon ${addon.metadata.name} to be Ready (${reason})`];
  });
  if (silent.length === 0) return telling;
  return [`addon${silent.length > 1 ? 's' : ''} ${silent.join(', ')} to be Ready`, ...telling];
}

/** Nothing for the phases that every addon goes through. */
function reasonOf({ status }: Addon): string | undefined {
  const { phase = 'Pending', lastError } = status ?? {};
  return lastError?.message ?? (phase === 'Pending' || phase === 'Installing' ? undefined : phase);
}

/** A start changes many objects at once: they are told of together. */
const sayAfterMs = 1_000;

/**
 * Waits, by watch, until all of `wantedNodes` and every enabled addon are Ready.
 * @param say is told when what is waited for has changed, once for all changes of a second.
 */
export async function whenClusterReady(
  informers: Informers,
  wantedNodes: readonly string[],
  expectAddons: boolean,
  say: (line: string) => void,
  clock: Pick<Clock, 'timer'>,
  signal: AbortSignal,
): Promise<void> {
  const nodeInformer = informers.of(nodes);
  const addonInformer = informers.of(addons);
  await nodeInformer.whenSynced(signal);
  await addonInformer.whenSynced(signal);
  await new Promise<void>((resolve, reject) => {
    let last = '';
    let told: Disposable | undefined;
    const subscriptions: Disposable[] = [];
    const finish = (): void => {
      signal.removeEventListener('abort', abort);
      told?.[Symbol.dispose]();
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
    };
    const abort = (): void => {
      finish();
      reject(signal.reason as Error);
    };
    const missing = (): readonly string[] =>
      waitingFor(wantedNodes, nodeInformer.lister.list(), addonInformer.lister.list(), expectAddons);
    const tell = (): void => {
      told = undefined;
      const line = `waiting for ${missing().join(', ')}`;
      if (line !== last) say(line);
      last = line;
    };
    const look = (): void => {
      if (missing().length > 0) {
        told ??= clock.timer(sayAfterMs, tell);
        return;
      }
      finish();
      resolve();
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
