import type { WatchFrame } from '../api/watch.js';

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly priority: number;
  readonly description?: string;
}

export interface TableRow {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  readonly createdAt: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly cells: readonly unknown[];
}

interface WireRow {
  readonly cells: readonly unknown[];
  readonly object?: {
    readonly metadata?: {
      readonly uid?: string;
      readonly name?: string;
      readonly namespace?: string;
      readonly creationTimestamp?: string | null;
      readonly labels?: Readonly<Record<string, string>>;
    };
  } | null;
}

export interface WireTable {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly columnDefinitions?: readonly TableColumn[] | null;
  readonly rows?: readonly WireRow[] | null;
}

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export function rowOf({ cells, object }: WireRow): TableRow {
  const { uid, name = '', namespace = '', creationTimestamp, labels = {} } = object?.metadata ?? {};
  const createdAt = Date.parse(creationTimestamp ?? '');
  return {
    uid: uid ?? `${namespace}/${name}`,
    name,
    namespace,
    createdAt: Number.isNaN(createdAt) ? 0 : createdAt,
    labels,
    cells,
  };
}

/**
 * The rows after some frames of a watch; the same map when nothing has changed.
 * Follows: watches of meta.k8s.io/v1 Table, one row a frame.
 */
export function applyFrames(
  rows: ReadonlyMap<string, TableRow>,
  frames: readonly WatchFrame[],
): ReadonlyMap<string, TableRow> {
  let next: Map<string, TableRow> | undefined;
  for (const { type, object } of frames) {
    if (type === 'BOOKMARK' || type === 'ERROR') continue;
    for (const wire of (object as WireTable).rows ?? []) {
      next ??= new Map(rows);
      const row = rowOf(wire);
      if (type === 'DELETED') next.delete(row.uid);
      else next.set(row.uid, row);
    }
  }
  return next ?? rows;
}

/** How far the frames of a watch have come. */
export const versionAfter = (frames: readonly WatchFrame[]): string | undefined =>
  frames.findLast(({ type }) => type !== 'ERROR')?.object === undefined
    ? undefined
    : versionOf(frames.findLast(({ type }) => type !== 'ERROR')?.object);

const versionOf = (object: unknown): string | undefined =>
  (object as { readonly metadata?: { readonly resourceVersion?: string } } | undefined)?.metadata?.resourceVersion;
