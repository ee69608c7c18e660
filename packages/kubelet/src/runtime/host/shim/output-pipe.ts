import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * One output of a container: a named pipe, not an anonymous one. The container holds it open in both directions, so
 * that it neither gets EPIPE nor ends when the shim dies; the next shim reads on where the last one stopped.
 */
export class OutputPipe {
  readonly #file: string;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;

  constructor(file: string, received: (chunk: Buffer) => void) {
    this.#file = file;
    if (!existsSync(file)) execFileSync('mkfifo', ['-m', '600', file]);
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    // Held by the writer side once it is open; until then a reader of a pipe without writers would see its end.
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on('data', received);
    this.#ended = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('error', () => this.#socket.destroy());
  }

  /** Calls back with the side to give to the process; it is closed here right after. */
  giveTo<T>(use: (fd: number) => T): T {
    const fd = openSync(this.#file, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      return use(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Resolves when every writer is gone and all is read, or after `timeoutMs`. */
  async drained(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#socket.destroy(), timeoutMs);
    await this.#ended;
    clearTimeout(timer);
  }
}
