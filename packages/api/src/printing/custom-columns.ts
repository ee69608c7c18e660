import { ageOf } from './human-duration.js';
import { asJson } from '../json/json-value.js';
import { compileJsonPath } from '../json/json-path.js';
import type { CustomResourceColumnDefinition } from '../generated/types.js';
import type { Json } from '../json/json-value.js';
import type { Printer, TableCell, TableColumn } from './table.js';

const defaultColumns: readonly CustomResourceColumnDefinition[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

const columnTypes = new Set(['string', 'integer', 'number', 'boolean', 'date']);

/**
 * The printer of a custom resource's version: NAME, then its `additionalPrinterColumns`, or AGE where it has none.
 * Follows: the table converter of apiextensions (dates are shown as ages, what is missing stays blank).
 * @throws {ApiError} BadRequest for a JSONPath that is not understood; the CRD's validation refuses those.
 */
export function customPrinter(columns: readonly CustomResourceColumnDefinition[] | undefined): Printer {
  const all = columns === undefined || columns.length === 0 ? defaultColumns : columns;
  const compiled = all.map((column) => ({ column, find: compileJsonPath(column.jsonPath) }));
  const name: TableColumn = { name: 'Name', type: 'string', format: 'name', description: 'Name', priority: 0 };
  return {
    columns: [
      name,
      ...all.map((column) => ({
        name: column.name,
        type: columnTypes.has(column.type) ? (column.type as TableColumn['type']) : ('string' as const),
        format: column.format ?? '',
        description: column.description ?? '',
        priority: column.priority ?? 0,
      })),
    ],
    row(object, { now }) {
      const document = asJson(object);
      const cells = compiled.map(({ column, find }) => cellOf(find(document)[0], column.type, now));
      return { cells: [object.metadata.name ?? '', ...cells] };
    },
  };
}

function cellOf(value: Json | undefined, type: string, now: number): TableCell {
  if (value === undefined || value === null) return type === 'date' ? '<unknown>' : null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? ageOf(value, now) : '<unknown>';
    default:
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}
