import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { askHaproxy } from './haproxy-socket.js';

const run = promisify(execFile);

export interface HaproxyProcessOptions {
  readonly program: string;
  readonly configFile: string;
  readonly masterSocket: string;
  readonly log: Logger;
  /** A line of the access log. */
  readonly onLine: (line: string) => void;
}

const checkTimeoutMs = 60_000;
const startTimeoutMs = 30_000;
const stopTimeoutMs = 8_000;
/** Between two looks at the master: it does not say when a worker is ready. */
const lookMs = 25;
/** The last complaints of the engine, for the message when it ends. */
const complaintLimit = 20;

interface Worker {
  readonly pid: number;
}

/**
 * The engine's master process with its workers. A reload starts a worker that takes the listening sockets over from the one
 * before, which goes on with its connections until they end: none is dropped.
 * Follows: HAProxy's master-worker mode and `expose-fd listeners`.
 */
export class HaproxyProcess {
  readonly #options: HaproxyProcessOptions;
  readonly #complaints: string[] = [];
  #child: ChildProcess | undefined;
  #ended: Promise<void> | undefined;

  constructor(options: HaproxyProcessOptions) {
    this.#options = options;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @throws {Error} the file would not be taken: the engine's own words. */
  async check(configFile: string): Promise<void> {
    const { program } = this.#options;
    try {
      await run(program, ['-c', '-q', '-f', configFile], { timeout: checkTimeoutMs, maxBuffer: 1 << 20 });
    } catch (error) {
      const { stderr = '' } = error as { readonly stderr?: string };
      throw new Error(`the proxy does not take its configuration: ${wordsOf(stderr)}`, { cause: error });
    }
  }

  /** Starts it and waits for its first worker. @throws {Error} such as a port that is taken. */
  async start(): Promise<void> {
    const { program, configFile, masterSocket, log, onLine } = this.#options;
    await endStale(configFile, log);
    const child = spawn(program, ['-W', '-S', `${masterSocket},mode,600`, '-f', configFile], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once('close', () => resolve());
      child.once('error', () => resolve());
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new Error(`cannot start ${program}: ${error.message}`, { cause: error })));
    });
    lines(child.stdout, onLine);
    lines(child.stderr, (line) => {
      if (!/^\[(WARNING|ALERT)\]/.test(line)) return;
      this.#complaints.push(line);
      this.#complaints.splice(0, this.#complaints.length - complaintLimit);
      log.warn({ said: line }, 'the proxy complains');
    });
    await this.#until(async () => (await this.#workers()).length > 0);
  }

  /** @throws {Error} the new worker does not come up; the former one goes on. */
  async reload(): Promise<void> {
    const before = new Set((await this.#workers()).map(({ pid }) => pid));
    this.#complaints.length = 0;
    this.#child?.kill('SIGUSR2');
    await this.#until(async () => (await this.#workers()).some(({ pid }) => !before.has(pid)));
  }

  /** Resolves when it ended by itself, and gives why. */
  async death(): Promise<string> {
    await this.#ended;
    return `the proxy ended: ${this.#lastWords()}`;
  }

  /** Lets connections end for a moment, then ends it. */
  async stop(): Promise<void> {
    if (!this.running) return;
    this.#child?.kill('SIGUSR1');
    const harder = [
      setTimeout(() => this.#child?.kill('SIGTERM'), stopTimeoutMs),
      setTimeout(() => this.#child?.kill('SIGKILL'), stopTimeoutMs + 2_000),
    ];
    await this.#ended;
    for (const timer of harder) clearTimeout(timer);
  }

  async #workers(): Promise<readonly Worker[]> {
    // "#<PID> <type> <reloads> …", the current workers before "# old workers".
    const text = await askHaproxy(this.#options.masterSocket, 'show proc').catch(() => '');
    const [current = ''] = text.split('# old workers');
    return [...current.matchAll(/^(\d+)\s+worker\s+/gm)].map(([, pid]) => ({ pid: Number(pid) }));
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + startTimeoutMs;
    for (;;) {
      if (await holds()) return;
      if (!this.running) {
        await this.#ended; // so that its last words were heard
        throw new Error(`the proxy did not start: ${this.#lastWords()}`);
      }
      if (this.#complaints.some((line) => /cannot bind|Failed to load worker|Fatal errors/i.test(line)))
        throw new Error(`the proxy did not start: ${this.#lastWords()}`);
      if (Date.now() > giveUp) throw new Error(`the proxy did not start within ${startTimeoutMs / 1000} s`);
      await sleep(lookMs);
    }
  }

  #lastWords(): string {
    return wordsOf(this.#complaints.join('\n')) || 'it did not say why';
  }
}

/** The first complaints, without the engine's prefixes. */
const wordsOf = (text: string): string =>
  text
    .split('\n')
    .filter((line) => line.includes('[ALERT]'))
    .map((line) => line.replace(/^\[ALERT\]\s*(\(\d+\))?\s*:\s*/, ''))
    .filter((line) => !/^(Fatal errors|Error\(s\) found|Some configuration|Current worker)/i.test(line))
    .slice(0, 3)
    .join('; ');

function lines(stream: NodeJS.ReadableStream | null, each: (line: string) => void): void {
  let rest = '';
  stream?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\n');
    rest = (parts.pop() ?? '').slice(-8_192);
    for (const part of parts) each(part);
  });
}

/** A master that an agent which was killed has left behind: it would keep the ports. */
async function endStale(configFile: string, log: Logger): Promise<void> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = await readFile(`/proc/${name}/cmdline`, 'utf8').then(
      (text) => text.split('\0'),
      (): string[] => [], // ended meanwhile
    );
    if (!words.includes(configFile) || !(words[0] ?? '').endsWith('haproxy')) continue;
    log.info({ pid: Number(name) }, 'ending the proxy of an agent before');
    try {
      process.kill(Number(name), 'SIGTERM');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
