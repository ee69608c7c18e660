import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import Datastore from 'nedb-promises';
import { escapeLineEnds, segmentName } from './segment-file.js';
import type { SegmentDocument } from './segment-file.js';

/** Makes new or renamed files of `directory` survive a loss of power. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const openNedb = (filename: string): Datastore<SegmentDocument> => {
  const options = {
    filename,
    afterSerialization: escapeLineEnds,
    beforeDeserialization: (line: string): string => line,
    // The file was checked line by line before, so what NeDB finds bad now is a reason to stop.
    corruptAlertThreshold: 0,
    modes: { fileMode: 0o600, dirMode: 0o700 },
  };
  return Datastore.create(options);
};

/**
 * The segment that is written to: a NeDB of its own, which NeDB loads (and thereby rewrites and syncs) when it is
 * opened. NeDB appends but never syncs, so a second descriptor of the same file does.
 */
export class SegmentWriter {
  readonly segment: number;
  readonly #nedb: Datastore<SegmentDocument>;
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(segment: number, nedb: Datastore<SegmentDocument>, handle: FileHandle, bytes: number) {
    this.segment = segment;
    this.#nedb = nedb;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Opens or begins the file. Its tail has been checked already. */
  static async open(directory: string, segment: number): Promise<SegmentWriter> {
    const file = join(directory, segmentName(segment));
    const nedb = openNedb(file);
    await nedb.load();
    await syncDirectory(directory);
    const handle = await open(file, 'a', 0o600);
    return new SegmentWriter(segment, nedb, handle, (await handle.stat()).size);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** One append and one sync for all `documents`. */
  async append(documents: readonly SegmentDocument[]): Promise<void> {
    await this.#nedb.insertMany([...documents]);
    const [{ size }] = await Promise.all([this.#handle.stat(), this.#handle.datasync()]);
    this.#bytes = size;
  }

  /** Ends this file before what a failed append may have left, so that nothing that was refused is found at the next start. */
  async cutAndClose(): Promise<void> {
    await this.#handle.truncate(this.#bytes);
    await this.#handle.sync();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Takes away a file that was begun and holds nothing yet. */
export async function removeBegun(directory: string, segment: number): Promise<void> {
  const file = join(directory, segmentName(segment));
  await rm(file, { force: true });
  await rm(`${file}~`, { force: true });
  await syncDirectory(directory);
}
