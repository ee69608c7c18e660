import type { Worker } from 'node:worker_threads';
import type { Journal } from '../mvcc/journal.js';
import type { Version } from '../mvcc/version-index.js';
import type { Revision } from '../store.js';
import type { JournalAnswer, JournalRequest } from './journal-messages.js';
import { SegmentTable } from './segment-table.js';

export interface NedbJournalDeps {
  readonly worker: Worker;
  readonly lock: AsyncDisposable;
}

/** The disk was full: nothing of the append is on it, and a later one may succeed. */
class JournalRefusal extends Error {
  override readonly name = 'JournalRefusal';
  readonly code: string | undefined;

  constructor({ message, code }: { readonly message: string; readonly code: string | undefined }) {
    super(message);
    this.code = code;
  }
}

type Answered = (answer: JournalAnswer | Error) => void;

/** Old records are moved in steps of this size between the batches of those who write. */
const moveBytes = 128 * 1024;

/** The journal's near side: sends batches to its thread, and sees to it that files full of waste are emptied. */
export class NedbJournal implements Journal {
  readonly #deps: NedbJournalDeps;
  readonly #table = new SegmentTable();
  /** One for each request under way, in order. */
  readonly #waiting: Answered[] = [];
  readonly #exited: Promise<void>;
  #failure: Error | undefined;
  #floor: Revision = 0;
  #closing = false;
  #emptying: Promise<void> | undefined;

  constructor(deps: NedbJournalDeps) {
    this.#deps = deps;
    deps.worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#exited = new Promise((resolve) => {
      deps.worker.once('exit', () => {
        this.#fail(new Error("the journal's thread has ended"));
        resolve();
      });
    });
  }

  /** Starts the thread on `directory`. `onSegment` gets what is there, file by file, in any order of revisions. */
  async open(
    directory: string,
    segmentBytes: number,
    onSegment: (segment: Extract<JournalAnswer, { type: 'segment' }>) => void,
  ): Promise<Extract<JournalAnswer, { type: 'opened' }>> {
    this.#deps.worker.on('message', (answer: JournalAnswer) => {
      if (answer.type === 'segment') {
        this.#table.begin(answer.segment);
        onSegment(answer);
        return;
      }
      if (answer.type === 'failed') this.#fail(Object.assign(new Error(answer.message), { code: answer.code }));
      this.#waiting.shift()?.(this.#failure ?? answer);
    });
    const answer = await this.#ask({ type: 'open', directory, segmentBytes });
    if (answer.type !== 'opened') throw new Error(`unexpected answer ${answer.type}`);
    this.#floor = answer.floor;
    return answer;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  /** A record that was found at the start. */
  restore(version: Version, segment: number, wanted: boolean): void {
    this.#table.add(version, segment, { wanted });
  }

  async append(versions: readonly Version[]): Promise<void> {
    const segment = await this.#write(versions);
    for (const version of versions) this.#table.add(version, segment);
    this.#emptyWasted();
  }

  release(version: Version, floor: Revision): void {
    this.#floor = Math.max(this.#floor, floor);
    this.#table.release(version);
    this.#emptyWasted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.#emptying;
    if (this.#failure === undefined) await this.#ask({ type: 'close' }).catch(() => undefined); // it ends all the same
    await this.#deps.worker.terminate();
    await this.#exited;
    await this.#deps.lock[Symbol.asyncDispose]();
  }

  async #write(versions: readonly Version[]): Promise<number> {
    const lengths = versions.map((version) => version.value.length);
    const values = Buffer.from(new ArrayBuffer(lengths.reduce((sum, length) => sum + length, 0)));
    let offset = 0;
    const records = versions.map(({ key, modRevision: revision, value, deleted }) => {
      offset += value.copy(values, offset);
      return { key, revision, bytes: deleted ? -1 : value.length };
    });
    const request = { type: 'append', records, values, floor: this.#floor } as const;
    const answer = await this.#ask(request, [values.buffer]);
    if (answer.type === 'refused') throw new JournalRefusal(answer);
    if (answer.type !== 'appended') throw new Error(`unexpected answer ${answer.type}`);
    return answer.segment;
  }

  #ask(request: JournalRequest, transfer: ArrayBuffer[] = []): Promise<JournalAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiting.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      this.#deps.worker.postMessage(request, transfer);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const answered of this.#waiting.splice(0)) answered(this.#failure);
  }

  #emptyWasted(): void {
    if (this.#emptying !== undefined || this.#closing) return;
    const segment = this.#table.mostWasted();
    if (segment === undefined) return;
    this.#emptying = this.#empty(segment)
      .then(
        () => true,
        (error: unknown) => {
          // With a full disk the file stays as it is; the next write that succeeds tries again.
          if (!(error instanceof JournalRefusal)) this.#fail(error instanceof Error ? error : new Error(String(error)));
          return false;
        },
      )
      .then((emptied) => {
        this.#emptying = undefined;
        if (emptied) this.#emptyWasted();
      });
  }

  /** Writes what is wanted of a file anew, in small batches, and then removes it. A crash in between leaves copies. */
  async #empty(segment: number): Promise<void> {
    const wanted = this.#table.wanted(segment);
    for (let start = 0; start < wanted.length || start === 0;) {
      const step: Version[] = [];
      for (let bytes = 0; start < wanted.length && bytes < moveBytes; start++) {
        const version = wanted[start]!;
        if (version.place !== segment) continue; // let go meanwhile
        step.push(version);
        bytes += version.value.length;
      }
      // An empty step too: the floor has to be on disk before the history below it goes.
      const to = await this.#write(step);
      for (const version of step) this.#table.add(version, to, { wanted: version.place !== undefined });
      if (start === 0) break;
    }
    await this.#ask({ type: 'remove', segment });
    this.#table.remove(segment);
  }
}
