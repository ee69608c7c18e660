/** One line of a log and whom it is from. */
export interface LogLine {
  readonly source: string;
  /** As the server sent it, with its time in front. */
  readonly time: string;
  readonly text: string;
}

/** What a line costs beside its text: the object and its place. */
const overheadBytes = 96;

/**
 * The latest lines of logs, bounded by bytes. What has to go leaves from the front and is counted, so that a page can
 * say what is missing instead of hiding it.
 */
export class LogRing {
  readonly #limitBytes: number;
  #lines: LogLine[] = [];
  #start = 0;
  #bytes = 0;
  #dropped = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get length(): number {
    return this.#lines.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that had to go since the last {@link clear}. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Number of the first line held, counted from the first ever. */
  get first(): number {
    return this.#dropped;
  }

  at(index: number): LogLine | undefined {
    return this.#lines[this.#start + index];
  }

  add(line: LogLine): void {
    this.#lines.push(line);
    this.#bytes += costOf(line);
    while (this.#bytes > this.#limitBytes && this.length > 1) {
      this.#bytes -= costOf(this.#lines[this.#start]!);
      // The slot is freed at once; the array is shortened only now and then.
      this.#lines[this.#start] = gone;
      this.#start += 1;
      this.#dropped += 1;
    }
    if (this.#start > 4_096 && this.#start > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#start);
      this.#start = 0;
    }
  }

  clear(): void {
    this.#lines = [];
    this.#start = 0;
    this.#bytes = 0;
    this.#dropped = 0;
  }

  *[Symbol.iterator](): Iterator<LogLine> {
    for (let index = this.#start; index < this.#lines.length; index += 1) yield this.#lines[index]!;
  }
}

const gone: LogLine = { source: '', time: '', text: '' };

const costOf = ({ text, time }: LogLine): number => (text.length + time.length) * 2 + overheadBytes;
