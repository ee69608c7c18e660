import type { KubernetesObject } from '@geobuk/api';
import { formatKey } from '@geobuk/api';
import type { Clock, WatchSource } from '@geobuk/client';

/** After this long a missing event is taken as lost, and the controller counts again from what it sees. */
const forgottenAfterMs = 5 * 60_000;

interface Pending {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

/**
 * Keeps a controller from acting twice on what its cache does not show yet: after creating or deleting dependants it waits
 * until their events have come back. Follows: ControllerExpectations (creations are counted, deletions known by uid).
 */
export class Expectations {
  readonly #pending = new Map<string, Pending>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call before the creations. */
  expectCreations(key: string, count: number): void {
    this.#entry(key).creations += count;
  }

  /** Call before the deletions. */
  expectDeletions(key: string, uids: readonly string[]): void {
    const { deletions } = this.#entry(key);
    for (const uid of uids) deletions.add(uid);
  }

  /** A creation failed, or its event came. */
  creationSettled(key: string): void {
    const entry = this.#pending.get(key);
    if (entry !== undefined && entry.creations > 0) entry.creations -= 1;
  }

  /** A deletion failed, or its event came. */
  deletionSettled(key: string, uid: string): void {
    this.#pending.get(key)?.deletions.delete(uid);
  }

  /** Whether the cache shows all that this controller did. */
  satisfied(key: string): boolean {
    const entry = this.#pending.get(key);
    if (entry === undefined) return true;
    const settled = entry.creations === 0 && entry.deletions.size === 0;
    if (!settled && this.#clock.now() - entry.since < forgottenAfterMs) return false;
    this.#pending.delete(key);
    return true;
  }

  forget(key: string): void {
    this.#pending.delete(key);
  }

  /** `source`, with its events also counted here. */
  observing(source: WatchSource): WatchSource {
    return {
      ...source,
      keysOf: (now, before) => {
        const keys = source.keysOf(now, before);
        for (const key of keys) this.#observe(formatKey(key), now, before);
        return keys;
      },
    };
  }

  #observe(key: string, now: KubernetesObject | undefined, before: KubernetesObject | undefined): void {
    if (now !== undefined && before === undefined) this.creationSettled(key);
    const leaving = now === undefined || now.metadata.deletionTimestamp !== undefined;
    const uid = (now ?? before)?.metadata.uid;
    if (leaving && uid !== undefined) this.deletionSettled(key, uid);
  }

  #entry(key: string): Pending {
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const entry: Pending = { creations: 0, deletions: new Set(), since: this.#clock.now() };
    this.#pending.set(key, entry);
    return entry;
  }
}
