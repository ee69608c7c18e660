import { readFile, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { JournalAnswer, JournalRequest, RecordHeader } from './journal-messages.js';
import { SegmentWriter, removeBegun, syncDirectory } from './segment-writer.js';
import { idOf, readSegment, segmentName, segmentNumber } from './segment-file.js';
import type { SegmentDocument } from './segment-file.js';

/** The thread's way back; `transfer` hands the values over without copying them. */
export type Answer = (answer: JournalAnswer, transfer?: readonly ArrayBuffer[]) => void;

/**
 * What runs in the journal's thread: one request after the other. The newest segment takes every record; when it is
 * full the next one begins. Segments are never rewritten: what is still wanted of an old one is appended anew, and
 * then the file goes.
 */
export class JournalThread {
  readonly #answer: Answer;
  #directory = '';
  #segmentBytes = 0;
  /** None after the disk was full: the next record begins a segment. */
  #writer: SegmentWriter | undefined;
  #newest = 0;
  #revision = 0;
  #floor = 0;
  #tail: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  take(request: JournalRequest): void {
    this.#tail = this.#tail.then(() => this.#carryOut(request));
  }

  async #carryOut(request: JournalRequest): Promise<void> {
    try {
      // After a failed sync nobody knows what the disk has: nothing is written again.
      if (this.#failed && request.type !== 'close') throw new Error('an earlier write failed');
      switch (request.type) {
        case 'open':
          return await this.#open(request.directory, request.segmentBytes);
        case 'append':
          return await this.#append(request.records, request.values, request.floor);
        case 'remove':
          await rm(join(this.#directory, segmentName(request.segment)));
          await syncDirectory(this.#directory);
          return this.#answer({ type: 'removed' });
        case 'close':
          await this.#writer?.close();
          return this.#answer({ type: 'closed' });
        default:
          request satisfies never;
      }
    } catch (error) {
      this.#failed = true;
      const { message, code } = error as NodeJS.ErrnoException;
      this.#answer({ type: 'failed', message, code });
    }
  }

  async #open(directory: string, segmentBytes: number): Promise<void> {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    const segments = await this.#segments();
    let cutBytes = 0;
    for (const [i, segment] of segments.entries()) {
      const isLast = i === segments.length - 1;
      const file = join(directory, segmentName(segment));
      const content = await readFile(file);
      const { documents, goodBytes } = readSegment(content, file, { isLast });
      if (goodBytes < content.length) {
        cutBytes = content.length - goodBytes;
        await truncate(file, goodBytes);
      }
      this.#hand(segment, documents, goodBytes);
    }
    const last = segments.at(-1);
    this.#newest = last ?? 1;
    this.#writer = last === undefined ? await this.#begin(1) : await SegmentWriter.open(directory, last);
    this.#answer({ type: 'opened', revision: this.#revision, floor: this.#floor, cutBytes });
  }

  /** The segments' numbers, oldest first, after what a crash may have left of NeDB's own rewriting is settled. */
  async #segments(): Promise<readonly number[]> {
    const names = new Set(await readdir(this.#directory));
    for (const name of names) {
      if (!name.endsWith('~')) continue;
      const whole = name.slice(0, -1);
      if (segmentNumber(whole) === undefined) continue;
      if (names.has(whole)) await rm(join(this.#directory, name));
      else {
        await rename(join(this.#directory, name), join(this.#directory, whole));
        names.add(whole);
      }
    }
    const numbers = [...names].map(segmentNumber).filter((number) => number !== undefined);
    return numbers.sort((a, b) => a - b);
  }

  #hand(segment: number, documents: readonly SegmentDocument[], fileBytes: number): void {
    const values = Buffer.from(new ArrayBuffer(fileBytes)); // in JSON a string is never shorter than its bytes
    const records: RecordHeader[] = [];
    let offset = 0;
    for (const document of documents) {
      if ('format' in document) {
        this.#revision = Math.max(this.#revision, document.revision);
        this.#floor = Math.max(this.#floor, document.floor);
        continue;
      }
      const revision = Number(document._id);
      this.#revision = Math.max(this.#revision, revision);
      const bytes = document.v === undefined ? -1 : values.write(document.v, offset);
      records.push({ key: document.k, revision, bytes });
      offset += Math.max(0, bytes);
    }
    const buffer = values.buffer.slice(0, offset);
    this.#answer({ type: 'segment', segment, records, values: new Uint8Array(buffer) }, [buffer]);
  }

  async #begin(segment: number): Promise<SegmentWriter> {
    const writer = await SegmentWriter.open(this.#directory, segment);
    try {
      await writer.append([this.#header()]);
    } catch (error) {
      await writer.close();
      throw error;
    }
    return writer;
  }

  /** Carries the newest revision over the segments that may go before this one. */
  #header(): SegmentDocument {
    return {
      _id: `floor-${idOf(this.#floor)}-${idOf(this.#revision)}`,
      format: 1,
      revision: this.#revision,
      floor: this.#floor,
    };
  }

  async #append(records: readonly RecordHeader[], values: Uint8Array, floor: number): Promise<void> {
    const writer = await this.#writerWithRoom();
    if (writer === undefined) return;
    const text = Buffer.from(values.buffer, values.byteOffset, values.length);
    const documents: SegmentDocument[] = [];
    if (floor > this.#floor) {
      this.#floor = floor;
      documents.push(this.#header());
    }
    let offset = 0;
    const before = this.#revision;
    for (const { key: k, revision, bytes } of records) {
      const _id = idOf(revision);
      documents.push(bytes < 0 ? { _id, k } : { _id, k, v: text.toString('utf8', offset, offset + bytes) });
      offset += Math.max(0, bytes);
      this.#revision = Math.max(this.#revision, revision);
    }
    try {
      await writer.append(documents);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // The next segment must say what this one could not.
      this.#writer = undefined;
      this.#revision = before;
      await writer.cutAndClose();
      return this.#refuse(error);
    }
    this.#answer({ type: 'appended', segment: writer.segment });
  }

  /** The newest segment, or the next one when that is full or was cut. Without room for one it has answered already. */
  async #writerWithRoom(): Promise<SegmentWriter | undefined> {
    const writer = this.#writer;
    if (writer !== undefined && writer.bytes < this.#segmentBytes) return writer;
    const segment = this.#newest + 1;
    try {
      const next = await this.#begin(segment);
      await writer?.close();
      this.#newest = segment;
      return (this.#writer = next);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      await removeBegun(this.#directory, segment);
      return this.#refuse(error);
    }
  }

  #refuse({ message, code }: NodeJS.ErrnoException): undefined {
    this.#answer({ type: 'refused', message, code });
  }
}

const isDiskFull = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
