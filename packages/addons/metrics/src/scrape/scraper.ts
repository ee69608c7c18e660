import type { Node } from '@geobuk/api';
import type { Clock, Lister } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import type { SampleStore } from '../samples/sample-store.js';
import { kubeletUrl } from './kubelet-clients.js';
import { readMeasurements } from './read-measurements.js';

export interface ScraperDeps {
  readonly nodeLister: Lister<Node>;
  readonly kubelets: {
    read(url: string, path: string, signal: AbortSignal): Promise<string>;
    keepOnly(urls: ReadonlySet<string>): Promise<void>;
  };
  readonly store: SampleStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resolutionMs: number;
  readonly onAnswer?: ((succeeded: boolean, seconds: number) => void) | undefined;
}

const timeoutMs = 10_000;
/** Kubelets asked at the same time. */
const concurrency = 16;

/**
 * Asks every kubelet once in each period. Kubelets tell nobody when numbers change, so this has to be a period.
 * Follows: metrics-server scraper (/metrics/resource, 10 s of patience).
 */
export class Scraper {
  readonly #deps: ScraperDeps;
  readonly #failing = new Set<string>();
  #turns = 0;

  constructor(deps: ScraperDeps) {
    this.#deps = deps;
  }

  /** Rounds that have ended; after two there are numbers. */
  get turns(): number {
    return this.#turns;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, resolutionMs } = this.#deps;
    try {
      while (!signal.aborted) {
        const now = clock.now();
        // The first at once, the others at round times, which is what history counts in.
        const turnMs = Math.floor(now / resolutionMs) * resolutionMs;
        await this.turn(turnMs, signal);
        await clock.after(Math.max(1_000, turnMs + resolutionMs - clock.now()), { signal });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** One round over all nodes. */
  async turn(turnMs: number, signal: AbortSignal): Promise<void> {
    const { nodeLister, kubelets, store } = this.#deps;
    const nodes = nodeLister.list();
    const targets = nodes.flatMap((node) => {
      const url = kubeletUrl(node);
      return url === undefined ? [] : [{ name: node.metadata.name ?? '', url }];
    });
    await kubelets.keepOnly(new Set(targets.map(({ url }) => url)));
    this.#forgetGone(new Set(targets.map(({ name }) => name)));
    const waiting = [...targets];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await this.#ask(next.name, next.url, turnMs, signal);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, targets.length) }, worker));
    store.history.forgetSilent(turnMs);
    this.#turns += 1;
  }

  async #ask(name: string, url: string, turnMs: number, signal: AbortSignal): Promise<void> {
    const { kubelets, store, clock, log, onAnswer } = this.#deps;
    using limit = deadline(signal, timeoutMs, clock);
    const start = clock.now();
    try {
      const text = await kubelets.read(url, '/metrics/resource', limit.signal);
      store.put(name, readMeasurements(text, start), turnMs);
      if (this.#failing.delete(name)) log.info({ node: name }, 'the kubelet gives its numbers again');
      onAnswer?.(true, (clock.now() - start) / 1000);
    } catch (error) {
      if (signal.aborted) return;
      store.drop(name);
      if (!this.#failing.has(name)) log.warn({ node: name, url, err: error }, 'the kubelet does not give its numbers');
      this.#failing.add(name);
      onAnswer?.(false, (clock.now() - start) / 1000);
    }
  }

  #forgetGone(present: ReadonlySet<string>): void {
    const { store } = this.#deps;
    for (const { node } of [...store.measurements()]) if (!present.has(node)) store.drop(node);
    for (const name of this.#failing) if (!present.has(name)) this.#failing.delete(name);
  }
}
