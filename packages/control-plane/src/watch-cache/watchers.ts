import type { Change } from './change.js';
import type { CacheEvent, ObjectFilter } from './watch-cache.js';

/** One watch: where it is, what it wants, and how to wake it. */
export interface Watcher {
  /** Its events lie after this revision. */
  readonly after: number;
  readonly filter: ObjectFilter | undefined;
  /** The number of the next change that it has not seen; means nothing while it is idle. */
  next: number;
  /** Has seen everything and waits; changes are then matched here, and it sleeps through those it does not want. */
  idle: boolean;
  /** Matched while it was idle. */
  pending: CacheEvent[];
  wake: () => void;
}

/** How many watchers are woken before the event loop turns: each then encodes and writes to a socket. */
const wakeAtOnce = 64;

export const scopeOf = (namespace: string | undefined, name: string | undefined): string =>
  name === undefined ? (namespace === undefined ? '' : `${namespace}/`) : `${namespace ?? ''}/${name}`;

/** All watches of one resource, by what they look at, so that a change meets only those that it could concern. */
export class Watchers {
  readonly #byScope = new Map<string, Set<Watcher>>();
  #toWake: Watcher[] = [];
  #waking = false;

  add(scope: string, watcher: Watcher): void {
    const set = this.#byScope.get(scope);
    if (set === undefined) this.#byScope.set(scope, new Set([watcher]));
    else set.add(watcher);
  }

  remove(scope: string, watcher: Watcher): void {
    const set = this.#byScope.get(scope);
    set?.delete(watcher);
    if (set?.size === 0) this.#byScope.delete(scope);
  }

  /** Hands `changes` to the idle watchers that want them; the others find them in the history. */
  publish(changes: readonly Change[], end: number): void {
    const touched = new Set<Watcher>();
    for (const change of changes) {
      const { namespace, name } = change.place;
      this.#match(this.#byScope.get(''), change, touched);
      if (namespace !== undefined) this.#match(this.#byScope.get(scopeOf(namespace, undefined)), change, touched);
      if (namespace !== undefined) this.#match(this.#byScope.get(scopeOf(namespace, name)), change, touched);
      this.#match(this.#byScope.get(scopeOf(undefined, name)), change, touched);
    }
    for (const watcher of touched) {
      watcher.idle = false;
      watcher.next = end;
      this.#toWake.push(watcher);
    }
    this.#wakeSome();
  }

  wakeAll(): void {
    for (const set of this.#byScope.values()) for (const watcher of set) watcher.wake();
  }

  #match(watchers: ReadonlySet<Watcher> | undefined, change: Change, touched: Set<Watcher>): void {
    if (watchers === undefined) return;
    for (const watcher of watchers) {
      if (!watcher.idle || change.revision <= watcher.after) continue;
      const event = change.seenThrough(watcher.filter);
      if (event === undefined) continue;
      watcher.pending.push(event);
      touched.add(watcher);
    }
  }

  /** In turns of the event loop; those that wait for theirs meanwhile find more events at once. */
  #wakeSome(): void {
    if (this.#waking) return;
    for (const watcher of this.#toWake.splice(0, wakeAtOnce)) watcher.wake();
    if (this.#toWake.length === 0) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.#wakeSome();
    });
  }
}
