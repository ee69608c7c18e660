import { setMaxListeners } from 'node:events';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import type { Logger } from 'pino';
import { allSettledOrThrow } from './all-settled-or-throw.js';
import { CachedInformer } from './cached-informer.js';
import type { Client } from './client.js';
import type { Clock } from './clock.js';
import type { Informer, Informers, InformerScope } from './informer.js';

export interface InformersDeps {
  readonly client: Client;
  readonly log: Logger;
  readonly clock: Clock;
  /** In [0, 1); Math.random unless said. */
  readonly random?: (() => number) | undefined;
  /** Tests set it: objects are frozen deep, so that whoever writes to a cache is caught. */
  readonly freezeObjects?: boolean | undefined;
}

/** One informer for each resource and scope, shared by all that ask. Follows: client-go SharedInformerFactory. */
export function createInformers(deps: InformersDeps): Informers {
  const { client, log, clock, random = Math.random, freezeObjects = false } = deps;
  const shared = new Map<string, Informer<KubernetesObject>>();
  let start: ((informer: Informer<KubernetesObject>) => void) | undefined;

  return {
    of<T extends KubernetesObject>(type: ResourceType<T>, scope: InformerScope = {}): Informer<T> {
      const { namespace, labelSelector, fieldSelector } = scope;
      const id = JSON.stringify([type.group, type.version, type.plural, namespace, labelSelector, fieldSelector]);
      const known = shared.get(id);
      if (known !== undefined) return known as unknown as Informer<T>;
      const informer = new CachedInformer<T>({ client, type, scope, clock, log, random, freezeObjects });
      const untyped = informer as unknown as Informer<KubernetesObject>;
      shared.set(id, untyped);
      start?.(untyped);
      return informer;
    },

    async run(signal: AbortSignal): Promise<void> {
      if (start !== undefined) throw new Error('these informers run already');
      setMaxListeners(0, signal); // one listener and more for each informer: not a leak
      const runs: Promise<void>[] = [];
      try {
        await new Promise<void>((resolve, reject) => {
          start = (informer) => runs.push(informer.run(signal).catch(reject));
          for (const informer of shared.values()) start(informer);
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        });
        await allSettledOrThrow(runs);
      } finally {
        start = undefined;
      }
    },

    async whenSynced(signal: AbortSignal): Promise<void> {
      await allSettledOrThrow([...shared.values()].map((informer) => informer.whenSynced(signal)));
    },
  };
}
