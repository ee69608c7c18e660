import type { KubernetesObject } from '@geobuk/api';
import { textColumns } from './text-columns.js';

/** Follows: meta.k8s.io/v1 Table, as the server prints lists. */
export interface ServerTable {
  readonly kind: 'Table';
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string } | undefined;
  readonly columnDefinitions?:
    readonly { readonly name: string; readonly type: string; readonly priority?: number }[] | null | undefined;
  readonly rows?: readonly ServerRow[] | null | undefined;
}

export interface ServerRow {
  readonly cells: readonly unknown[];
  /** The object, or as much of it as was asked for. */
  readonly object?: KubernetesObject | undefined;
}

export interface TableStyle {
  readonly wide: boolean;
  readonly headers: boolean;
  readonly showNamespace: boolean;
  /** A last column of all labels. */
  readonly showLabels: boolean;
  /** A column for each of these labels. */
  readonly labelColumns: readonly string[];
  /** Such as `pod/` before each name, where several kinds are shown. */
  readonly namePrefix: string;
}

export const tableMediaType =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';

export const isServerTable = (value: unknown): value is ServerTable =>
  typeof value === 'object' && value !== null && (value as { readonly kind?: unknown }).kind === 'Table';

/** Follows: kubectl's table printer. */
export function printTable(table: ServerTable, style: TableStyle, widths: number[] = []): string {
  const rows = tableRows(table, style);
  return textColumns(style.headers ? [tableTitles(table, style), ...rows] : rows, widths);
}

export function tableTitles(table: ServerTable, style: TableStyle): readonly string[] {
  const titles = columnsOf(table, style).map(({ name }) => name.toUpperCase());
  const labels = style.labelColumns.map((label) => (label.split('/').at(-1) ?? label).toUpperCase());
  return [...(style.showNamespace ? ['NAMESPACE'] : []), ...titles, ...labels, ...(style.showLabels ? ['LABELS'] : [])];
}

export function tableRows(table: ServerTable, style: TableStyle): readonly (readonly string[])[] {
  const columns = columnsOf(table, style);
  return (table.rows ?? []).map(({ cells, object }) => {
    const { namespace = '', labels = {} } = object?.metadata ?? {};
    const shown = columns.map(({ index, name }) => {
      const cell = cellText(cells[index]);
      return name.toUpperCase() === 'NAME' ? `${style.namePrefix}${cell}` : cell;
    });
    const all = Object.entries(labels)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
    return [
      ...(style.showNamespace ? [namespace] : []),
      ...shown,
      ...style.labelColumns.map((label) => labels[label] ?? ''),
      ...(style.showLabels ? [all === '' ? '<none>' : all] : []),
    ];
  });
}

const columnsOf = (table: ServerTable, style: TableStyle) =>
  (table.columnDefinitions ?? [])
    .map(({ name, priority = 0 }, index) => ({ name, priority, index }))
    .filter(({ priority }) => style.wide || priority === 0);

function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '<none>';
  // A line break would tear the row apart.
  return (typeof cell === 'string' ? cell : String(cell)).replace(/\s*[\r\n]+\s*/g, ' ');
}
