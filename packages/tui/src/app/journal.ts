import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { isConflict, isNotFound, keyOf } from '@geobuk/api';
import type { Cluster } from '../cluster/cluster.js';

/** One change made from here, with what is needed to take it back. */
export interface JournalEntry {
  readonly at: number;
  readonly cluster: Cluster;
  readonly type: ResourceType;
  /** In a few words, such as `scale deployment default/web 3 → 5`. */
  readonly what: string;
  readonly before: KubernetesObject;
  /** The object after the change; undefined: it was deleted. */
  readonly after: KubernetesObject | undefined;
  undone: boolean;
}

/** The object was changed by somebody else since. */
export class UndoConflictError extends Error {
  override readonly name = 'UndoConflictError';
}

const mostEntries = 100;

/** Fields the server owns, and which would keep an object from being created again. */
export function recreatable(object: KubernetesObject): KubernetesObject {
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    managedFields,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    selfLink,
    ...metadata
  } = object.metadata;
  void [
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    managedFields,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    selfLink,
  ];
  const { status: _, ...rest } = object as KubernetesObject & { readonly status?: unknown };
  return { ...rest, metadata };
}

/** Remembers what was changed from here, so that `u` can take it back. In memory: a journal of this session. */
export class Journal {
  readonly #entries: JournalEntry[] = [];

  /** The newest first. */
  get entries(): readonly JournalEntry[] {
    return [...this.#entries].reverse();
  }

  record(entry: Omit<JournalEntry, 'undone'>): void {
    this.#entries.push({ ...entry, undone: false });
    if (this.#entries.length > mostEntries) this.#entries.shift();
  }

  /**
   * Takes a change back: what was deleted is created again, what was edited gets its former fields.
   * @throws {UndoConflictError} somebody changed the object since; nothing is written then.
   */
  async undo(entry: JournalEntry, signal: AbortSignal): Promise<void> {
    if (entry.undone) throw new UndoConflictError(`${entry.what} is undone already`);
    const connection = await entry.cluster.connection(signal);
    const { before, after, type } = entry;
    if (after === undefined) {
      await connection.create(type, recreatable(before), { signal });
    } else {
      const now = await connection.read(type, keyOf(before), { signal }).catch((error: unknown) => {
        if (isNotFound(error)) throw new UndoConflictError(`${keyOf(before).name} is gone`);
        throw error;
      });
      if (now.metadata.uid !== before.metadata.uid || !sameWish(now, after)) {
        throw new UndoConflictError(`${keyOf(before).name} was changed by somebody else since`);
      }
      const wanted = { ...before, metadata: { ...before.metadata, resourceVersion: now.metadata.resourceVersion } };
      await connection.update(type, wanted, { signal }).catch((error: unknown) => {
        if (isConflict(error)) throw new UndoConflictError(`${keyOf(before).name} is being changed by somebody else`);
        throw error;
      });
    }
    entry.undone = true;
  }
}

/** Whether two states of an object wish for the same; status and bookkeeping may differ. */
function sameWish(a: KubernetesObject, b: KubernetesObject): boolean {
  const wish = (object: KubernetesObject): string => {
    const { labels, annotations, ...rest } = recreatable(object).metadata;
    return JSON.stringify(sorted({ ...recreatable(object), metadata: { ...rest, labels, annotations } }));
  };
  return wish(a) === wish(b);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
