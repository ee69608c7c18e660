import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ignoring } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../runtime/runtime.js';

export interface LogRotationDeps {
  readonly runtimes: readonly ContainerRuntime[];
  readonly clock: Clock;
  readonly log: Logger;
  /** 10 MiB unless said. */
  readonly maxBytes?: number | undefined;
  /** The current one included; 5 unless said. */
  readonly maxFiles?: number | undefined;
}

const periodMs = 10_000;
const missing = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');

/**
 * Keeps containers' logs small. Looks at sizes every ten seconds: engines do not tell how much they wrote.
 * Follows: container log manager (10 MiB x 5, `<n>.log.<time>`, older ones gzipped).
 */
export class LogRotation {
  readonly #deps: LogRotationDeps;

  constructor(deps: LogRotationDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, runtimes } = this.#deps;
    while (!signal.aborted) {
      await clock.after(periodMs, { signal }).catch(() => undefined);
      for (const runtime of signal.aborted ? [] : runtimes) {
        await this.rotate(runtime, signal).catch((error: unknown) => {
          if (!signal.aborted) log.debug({ runtime: runtime.name, err: error }, 'logs not rotated, trying again');
        });
      }
    }
  }

  /** Rotates what has grown too large now. */
  async rotate(runtime: ContainerRuntime, signal: AbortSignal): Promise<void> {
    const { maxBytes = 10 << 20 } = this.#deps;
    for (const { containers } of await runtime.observeAll({ signal })) {
      for (const { id, state, logPath } of containers) {
        if (state !== 'running' || logPath === '') continue;
        const info = await stat(logPath).catch(missing);
        if (info !== undefined && info.size > maxBytes) await this.#rotateOne(runtime, id, logPath, signal);
      }
    }
  }

  async #rotateOne(runtime: ContainerRuntime, id: string, path: string, signal: AbortSignal): Promise<void> {
    const { clock, maxFiles = 5 } = this.#deps;
    const directory = dirname(path);
    const rotated = (await readdir(directory)).filter((name) => name.startsWith(`${basename(path)}.`)).sort();
    // Of what a crash left half zipped, the whole one is still there.
    for (const name of rotated.filter((one) => one.endsWith('.tmp'))) await rm(join(directory, name), { force: true });
    const whole = rotated.filter((one) => !one.endsWith('.tmp'));
    const tooMany = Math.max(0, whole.length - (maxFiles - 2));
    for (const name of whole.slice(0, tooMany)) await rm(join(directory, name), { force: true });
    for (const name of whole.slice(tooMany)) if (!name.endsWith('.gz')) await compress(join(directory, name));
    const stamp = new Date(clock.now()).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '');
    const aside = `${path}.${stamp.slice(0, 8)}-${stamp.slice(8)}`;
    await rename(path, aside);
    try {
      await runtime.reopenLog(id, { signal });
    } catch (error) {
      // The engine writes on into the old file: it has to have its name again.
      await rename(aside, path);
      throw error;
    }
  }
}

async function compress(path: string): Promise<void> {
  const next = `${path}.tmp`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(next));
  await rename(next, `${path}.gz`);
  await rm(path);
}
