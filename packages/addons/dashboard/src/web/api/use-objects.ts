import { useEffect, useState } from 'preact/hooks';
import type { AnyObject } from '../relations/relations.js';
import { follow } from './watch.js';

export interface LiveObjects<T> {
  readonly items: readonly T[];
  readonly loaded: boolean;
  readonly error: Error | undefined;
}

/** Whole objects below a path, live. `path` undefined: none. */
export function useObjects<T extends AnyObject>(path: string | undefined, query = ''): LiveObjects<T> {
  const [state, setState] = useState<LiveObjects<T>>({ items: [], loaded: false, error: undefined });
  useEffect(() => {
    setState({ items: [], loaded: false, error: undefined });
    if (path === undefined) return undefined;
    const stop = new AbortController();
    const items = new Map<string, T>();
    let error: Error | undefined;
    let loaded = false;
    const publish = (): void => {
      if (!stop.signal.aborted) setState({ items: [...items.values()], loaded, error });
    };
    const keyOf = ({ metadata }: T): string => metadata.uid ?? `${metadata.namespace ?? ''}/${metadata.name}`;
    void follow(path, query, {
      accept: 'application/json',
      signal: stop.signal,
      listed: (list) => {
        const whole = list as {
          readonly apiVersion?: string;
          readonly kind?: string;
          readonly metadata?: { readonly resourceVersion?: string };
          readonly items?: readonly T[];
        };
        items.clear();
        const kind = whole.kind?.replace(/List$/, '');
        for (const item of whole.items ?? []) items.set(keyOf(item), { apiVersion: whole.apiVersion, kind, ...item });
        loaded = true;
        publish();
        return whole.metadata?.resourceVersion ?? '0';
      },
      changed: (frames) => {
        let version: string | undefined;
        for (const { type, object } of frames) {
          const item = object as T;
          version = item.metadata.resourceVersion ?? version;
          if (type === 'DELETED') items.delete(keyOf(item));
          else if (type !== 'BOOKMARK') items.set(keyOf(item), item);
        }
        if (frames.some(({ type }) => type !== 'BOOKMARK')) publish();
        return version;
      },
      failed: (failure) => {
        error = failure;
        publish();
      },
    });
    return () => stop.abort();
  }, [path, query]);
  return state;
}

/** One object, live; `gone` when it was there and is no more, or never was. */
export function useObject<T extends AnyObject>(
  path: string | undefined,
  name: string,
): LiveObjects<T> & { readonly object: T | undefined } {
  const live = useObjects<T>(path, `fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`);
  return { ...live, object: live.items[0] };
}
