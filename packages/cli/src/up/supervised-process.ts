import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

export interface SupervisedProcessSpec {
  readonly name: string;
  /** Arguments of the `geobuk` command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** The command's own script. */
  readonly script: string;
  readonly nodeArgs?: readonly string[] | undefined;
  /** A command that runs the process somewhere else, such as in a network namespace. */
  readonly within?: readonly string[] | undefined;
}

/** Longest time a process may take to stop before it is killed: a kubelet with --stop-pods ends all its containers first. */
const stopTimeoutMs = 90_000;
const firstRestartMs = 500;
const lastRestartMs = 10_000;
/** A process that ran this long is taken as healthy again: the back-off starts anew. */
const healthyMs = 30_000;

/** Ended before it was ever ready: starting it again would fail in the same way. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/**
 * One part of the cluster as a process of its own: started again when it dies, stopped by SIGTERM. The parent's end
 * closes the child's IPC channel, which the child takes as a SIGTERM, so that nothing is left behind.
 */
export class SupervisedProcess {
  readonly #spec: SupervisedProcessSpec;
  readonly #ready: Promise<void>;
  #resolveReady: () => void = () => undefined;
  #rejectReady: (error: Error) => void = () => undefined;
  #wasReady = false;

  constructor(spec: SupervisedProcessSpec) {
    this.#spec = spec;
    this.#ready = new Promise<void>((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.#ready.catch(() => undefined); // run() rejects with the same error
  }

  /** Resolves when the process said for the first time that it serves. @throws {StartError} it ended before that. */
  whenReady(): Promise<void> {
    return this.#ready;
  }

  async run(signal: AbortSignal, say: (line: string) => void): Promise<void> {
    let delayMs = firstRestartMs;
    while (!signal.aborted) {
      const startedAt = Date.now();
      const { code, exitSignal } = await this.#once(signal);
      if (signal.aborted) return;
      if (!this.#wasReady) {
        const error = new StartError(await this.#lastLine());
        this.#rejectReady(error);
        throw error;
      }
      if (Date.now() - startedAt > healthyMs) delayMs = firstRestartMs;
      say(
        `${this.#spec.name} ended (${exitSignal ?? `exit code ${code}`}), starting it again; log: ${this.#spec.logFile}`,
      );
      await after(delayMs, undefined, { signal }).catch(() => undefined);
      delayMs = Math.min(delayMs * 2, lastRestartMs);
    }
  }

  async #once(signal: AbortSignal): Promise<{ code: number | null; exitSignal: NodeJS.Signals | null }> {
    const { args, env, logFile, script, nodeArgs = [], within = [] } = this.#spec;
    const [command = process.execPath, ...rest] = [...within, process.execPath, ...nodeArgs, script, ...args];
    mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(command, rest, {
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, ...env },
      // Its own process group: a terminal's ^C reaches the parent only, which then stops its children in order.
      detached: true,
    });
    closeSync(log);
    child.on('message', (message) => {
      if (message === 'ready') {
        this.#wasReady = true;
        this.#resolveReady();
      }
    });
    return await ended(child, signal);
  }

  async #lastLine(): Promise<string> {
    const text = await readFile(this.#spec.logFile, 'utf8').catch(() => '');
    const line = text.trim().split('\n').at(-1) ?? '';
    return line === '' ? `${this.#spec.name} did not start: see ${this.#spec.logFile}` : line.replace(/^geobuk: /, '');
  }
}

function ended(
  child: ChildProcess,
  signal: AbortSignal,
): Promise<{ code: number | null; exitSignal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      killTimer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
    };
    const done = (): void => {
      signal.removeEventListener('abort', stop);
      clearTimeout(killTimer);
    };
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('exit', (code, exitSignal) => {
      done();
      resolve({ code, exitSignal });
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
