import type { Revision } from '../store/store.js';
import type { StoredObject } from './stored-object.js';
import type { CacheEvent, CachedObject, ObjectFilter } from './watch-cache.js';

const frameEnd = Buffer.from('}\n');

class Event implements CacheEvent {
  readonly type: CacheEvent['type'];
  readonly current: CachedObject;
  readonly revision: Revision;
  #frame: Buffer | undefined;

  constructor(type: CacheEvent['type'], current: CachedObject) {
    this.type = type;
    this.current = current;
    this.revision = current.revision;
  }

  get frame(): Buffer {
    if (this.#frame !== undefined) return this.#frame;
    const { jsonBytes } = this.current;
    const head = `{"type":"${this.type}","object":`;
    const frame = Buffer.allocUnsafe(head.length + jsonBytes + frameEnd.length);
    frame.write(head, 0, 'latin1');
    this.current.copyJson(frame, head.length);
    frameEnd.copy(frame, head.length + jsonBytes);
    this.#frame = frame;
    return frame;
  }

  /** It is made again should a late watcher ask. */
  dropFrame(): void {
    this.#frame = undefined;
  }
}

/** What a watch that begins sends for an object that is there already. */
export const existing = (object: CachedObject): CacheEvent => new Event('ADDED', object);

/** One change of one object, and the up to three ways that watchers may see it, each made once. */
export class Change {
  readonly before: StoredObject | undefined;
  readonly after: StoredObject | undefined;
  readonly revision: Revision;
  #added: Event | undefined;
  #modified: Event | undefined;
  #deleted: Event | undefined;

  constructor(before: StoredObject | undefined, after: StoredObject | undefined, revision: Revision) {
    this.before = before;
    this.after = after;
    this.revision = revision;
  }

  get place(): StoredObject {
    return (this.after ?? this.before)!;
  }

  /** What history keeps for it: the values before and after, and objects. */
  get bytes(): number {
    return 400 + (this.before?.value.length ?? 0) + (this.after?.value.length ?? 0);
  }

  /** The event for a watcher that wants what passes `filter`, if it gets one. Follows: watch with selectors. */
  seenThrough(filter: ObjectFilter | undefined): CacheEvent | undefined {
    const { before, after, revision } = this;
    const had = before !== undefined && (filter === undefined || filter(before));
    const has = after !== undefined && (filter === undefined || filter(after));
    if (has) {
      if (had) return (this.#modified ??= new Event('MODIFIED', after));
      return (this.#added ??= new Event('ADDED', after));
    }
    if (!had) return undefined;
    return (this.#deleted ??= new Event('DELETED', before.at(revision)));
  }

  dropFrames(): void {
    this.#added?.dropFrame();
    this.#modified?.dropFrame();
    this.#deleted?.dropFrame();
  }
}
