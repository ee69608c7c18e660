import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { AuditBackend } from './auditor.js';

export interface AuditLogConfig {
  /** `-` is the standard output. */
  readonly path: string;
  /** Days after which an old file goes; 0: never. */
  readonly maxAgeDays: number;
  /** How many old files stay; 0: all. */
  readonly maxBackups: number;
  /** MiB at which a file becomes an old one. */
  readonly maxSizeMiB: number;
  /** Old files are gzipped. */
  readonly compress: boolean;
}

export interface AuditLogDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with how many events could not be kept. */
  onLost(events: number): void;
}

/** What waits for a disk that does not take it; beyond, the newest events are lost, and that is said. */
const mostWaitingBytes = 64 * 1024 * 1024;
const retryMs = 1000;
const dayMs = 86_400_000;

/**
 * Audit events as JSON lines in a file that is changed for a new one when it is full. Requests never wait for it: a disk
 * that fails is tried again, and what does not fit into memory meanwhile is counted and logged as lost.
 * Follows: the log backend of kube-apiserver; names of old files as lumberjack gives them.
 */
export class AuditLog implements AuditBackend {
  readonly name = 'log';
  readonly #config: AuditLogConfig;
  readonly #deps: AuditLogDeps;
  #waiting: string[] = [];
  #waitingBytes = 0;
  #lost = 0;
  #file: FileHandle | undefined;
  #fileBytes = 0;
  #writing: Promise<void> | undefined;
  #isClosed = false;
  #hasFailed = false;

  constructor(config: AuditLogConfig, deps: AuditLogDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  write(event: string): void {
    if (this.#isClosed || this.#waitingBytes + event.length > mostWaitingBytes) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(event);
    this.#waitingBytes += event.length + 1;
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
  }

  /** Writes what waits, if the disk takes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // events of one turn go together
    while (this.#waiting.length > 0) {
      const lines = this.#waiting;
      const chunk = Buffer.from(`${lines.join('\n')}\n`);
      this.#waiting = [];
      this.#waitingBytes = 0;
      try {
        await this.#append(chunk);
        if (this.#hasFailed) this.#deps.log.info({ path: this.#config.path }, 'the audit log can be written again');
        this.#hasFailed = false;
        if (this.#lost > 0) this.#deps.log.error({ events: this.#lost }, 'audit events were lost');
        this.#lost = 0;
      } catch (error) {
        if (!this.#hasFailed)
          this.#deps.log.error(
            { err: error, path: this.#config.path },
            'the audit log cannot be written; it is tried again',
          );
        this.#hasFailed = true;
        this.#waiting = [...lines, ...this.#waiting];
        this.#waitingBytes += chunk.length;
        await this.#file?.close().catch(() => undefined);
        this.#file = undefined;
        if (this.#isClosed) {
          this.#lose(this.#waiting.length);
          this.#deps.log.error({ events: this.#lost }, 'audit events were lost');
          this.#waiting = [];
          return;
        }
        await new Promise<void>((resolve) => this.#deps.clock.timer(retryMs, resolve));
      }
    }
  }

  #lose(events: number): void {
    if (this.#lost === 0) this.#deps.log.error({ path: this.#config.path }, 'audit events are being lost');
    this.#lost += events;
    this.#deps.onLost(events);
  }

  async #append(chunk: Buffer): Promise<void> {
    const { path, maxSizeMiB } = this.#config;
    if (path === '-') {
      await new Promise<void>((resolve, reject) =>
        process.stdout.write(chunk, (error) => (error ? reject(error) : resolve())),
      );
      return;
    }
    this.#file ??= await this.#openFile();
    if (this.#fileBytes > 0 && this.#fileBytes + chunk.length > maxSizeMiB * 1024 * 1024) {
      await this.#file.close();
      this.#file = undefined;
      await this.#retire();
      this.#file = await this.#openFile();
    }
    // A write that fails half way is cut off again, so that a retry leaves no torn line.
    try {
      await this.#file.appendFile(chunk);
      this.#fileBytes += chunk.length;
    } catch (error) {
      await this.#file.truncate(this.#fileBytes).catch(() => undefined);
      throw error;
    }
  }

  async #openFile(): Promise<FileHandle> {
    const { path } = this.#config;
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, 'a', 0o600);
    this.#fileBytes = (await file.stat()).size;
    return file;
  }

  /** The full file gets the time in its name; those that are too old or too many go. */
  async #retire(): Promise<void> {
    const { path, compress, maxAgeDays, maxBackups } = this.#config;
    const now = this.#deps.clock.now();
    const extension = extname(path);
    const stem = basename(path, extension);
    const directory = dirname(path);
    const old = join(directory, `${stem}-${timeInName(now)}${extension}`);
    await rename(path, old);
    if (compress) {
      await pipeline(createReadStream(old), createGzip(), createWriteStream(`${old}.gz`, { mode: 0o600 }));
      await rm(old);
    }
    const isOld = new RegExp(
      `^${escaped(stem)}-(\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\d\\.\\d{3})${escaped(extension)}(\\.gz)?$`,
    );
    const backups = (await readdir(directory))
      .flatMap((name) => {
        const time = isOld.exec(name)?.[1];
        return time === undefined ? [] : [{ name, time }];
      })
      .sort((a, b) => (a.time < b.time ? 1 : -1));
    const oldest = timeInName(now - maxAgeDays * dayMs);
    for (const [i, { name, time }] of backups.entries()) {
      if ((maxBackups > 0 && i >= maxBackups) || (maxAgeDays > 0 && time < oldest))
        await rm(join(directory, name), { force: true });
    }
  }
}

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const timeInName = (ms: number): string => new Date(ms).toISOString().replaceAll(':', '-').replace('Z', '');
