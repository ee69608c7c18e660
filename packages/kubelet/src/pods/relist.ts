import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { RuntimeError } from '../runtime/runtime.js';
import type { ContainerRuntime, PodState } from '../runtime/runtime.js';

export interface RelistDeps {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether anything could change in the runtime without our doing. */
  readonly busy: () => boolean;
  readonly changed: (uid: string) => void;
}

/** Engines without events are asked this often while something runs. containerd before 1.7 has none. */
const periodMs = 1000;
/** With events a relist only catches what got lost between two streams. */
const safetyPeriodMs = 60_000;

const fingerprint = ({ sandboxes, containers }: PodState): string =>
  [...sandboxes, ...containers].map(({ id, state }) => `${id}=${state}`).join(' ');

/**
 * Wakes the workers of pods whose containers changed without them. Follows: PLEG, generic and evented.
 */
export class Relist {
  readonly #deps: RelistDeps;
  #known = new Map<string, string>();

  constructor(deps: RelistDeps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, runtime } = this.#deps;
    while (!signal.aborted) {
      try {
        const events = runtime.events({ signal });
        if (events !== undefined) void this.#follow(events, signal);
        await this.#relistWhile(events !== undefined, signal);
      } catch (error) {
        if (signal.aborted) return;
        const unavailable = error instanceof RuntimeError && error.code === 'Unavailable';
        log[unavailable ? 'debug' : 'warn']({ runtime: runtime.name, err: error }, 'relist failed, trying again');
        await clock.after(periodMs, { signal }).catch(() => undefined);
      }
    }
  }

  async #follow(events: AsyncIterable<{ readonly podUid: string }>, signal: AbortSignal): Promise<void> {
    try {
      for await (const { podUid } of events) this.#deps.changed(podUid);
    } catch (error) {
      if (!signal.aborted) this.#deps.log.debug({ err: error }, 'event stream of the runtime ended');
    } finally {
      this.#streaming = false;
    }
  }

  #streaming = false;

  async #relistWhile(hasEvents: boolean, signal: AbortSignal): Promise<void> {
    const { clock, busy } = this.#deps;
    this.#streaming = hasEvents;
    await this.#relist(signal);
    while (!signal.aborted && this.#streaming === hasEvents) {
      await clock.after(periodMs, { signal });
      const due = clock.now() - this.#relistedAt >= safetyPeriodMs;
      if (hasEvents ? due : busy()) await this.#relist(signal);
    }
  }

  #relistedAt = 0;

  async #relist(signal: AbortSignal): Promise<void> {
    const { runtime, clock, changed } = this.#deps;
    const now = new Map<string, string>();
    for (const state of await runtime.observeAll({ signal })) now.set(state.pod.uid, fingerprint(state));
    this.#relistedAt = clock.now();
    const before = this.#known;
    this.#known = now;
    for (const [uid, print] of now) if (before.get(uid) !== print) changed(uid);
    for (const uid of before.keys()) if (!now.has(uid)) changed(uid);
  }
}
