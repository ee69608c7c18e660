import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Longer lines are written in pieces marked P. Follows: containerd's max_container_log_line_size. */
const pieceBytes = 16 << 10;
const newline = 0x0a;

/** `2026-01-02T03:04:05.678901234Z`. */
export function rfc3339Nano(epochMs: number, nanosOfMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}${String(nanosOfMs).padStart(6, '0')}Z`;
}

/** A container's log file. Follows: CRI log format, `<time> stdout|stderr F|P <text>`. */
export class LogWriter {
  readonly #file: string;
  readonly #rest = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  #fd: number;

  constructor(file: string) {
    this.#file = file;
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    this.#fd = openSync(file, 'a', 0o640);
  }

  /** Writes the whole lines; an unfinished one waits for its end. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    const rest = this.#rest[stream];
    let data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const out: (Buffer | string)[] = [];
    const stamp = `${rfc3339Nano(Date.now(), Number(process.hrtime.bigint() % 1_000_000n))} ${stream} `;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
      const line = data.subarray(0, end);
      data = data.subarray(end + 1);
      this.#piece(out, stamp, line, 'F');
    }
    while (data.length > pieceBytes) {
      this.#piece(out, stamp, data.subarray(0, pieceBytes), 'P');
      data = data.subarray(pieceBytes);
    }
    this.#rest[stream] = Buffer.from(data);
    this.#append(out);
  }

  /** After a rotation renamed the file: goes on in a new one. */
  reopen(): void {
    closeSync(this.#fd);
    this.#fd = openSync(this.#file, 'a', 0o640);
  }

  /** Writes what had no newline, and closes. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream].length > 0) this.write(stream, Buffer.from('\n'));
    }
    closeSync(this.#fd);
  }

  #piece(out: (Buffer | string)[], stamp: string, line: Buffer, tag: 'F' | 'P'): void {
    let left = line;
    while (left.length > pieceBytes) {
      out.push(`${stamp}P `, left.subarray(0, pieceBytes), '\n');
      left = left.subarray(pieceBytes);
    }
    out.push(`${stamp}${tag} `, left, '\n');
  }

  #append(parts: readonly (Buffer | string)[]): void {
    if (parts.length === 0) return;
    const data = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    for (let at = 0; at < data.length;) at += writeSync(this.#fd, data, at);
  }
}
