import { watch } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';

export interface PluginSocketsDeps {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** All sockets there are now. `id` is another one when a socket was made anew at the same path. */
  readonly changed: (sockets: ReadonlyMap<string, string>) => void;
}

/** inotify tells at once; this only catches what it cannot tell, such as a directory that was moved away and back. */
const safetyPeriodMs = 60_000;
/** A plugin binds its socket a moment before it listens; several changes are looked at together. */
const settleMs = 50;

const missing = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');

/** The sockets by which plugins make themselves known. Follows: pluginwatcher: names that begin with a dot are no plugins. */
export class PluginSockets {
  readonly #deps: PluginSocketsDeps;
  #last = '';

  constructor(deps: PluginSocketsDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { directory, clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        await mkdir(directory, { recursive: true, mode: 0o750 });
        await this.#follow(directory, signal);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ directory, err: error }, 'plugins not looked for, trying again');
        await clock.after(1000, { signal }).catch(() => undefined);
      }
    }
  }

  /** Until the watch breaks or the safety period is over. */
  async #follow(directory: string, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    let wake: () => void = () => undefined;
    let changed = false;
    let ended: unknown;
    const watcher = watch(directory, { persistent: false }, () => {
      changed = true;
      wake();
    });
    watcher.on('error', (error) => {
      ended = error;
      wake();
    });
    const onAbort = (): void => wake();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const until = clock.now() + safetyPeriodMs;
      await this.#look(directory);
      while (!signal.aborted && ended === undefined && clock.now() < until) {
        if (!changed) {
          await new Promise<void>((resolve) => {
            const timer = clock.timer(until - clock.now(), resolve);
            wake = () => {
              timer[Symbol.dispose]();
              resolve();
            };
          });
        }
        if (signal.aborted) return;
        await clock.after(settleMs, { signal }).catch(() => undefined);
        changed = false;
        await this.#look(directory);
      }
      if (ended !== undefined) throw ended;
    } finally {
      signal.removeEventListener('abort', onAbort);
      watcher.close();
    }
  }

  async #look(directory: string): Promise<void> {
    const sockets = new Map<string, string>();
    for (const name of (await readdir(directory).catch(missing)) ?? []) {
      if (name.startsWith('.')) continue;
      const path = join(directory, name);
      const stat = await lstat(path).catch(missing);
      if (stat?.isSocket() === true) sockets.set(path, `${stat.ino}-${stat.ctimeMs}`);
    }
    const now = JSON.stringify([...sockets]);
    if (now === this.#last) return;
    this.#last = now;
    this.#deps.changed(sockets);
  }
}
