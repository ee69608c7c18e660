import { useEffect, useState } from 'preact/hooks';
import type { Kind } from '../api/kinds.js';
import { pathOf } from '../api/kinds.js';
import { ApiFailure } from '../api/request.js';
import { follow } from '../api/watch.js';
import type { TableColumn, TableRow, WireTable } from './table-rows.js';
import { applyFrames, rowOf, tableAccept, versionAfter } from './table-rows.js';

export interface LiveTable {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  readonly loaded: boolean;
  readonly error: Error | undefined;
}

const nothing: LiveTable = { columns: [], rows: [], loaded: false, error: undefined };
/** Browsers keep six connections to one server; some must be left for the rest of the page. */
const mostWatches = 3;

/** Rows of a kind, live. `namespaces` empty: all of them. `query` narrows by selectors. */
export function useTable(kind: Kind | undefined, namespaces: readonly string[], query = ''): LiveTable {
  const [table, setTable] = useState(nothing);
  const chosen = kind?.namespaced === true ? namespaces.join(',') : '';
  useEffect(() => {
    setTable(nothing);
    if (kind === undefined) return undefined;
    const stop = new AbortController();
    followTable(kind, chosen === '' ? [] : chosen.split(','), query, setTable, stop.signal);
    return () => stop.abort();
  }, [kind, chosen, query]);
  return table;
}

function followTable(
  kind: Kind,
  namespaces: readonly string[],
  query: string,
  publish: (table: LiveTable) => void,
  signal: AbortSignal,
): void {
  const isSplit = namespaces.length > 0 && namespaces.length <= mostWatches;
  const paths = isSplit ? namespaces.map((namespace) => pathOf(kind, namespace)) : [pathOf(kind)];
  const parts = new Map<string, ReadonlyMap<string, TableRow>>();
  let columns: readonly TableColumn[] = [];
  let error: Error | undefined;
  let isScheduled = false;
  // Thousands of events may come at once: one picture a frame is enough.
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      if (signal.aborted) return;
      const all = [...parts.values()].flatMap((rows) => [...rows.values()]);
      const rows =
        isSplit || namespaces.length === 0 ? all : all.filter(({ namespace }) => namespaces.includes(namespace));
      publish({ columns, rows, loaded: parts.size > 0, error });
    }, 50);
  };
  for (const path of paths) {
    void follow(path, query, {
      accept: tableAccept,
      signal,
      listed: (list) => {
        const wire = list as WireTable;
        columns = wire.columnDefinitions ?? columns;
        parts.set(path, new Map((wire.rows ?? []).map(rowOf).map((row) => [row.uid, row])));
        schedule();
        return wire.metadata?.resourceVersion ?? '0';
      },
      changed: (frames) => {
        const before = parts.get(path) ?? new Map<string, TableRow>();
        const after = applyFrames(before, frames);
        if (after !== before) {
          parts.set(path, after);
          schedule();
        }
        return versionAfter(frames);
      },
      failed: (failure) => {
        if (failure === error) return;
        error = failure instanceof ApiFailure && failure.code === 401 ? undefined : failure;
        schedule();
      },
    });
  }
}
