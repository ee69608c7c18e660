import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';

export interface LogindDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** The machine is about to go down (`true`), or not after all. The lock is held until the promise resolves. */
  readonly prepare: (goesDown: boolean) => Promise<void>;
  /** Where the programs of systemd are; the usual path unless said. */
  readonly searchPath?: string | undefined;
}

const match = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
const inhibit = [
  '--what=shutdown',
  '--mode=delay',
  '--who=kubelet',
  '--why=Kubelet needs time to handle node shutdown',
];
const retryMs = 30_000;
/** A program that ends at once has nobody to talk to. */
const shortLifeMs = 2000;

/**
 * Delays a shutdown of the machine until pods have ended, by an inhibitor lock of systemd-logind.
 * Follows: nodeshutdown manager with systemd. Differs: logind's own limit of a delay is left as it is set.
 */
export class Logind {
  readonly #deps: LogindDeps;

  constructor(deps: LogindDeps) {
    this.#deps = deps;
  }

  /** Resolves at once where there is no logind. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      const begun = clock.now();
      const why = await this.#hold(signal);
      if (signal.aborted) return;
      if (clock.now() - begun < shortLifeMs) {
        log.warn({ why }, 'no systemd-logind: nobody tells this node when the machine goes down');
        return;
      }
      await clock.after(retryMs, { signal }).catch(() => undefined);
    }
  }

  /** Holds the lock and listens, until one of the two programs ends. @returns why. */
  async #hold(signal: AbortSignal): Promise<string> {
    const lock = this.#start('systemd-inhibit', [...inhibit, 'sleep', 'infinity'], 'ignore');
    const monitor = this.#start('busctl', ['monitor', '--json=short', `--match=${match}`], 'pipe');
    const ends = [endOf('systemd-inhibit', lock), endOf('busctl', monitor)];
    const stop = (): void => {
      for (const child of [lock, monitor]) child.kill('SIGTERM');
    };
    signal.addEventListener('abort', stop, { once: true });
    let preparing: Promise<void> = Promise.resolve();
    if (monitor.stdout !== null) {
      createInterface({ input: monitor.stdout }).on('line', (line) => {
        const goesDown = preparesForShutdown(line);
        if (goesDown === undefined) return;
        preparing = this.#deps.prepare(goesDown);
        // Giving up the lock is what lets the machine go on.
        void preparing.finally(() => goesDown && stop());
      });
    }
    try {
      const why = await Promise.race(ends);
      stop();
      await Promise.all(ends);
      await preparing;
      return why;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #start(program: string, args: readonly string[], stdout: 'ignore' | 'pipe'): ChildProcess {
    const { searchPath } = this.#deps;
    const env = searchPath === undefined ? process.env : { ...process.env, PATH: searchPath };
    return spawn(program, args, { stdio: ['ignore', stdout, 'ignore'], env });
  }
}

const endOf = (name: string, child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(`${name}: ${error.message}`));
    child.once('exit', (code, by) => resolve(`${name} ended with ${code ?? by}`));
  });

/** @returns `undefined` for a line that says nothing of it. */
export function preparesForShutdown(line: string): boolean | undefined {
  try {
    const { member, payload } = JSON.parse(line) as {
      readonly member?: string;
      readonly payload?: { readonly data?: readonly unknown[] };
    };
    const [value] = payload?.data ?? [];
    return member === 'PrepareForShutdown' && typeof value === 'boolean' ? value : undefined;
  } catch {
    // The monitor says more than signals.
    return undefined;
  }
}
