import { systemClock } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { HistoryLimits } from '../mvcc/history.js';
import type { Journal } from '../mvcc/journal.js';
import { MvccStore } from '../mvcc/mvcc-store.js';
import { VersionIndex } from '../mvcc/version-index.js';
import type { Store } from '../store.js';

/** Nothing survives: durable means accepted. */
const forgetful: Journal = {
  failure: undefined,
  append: async () => {},
  release: () => {},
  [Symbol.asyncDispose]: async () => {},
};

/** A store for tests: all of the contract but the disk. */
export function createMemoryStore(
  options: { readonly clock?: Clock | undefined; readonly limits?: HistoryLimits | undefined } = {},
): Store {
  const { clock = systemClock, limits = { historyMs: 300_000, historyBytes: 64 * 1024 * 1024 } } = options;
  return new MvccStore({ clock, journal: forgetful, index: new VersionIndex(), limits });
}
