import { chmod, mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemClock } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { HistoryLimits } from '../mvcc/history.js';
import { MvccStore } from '../mvcc/mvcc-store.js';
import { VersionIndex } from '../mvcc/version-index.js';
import { StoreError } from '../store.js';
import type { Store } from '../store.js';
import { lockDirectory } from './directory-lock.js';
import { NedbJournal } from './nedb-journal.js';
import { Recovery } from './recovery.js';
import { startJournalWorker } from './start-worker.js';

export interface NedbStoreOptions {
  /** Made if it is missing; mode 0700. Belongs to one process at a time. */
  readonly directory: string;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
  readonly limits?: Partial<HistoryLimits> | undefined;
  /** A file that has grown beyond this is followed by the next one. */
  readonly segmentBytes?: number | undefined;
}

const defaultLimits: HistoryLimits = { historyMs: 300_000, historyBytes: 64 * 1024 * 1024 };

/**
 * The embedded engine: all values in memory, every write in a NeDB of segment files, written and synced by a thread.
 * @throws {StoreError} Unavailable: the directory is in use, damaged, or cannot be written.
 */
export async function openNedbStore(options: NedbStoreOptions): Promise<Store> {
  const { log, clock = systemClock, segmentBytes = 4 * 1024 * 1024 } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const directory = resolve(options.directory);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chmod(directory, 0o700);
    const lock = await lockDirectory(directory);
    const journal = new NedbJournal({ worker: startJournalWorker(), lock });
    try {
      const index = new VersionIndex();
      const recovery = new Recovery({ index, journal, limits });
      const opened = await journal.open(directory, segmentBytes, (segment) => recovery.take(segment));
      if (opened.cutBytes > 0) log.warn({ bytes: opened.cutBytes }, 'cut off a write that a crash interrupted');
      return new MvccStore({ clock, journal, index, limits }, recovery.finish(opened));
    } catch (error) {
      await journal[Symbol.asyncDispose]();
      throw error;
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError('Unavailable', `cannot open the store in ${directory}: ${why}`, { cause: error });
  }
}
