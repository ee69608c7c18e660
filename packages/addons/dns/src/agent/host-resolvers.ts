import { readFile, stat } from 'node:fs/promises';
import { Upstream, parseServerAddress } from './upstream.js';
import type { ServerAddress } from './upstream.js';

/** The servers named in a resolv.conf, without those that would lead back here. Follows: resolv.conf(5). */
export function nameservers(text: string, isOwn: (address: ServerAddress) => boolean): readonly ServerAddress[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((server) => server !== undefined)
    .map((server) => parseServerAddress(server.includes(':') ? `[${server.split('%', 1)[0] ?? ''}]` : server))
    .filter((address) => !isOwn(address));
}

/** There is no event for a changed file on every kind of file system; resolvers of libc look about as often. */
const lookAgainMs = 5_000;

/** The node's own resolvers, read again when the file changes. */
export class HostResolvers {
  readonly #path: string;
  readonly #isOwn: (address: ServerAddress) => boolean;
  readonly #timeoutMs: number;
  #upstreams: readonly Upstream[] = [];
  #changedAt = -1;

  constructor(path: string, isOwn: (address: ServerAddress) => boolean, timeoutMs: number) {
    this.#path = path;
    this.#isOwn = isOwn;
    this.#timeoutMs = timeoutMs;
  }

  get upstreams(): readonly Upstream[] {
    return this.#upstreams;
  }

  async refresh(): Promise<void> {
    const changedAt = await stat(this.#path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
    if (changedAt === undefined || changedAt === this.#changedAt) return;
    const text = await readFile(this.#path, 'utf8');
    this.#changedAt = changedAt;
    const former = this.#upstreams;
    this.#upstreams = nameservers(text, this.#isOwn).map((address) => new Upstream(address, this.#timeoutMs));
    for (const upstream of former) await upstream.close();
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.refresh();
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => void this.refresh().catch(() => undefined), lookAgainMs);
      const stop = (): void => {
        clearInterval(timer);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    for (const upstream of this.#upstreams) await upstream.close();
  }
}
