import { ageOf } from './human-duration.js';
import type { KubernetesObject } from '../object.js';

export type TableCell = string | number | boolean | null;

/** Follows: meta.k8s.io/v1 TableColumnDefinition. */
export interface TableColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` marks the column that names the object. */
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 in wide output. */
  readonly priority: number;
}

/** Follows: meta.k8s.io/v1 TableRowCondition. */
export interface TableRowCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

export interface PrintedRow {
  readonly cells: readonly TableCell[];
  readonly conditions?: readonly TableRowCondition[] | undefined;
}

/** The printed form of a list, in the order of the list. */
export interface PrintedTable {
  readonly columnDefinitions: readonly TableColumn[];
  readonly rows: readonly PrintedRow[];
}

/** What a cell may depend on besides the object. */
export interface PrintContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** How one kind is printed. */
export interface Printer {
  readonly columns: readonly TableColumn[];
  row(object: KubernetesObject, context: PrintContext): PrintedRow;
}

export interface ColumnOptions<T> {
  readonly type?: TableColumn['type'] | undefined;
  readonly wide?: boolean | undefined;
  cell(object: T, context: PrintContext): TableCell;
}

/** A printer of a list of columns; NAME comes first in all of them unless `columns` says otherwise. */
export function printer<T extends KubernetesObject>(
  columns: Readonly<Record<string, ((object: T, context: PrintContext) => TableCell) | ColumnOptions<T>>>,
  conditions?: (object: T) => readonly TableRowCondition[] | undefined,
): Printer {
  const described = Object.entries(columns).map(([name, column]) => {
    const options: ColumnOptions<T> = typeof column === 'function' ? { cell: column } : column;
    return { name, options };
  });
  return {
    columns: described.map(({ name, options }) => ({
      name,
      type: options.type ?? 'string',
      format: name === 'Name' ? 'name' : '',
      description: descriptions.get(name) ?? name,
      priority: options.wide === true ? 1 : 0,
    })),
    row(object, context) {
      const cells = described.map(({ options }) => options.cell(object as T, context));
      const found = conditions?.(object as T);
      return found === undefined ? { cells } : { cells, conditions: found };
    },
  };
}

const descriptions: ReadonlyMap<string, string> = new Map([
  [
    'Name',
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically.',
  ],
  [
    'Age',
    'CreationTimestamp is a timestamp representing the server time when this object was created, in RFC3339 form and in UTC.',
  ],
]);

export const nameCell = (object: KubernetesObject): TableCell => object.metadata.name ?? '';

export const ageCell = (object: KubernetesObject, { now }: PrintContext): TableCell =>
  ageOf(object.metadata.creationTimestamp, now);

/** The moment itself, in the column `Created At`. */
export const createdAtCell = (object: KubernetesObject): TableCell => object.metadata.creationTimestamp ?? '<unknown>';

export const integer = <T>(cell: (object: T) => TableCell): ColumnOptions<T> => ({ type: 'integer', cell });
export const wide = <T>(cell: (object: T, context: PrintContext) => TableCell): ColumnOptions<T> => ({
  wide: true,
  cell,
});
