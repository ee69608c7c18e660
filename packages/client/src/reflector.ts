import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, isExpired, qualifiedName } from '@geobuk/api';
import type { Logger } from 'pino';
import { backOff } from './back-off.js';
import type { Client, WatchEvent } from './client.js';
import type { Clock } from './clock.js';
import { isConnectionError } from './connection-error.js';
import { followSignal } from './deadline.js';
import type { InformerScope } from './informer.js';

/** Where a reflector puts what it sees. */
export interface ReflectorTarget<T extends KubernetesObject> {
  /** All that exists now; whatever is not among it is gone. */
  replace(objects: readonly T[]): void;
  set(object: T): void;
  remove(object: T): void;
}

export interface ReflectorDeps<T extends KubernetesObject> {
  readonly client: Client;
  readonly type: ResourceType<T>;
  readonly scope: InformerScope;
  readonly target: ReflectorTarget<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** A server that takes `sendInitialEvents` but never says that the initial events are over. */
class SilentInitialEvents extends Error {
  override readonly name = 'SilentInitialEvents';
}

const initialEventsTimeoutMs = 10_000;
const pageSize = 500;

/**
 * Keeps a target equal to one resource of the API server, for ever: list, watch from there, resume after each break,
 * list again when history is gone.
 * Follows: client-go Reflector (streaming list where the server has it, bookmarks, resumption, relist on 410).
 */
export class Reflector<T extends KubernetesObject> {
  readonly #deps: ReflectorDeps<T>;
  /** Where the watch goes on; undefined: list first. */
  #resourceVersion: string | undefined;
  #streamingList = true;

  constructor(deps: ReflectorDeps<T>) {
    this.#deps = deps;
  }

  /** Resolves after an abort. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, type } = this.#deps;
    const delays = backOff({ initialMs: 800, maxMs: 30_000, jitter: 1, random });
    while (!signal.aborted) {
      const startedAt = clock.now();
      const failure = await this.#listAndWatch(signal).catch((error: unknown) => ({ error }));
      if (signal.aborted) return;
      // A stream that lived for a while was healthy, however it ended.
      if (clock.now() - startedAt > 10_000) delays.reset();
      if (failure === undefined) {
        if (clock.now() - startedAt >= 1_000) continue;
      } else if (this.#takeNote(failure.error)) {
        continue;
      } else {
        log.warn({ resource: qualifiedName(type), err: failure.error }, 'list or watch failed');
      }
      await clock.after(delays.next(), { signal }).catch(() => undefined);
    }
  }

  /** Decides what a failure means for the next try. @returns whether to try again at once. */
  #takeNote(error: unknown): boolean {
    const { log, type } = this.#deps;
    const resource = qualifiedName(type);
    if (isExpired(error) && this.#resourceVersion !== undefined) {
      log.debug({ resource }, 'watch history is gone; listing again');
      this.#resourceVersion = undefined;
      return true;
    }
    const refusedStreaming =
      error instanceof SilentInitialEvents ||
      (error instanceof ApiError && (error.status.code === 422 || error.status.code === 400));
    if (refusedStreaming && this.#resourceVersion === undefined && this.#streamingList) {
      log.debug({ resource, err: error }, 'no streaming list here; listing plainly');
      this.#streamingList = false;
      return true;
    }
    // An overloaded or unreachable server has not lost our place; any other refusal may have.
    const keepsPlace =
      isConnectionError(error) || (error instanceof ApiError && [429, 503].includes(error.status.code));
    if (!keepsPlace) this.#resourceVersion = undefined;
    return false;
  }

  async #listAndWatch(signal: AbortSignal): Promise<undefined> {
    if (this.#resourceVersion === undefined && !this.#streamingList) await this.#list(signal);
    if (this.#resourceVersion === undefined) await this.#streamAll(signal);
    else await this.#follow(this.#watch({ resourceVersion: this.#resourceVersion }, signal));
    return undefined;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, type, scope, target } = this.#deps;
    const objects: T[] = [];
    let resourceVersion = '';
    let next: string | undefined;
    do {
      const page = await client.list(type, { ...scope, limit: pageSize, continue: next, signal });
      for (const object of page.items) objects.push(object);
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue;
    } while (next !== undefined && next !== '');
    target.replace(objects);
    this.#resourceVersion = resourceVersion;
  }

  /** One stream that brings first everything and then every change. */
  async #streamAll(signal: AbortSignal): Promise<void> {
    const { clock, target } = this.#deps;
    using own = followSignal(signal);
    const arm = (): Disposable =>
      clock.timer(initialEventsTimeoutMs, () => own.abort(new SilentInitialEvents('no end of the initial events')));
    let silence = arm();
    const objects = new Map<string, T>();
    try {
      const events = this.#watch({ sendInitialEvents: true }, own.signal)[Symbol.asyncIterator]();
      for (;;) {
        const step = await events.next();
        if (step.done === true) return;
        const event = step.value;
        silence[Symbol.dispose]();
        if (event.type === 'BOOKMARK' && event.initialEventsEnd) {
          target.replace([...objects.values()]);
          this.#resourceVersion = event.resourceVersion;
          await this.#follow({ [Symbol.asyncIterator]: () => events });
          return;
        }
        silence = arm();
        if (event.type === 'BOOKMARK') continue;
        const id = `${event.object.metadata.namespace ?? ''}/${event.object.metadata.name ?? ''}`;
        if (event.type === 'DELETED') objects.delete(id);
        else objects.set(id, event.object);
      }
    } finally {
      silence[Symbol.dispose]();
    }
  }

  #watch(
    from: { readonly resourceVersion?: string; readonly sendInitialEvents?: boolean },
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<T>> {
    const { client, type, scope, random } = this.#deps;
    // The server ends the stream some time, spread so that not all informers come back at once.
    return client.watch(type, { ...scope, ...from, timeoutSeconds: Math.round(300 * (1 + random())), signal });
  }

  async #follow(events: AsyncIterable<WatchEvent<T>>): Promise<void> {
    const { target } = this.#deps;
    for await (const event of events) {
      if (event.type === 'BOOKMARK') {
        this.#resourceVersion = event.resourceVersion;
        continue;
      }
      if (event.type === 'DELETED') target.remove(event.object);
      else target.set(event.object);
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
    }
  }
}
