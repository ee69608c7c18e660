import type { TableColumn, TableRow } from '../table/table-rows.js';

/** A pod as the fleet and the map draw it. */
export interface PlacedPod {
  readonly name: string;
  readonly namespace: string;
  readonly status: string;
  /** Undefined: no node has taken it yet. */
  readonly node: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** Reads the columns that the server prints for pods. */
export function placePods(columns: readonly TableColumn[], rows: readonly TableRow[]): readonly PlacedPod[] {
  const status = columns.findIndex(({ name }) => name === 'Status');
  const node = columns.findIndex(({ name }) => name === 'Node');
  return rows.map(({ name, namespace, cells, labels }) => {
    const where = String(cells[node] ?? '');
    return {
      name,
      namespace,
      labels,
      status: String(cells[status] ?? ''),
      node: where === '' || where === '<none>' ? undefined : where,
    };
  });
}
