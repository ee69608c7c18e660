import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, matchesFields, matchesLabels, parseFieldSelector, parseLabelSelector } from '@geobuk/api';
import type { WatchEvent, WatchOptions } from '../client.js';
import type { Clock } from '../clock.js';
import { EventQueue } from './event-queue.js';
import { collectionOf } from './fake-store.js';
import type { FakeChange, FakeStore } from './fake-store.js';

export interface FakeScope {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** Whether an object is within namespace and selectors. */
export function scopeFilter(scope: FakeScope): (object: KubernetesObject) => boolean {
  const labels = parseLabelSelector(scope.labelSelector ?? '');
  const fields = parseFieldSelector(scope.fieldSelector ?? '');
  return (object) =>
    (scope.namespace === undefined || scope.namespace === '' || object.metadata.namespace === scope.namespace) &&
    matchesLabels(labels, object.metadata.labels) &&
    matchesFields(fields, (path) => fieldOf(object, path));
}

function fieldOf(object: KubernetesObject, path: string): string | undefined {
  let value: unknown = object;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value === undefined || value === null ? undefined : String(value);
}

/** What a change looks like to a watcher with this filter; nothing when it is none of its business. */
export function eventOf<T extends KubernetesObject>(
  change: FakeChange,
  matches: (object: KubernetesObject) => boolean,
): WatchEvent<T> | undefined {
  const { now, before, revision } = change;
  const was = before !== undefined && matches(before);
  const is = now !== undefined && matches(now);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: now as T };
  if (!was) return undefined;
  // Leaving the selection looks like a removal, with the revision of the write that did it.
  const gone = { ...before, metadata: { ...before.metadata, resourceVersion: String(revision) } };
  return { type: 'DELETED', object: gone as T };
}

/** Follows: watch semantics of the Kubernetes API (history from a revision, initial events, selector transitions). */
export function fakeWatch<T extends KubernetesObject>(
  store: FakeStore,
  clock: Clock,
  type: ResourceType<T>,
  options: WatchOptions,
): AsyncIterable<WatchEvent<T>> {
  const { resourceVersion, sendInitialEvents, timeoutSeconds, signal } = options;
  return {
    [Symbol.asyncIterator]: () => {
      const parts: Disposable[] = [];
      const close = (): void => {
        for (const part of parts.splice(0)) part[Symbol.dispose]();
        signal.removeEventListener('abort', aborted);
      };
      const queue = new EventQueue<WatchEvent<T>>(close);
      const aborted = (): void => {
        close();
        queue.fail(signal.reason);
      };
      const open = (): void => {
        const untyped = type as ResourceType;
        const matches = scopeFilter(options);
        const from = resourceVersion ?? '';
        const initial = sendInitialEvents ?? (from === '' || from === '0');
        if (initial) {
          for (const object of store.list(untyped))
            if (matches(object)) queue.push({ type: 'ADDED', object: object as T });
          if (sendInitialEvents === true) queue.push(bookmark(store, true));
        } else {
          if (!/^\d+$/.test(from)) throw ApiError.badRequest(`invalid resource version ${JSON.stringify(from)}`);
          for (const change of store.changesAfter(Number(from), collectionOf(untyped))) {
            const event = eventOf<T>(change, matches);
            if (event !== undefined) queue.push(event);
          }
        }
        parts.push(
          store.subscribe((change) => {
            if (change.collection !== collectionOf(untyped)) return;
            const event = eventOf<T>(change, matches);
            if (event !== undefined) queue.push(event);
          }),
        );
        if (timeoutSeconds === undefined) return;
        parts.push(
          clock.timer(timeoutSeconds * 1000, () => {
            queue.push(bookmark(store, false));
            close();
            queue.end();
          }),
        );
      };
      if (signal.aborted) aborted();
      else {
        signal.addEventListener('abort', aborted, { once: true });
        try {
          open();
        } catch (error) {
          close();
          queue.fail(error);
        }
      }
      return queue;
    },
  };
}

const bookmark = (store: FakeStore, initialEventsEnd: boolean) =>
  ({ type: 'BOOKMARK', resourceVersion: String(store.revision), initialEventsEnd }) as const;
