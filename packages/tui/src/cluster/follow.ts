import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, isExpired, isForbidden, isNotFound } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { backOff, isConnectionError } from '@geobuk/client';
import type { Connection } from './connection.js';

export interface Scope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface SourcePage<Item> {
  readonly items: readonly Item[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

export type SourceEvent<Item> =
  | { readonly type: 'set' | 'removed'; readonly item: Item; readonly resourceVersion: string | undefined }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

/** Where items come from: typed objects, or rows a server has printed. */
export interface Source<Item> {
  list(next: string | undefined, signal: AbortSignal): Promise<SourcePage<Item>>;
  watch(resourceVersion: string, signal: AbortSignal): AsyncIterable<SourceEvent<Item>>;
}

/** Who wants the items. Called in order; never after the abort. */
export interface Sink<Item> {
  set(item: Item): void;
  removed(item: Item): void;
  /** The list is complete: whatever was not set since the last call of this is gone. */
  synced(): void;
  /** A list from the start begins. */
  relisting(): void;
}

/** How it goes, for the state of the cluster in the header. */
export interface FollowState {
  reached(): void;
  lost(error: unknown): void;
  /** The server answers, but not this: Forbidden, NotFound. */
  refused(error: ApiError): void;
}

export interface FollowDeps<Item> {
  readonly source: Source<Item>;
  readonly sink: Sink<Item>;
  readonly state: FollowState;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Rows appear page by page; 500 is what keeps the first one fast and the parser's garbage small. */
const pageSize = 500;

/**
 * Follows a resource for ever: pages of a list, handed on as they come, then a watch from there; resumes after breaks,
 * lists again only when history is gone. Resolves after an abort.
 */
export async function follow<Item>(
  { source, sink, state, clock, random }: FollowDeps<Item>,
  signal: AbortSignal,
): Promise<void> {
  const delays = backOff({ initialMs: 500, maxMs: 15_000, jitter: 0.5, random });
  let resourceVersion: string | undefined;
  while (!signal.aborted) {
    const startedAt = clock.now();
    try {
      if (resourceVersion === undefined) resourceVersion = await listAll(source, sink, signal);
      state.reached();
      for await (const event of source.watch(resourceVersion, signal)) {
        if (signal.aborted) return;
        if (event.type === 'set') sink.set(event.item);
        else if (event.type === 'removed') sink.removed(event.item);
        resourceVersion = event.resourceVersion ?? resourceVersion;
      }
      // A server ends watches now and then; that is no failure, unless it does so at once.
      if (clock.now() - startedAt >= 1_000) {
        delays.reset();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isExpired(error)) {
        resourceVersion = undefined;
        continue;
      }
      if (clock.now() - startedAt > 10_000) delays.reset();
      if (error instanceof ApiError && (isForbidden(error) || isNotFound(error))) state.refused(error);
      else state.lost(error);
      if (!isConnectionError(error) && !(error instanceof ApiError && error.status.code >= 429))
        resourceVersion = undefined;
    }
    await clock.after(delays.next(), { signal }).catch(() => undefined);
  }
}

async function listAll<Item>(source: Source<Item>, sink: Sink<Item>, signal: AbortSignal): Promise<string> {
  sink.relisting();
  let next: string | undefined;
  for (;;) {
    const page: SourcePage<Item> = await source.list(next, signal);
    signal.throwIfAborted();
    for (const item of page.items) sink.set(item);
    next = page.next;
    if (next === undefined || next === '') {
      sink.synced();
      return page.resourceVersion;
    }
  }
}

/** The objects of one type. */
export function objectSource<T extends KubernetesObject>(
  connection: Connection,
  type: ResourceType<T>,
  scope: Scope,
): Source<T> {
  return {
    async list(next, signal) {
      const page = await connection.list(type, { ...scope, limit: pageSize, continue: next, signal });
      return { items: page.items, resourceVersion: page.metadata.resourceVersion, next: page.metadata.continue };
    },
    async *watch(resourceVersion, signal) {
      for await (const event of connection.watch(type, { ...scope, resourceVersion, timeoutSeconds: 600, signal })) {
        if (event.type === 'BOOKMARK') yield { type: 'bookmark', resourceVersion: event.resourceVersion };
        else {
          const { object } = event;
          yield {
            type: event.type === 'DELETED' ? 'removed' : 'set',
            item: object,
            resourceVersion: object.metadata.resourceVersion,
          };
        }
      }
    },
  };
}
