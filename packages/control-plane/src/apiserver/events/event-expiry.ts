import { ignoring, isNotFound } from '@geobuk/api';
import type { KubernetesObject } from '@geobuk/api';
import { systemClock } from '@geobuk/client';
import { StoreError } from '../../store/store.js';
import type { CachedObject, WatchCaches } from '../../watch-cache/watch-cache.js';
import { storePrefix } from '../resources/served-resource.js';

export const eventLifeMs = 3_600_000;
/** Nothing tells when an hour is over, and events may live a minute longer. */
const sweepEveryMs = 60_000;

interface Times {
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string };
}

/** When an event was last heard of. */
export function lastSeen(event: KubernetesObject): number {
  const { lastTimestamp, eventTime, series } = event as KubernetesObject & Times;
  const times = [lastTimestamp, eventTime, series?.lastObservedTime, event.metadata.creationTimestamp]
    .map((text) => Date.parse(text ?? ''))
    .filter((time) => Number.isFinite(time));
  return Math.max(0, ...times);
}

/** Lets events go an hour after they were last heard of. Follows: the API server's --event-ttl. */
export class EventExpiry {
  readonly #caches: WatchCaches;
  readonly #now: () => number;

  constructor({ caches, now }: { readonly caches: WatchCaches; now(): number }) {
    this.#caches = caches;
    this.#now = () => now();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await systemClock.after(sweepEveryMs, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      if (!signal.aborted) await this.sweep(signal);
    }
  }

  /** Lets those go whose time is over; says how many. */
  async sweep(signal: AbortSignal): Promise<number> {
    const before = this.#now() - eventLifeMs;
    const isOver = ({ object }: CachedObject) => lastSeen(object) < before;
    let gone = 0;
    const cache = this.#caches.cache(storePrefix('', 'events')); // of both groups
    const { items } = await cache.list({ signal, filter: isOver });
    for (const item of items) {
      // One that was heard of again in this moment stays.
      await cache.delete(item, { signal }).then(
        () => gone++,
        ignoring((error) => isNotFound(error) || (error instanceof StoreError && error.code !== 'Unavailable')),
      );
    }
    return gone;
  }
}
