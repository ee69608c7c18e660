import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { socketBelow } from '../short-socket.js';
import { RuntimeError } from '../runtime.js';
import type { RuntimeErrorCode } from '../runtime.js';
import { readJsonLines, writeJsonLine } from './shim/json-lines.js';
import type { ShimMethod, ShimMethods, ShimReply, StreamLine } from './shim/protocol.js';

export interface ShimClientConfig {
  /** The shim's records, and its socket where the path is short enough. */
  readonly directory: string;
  /** The shim's program. Default: the one built with this package. */
  readonly program?: string | undefined;
}

const startTimeoutMs = 15_000;
/** Between two looks for the socket of a shim that starts. */
const readyCheckMs = 15;

/** The kubelet's end of the host-shim: one connection for calls, one for each stream. Starts the shim when there is none. */
export class ShimClient implements Disposable {
  readonly #directory: string;
  readonly #socketFile: string;
  readonly #program: string;
  readonly #waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #connection: Promise<Socket> | undefined;
  #seq = 0;

  constructor({ directory, program }: ShimClientConfig) {
    this.#directory = directory;
    this.#socketFile = socketBelow(directory, 'shim.sock');
    this.#program = program ?? fileURLToPath(new URL('./shim/main.js', import.meta.url));
  }

  /** @throws {RuntimeError} what the shim refuses; Unavailable when it dies meanwhile or cannot be started. */
  async call<M extends ShimMethod>(
    method: M,
    params: ShimMethods[M][0],
    signal: AbortSignal,
  ): Promise<ShimMethods[M][1]> {
    signal.throwIfAborted();
    const socket = await (this.#connection ??= this.#open());
    const seq = ++this.#seq;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(seq);
        reject(signal.reason);
      };
      const over =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          this.#waiting.delete(seq);
          if (this.#waiting.size === 0) socket.unref();
          signal.removeEventListener('abort', onAbort);
          settle(value);
        };
      socket.ref(); // somebody waits for the answer
      this.#waiting.set(seq, { resolve: over(resolve as (value: never) => void), reject: over(reject) });
      signal.addEventListener('abort', onAbort, { once: true });
      writeJsonLine(socket, { seq, method, params });
    });
  }

  /** A connection of its own that `method` turned into a stream; lines of it go to `received`. */
  async stream<M extends 'exec' | 'attach' | 'subscribe'>(
    method: M,
    params: ShimMethods[M][0],
    received: (line: StreamLine & { readonly podUid?: string | undefined }) => void,
    signal: AbortSignal,
  ): Promise<Socket> {
    signal.throwIfAborted();
    const socket = await this.#connect();
    return new Promise((resolve, reject) => {
      let open = false;
      socket.once('close', () => reject(new RuntimeError('Unavailable', 'lost the host-shim')));
      readJsonLines(socket, (value) => {
        if (open) {
          received(value as StreamLine);
          return;
        }
        open = true;
        const reply = value as ShimReply;
        if ('error' in reply) {
          reject(errorOf(reply.error));
          socket.destroy();
        } else resolve(socket);
      });
      writeJsonLine(socket, { seq: 0, method, params });
    });
  }

  [Symbol.dispose](): void {
    void this.#connection?.then(
      (socket) => socket.destroy(),
      () => undefined,
    );
  }

  async #open(): Promise<Socket> {
    try {
      const socket = await this.#connect();
      readJsonLines(socket, (value) => {
        const reply = value as ShimReply;
        const waiting = this.#waiting.get(reply.seq);
        if ('error' in reply) waiting?.reject(errorOf(reply.error));
        else waiting?.resolve(reply.result as never);
      });
      socket.once('close', () => {
        this.#connection = undefined;
        for (const waiting of [...this.#waiting.values()]) {
          waiting.reject(new RuntimeError('Unavailable', 'the host-shim died'));
        }
      });
      // An idle connection keeps no process alive, as a kubelet that ends has no more use for it.
      socket.unref();
      return socket;
    } catch (error) {
      this.#connection = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Socket> {
    const socket = await tryConnect(this.#socketFile);
    if (socket !== undefined) return socket;
    await this.#start();
    const giveUp = Date.now() + startTimeoutMs;
    for (;;) {
      const started = await tryConnect(this.#socketFile);
      if (started !== undefined) return started;
      if (Date.now() > giveUp) {
        throw new RuntimeError('Unavailable', `the host-shim does not answer at ${this.#socketFile}`);
      }
      await sleep(readyCheckMs);
    }
  }

  async #start(): Promise<void> {
    // Passable for everybody: containers of other users reach their mounts below it.
    await mkdir(this.#directory, { recursive: true, mode: 0o711 });
    await mkdir(dirname(this.#socketFile), { recursive: true, mode: 0o711 });
    // Small heap: the shim only moves bytes.
    const flags = ['--max-old-space-size=64', '--max-semi-space-size=1'];
    const child = spawn(process.execPath, [...flags, this.#program, this.#directory, this.#socketFile], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) =>
        reject(new RuntimeError('Unavailable', `cannot start the host-shim: ${error.message}`, { cause: error })),
      );
    });
    child.unref();
  }
}

/** Records of the shim: who it is, for those who have to end it. */
export const shimProcessFile = (directory: string): string => join(directory, 'shim.pid.json');

const tryConnect = (file: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => {
      socket.off('error', gone);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
    const gone = (): void => resolve(undefined);
    socket.once('error', gone);
  });

const codes = new Set<string>(['NotFound', 'CreateContainer', 'StartContainer', 'Sandbox']);

const errorOf = ({ code, message }: { readonly code: string; readonly message: string }): RuntimeError =>
  new RuntimeError(codes.has(code) ? (code as RuntimeErrorCode) : 'Internal', message);
