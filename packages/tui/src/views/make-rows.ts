import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import type { ServerColumn, ServerRow } from '../cluster/table-source.js';
import type { Health, PaintName } from '../screen/paint.js';
import { parseTime } from '../table/age.js';
import type { ColumnShape, Row } from '../table/row.js';
import type { AnyView, Column, LiveFacts } from './view.js';

/** Turns objects into rows of one table shape. */
export interface RowMaker {
  readonly columns: readonly ColumnShape[];
  row(object: KubernetesObject, facts: LiveFacts): Row;
}

export interface RowMakerOptions {
  readonly cluster: string;
  /** Several clusters in one table: their names become the first column, and part of the id. */
  readonly showCluster: boolean;
  readonly showNamespace: boolean;
}

const labelsText = (object: KubernetesObject): string =>
  Object.entries(object.metadata.labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');

/** Columns every table begins and ends with. */
function framed<T extends KubernetesObject>(
  own: readonly Column<T>[],
  { cluster, showCluster, showNamespace }: RowMakerOptions,
  problem: (object: T) => string,
  ageIsWide: boolean,
): readonly Column<T>[] {
  const name: Column<T> = { title: 'NAME', cell: (object) => object.metadata.name ?? '' };
  return [
    ...(showCluster ? [{ title: 'CLUSTER', cell: () => cluster } satisfies Column<T>] : []),
    ...(showNamespace
      ? [{ title: 'NAMESPACE', drop: 1, cell: (object) => object.metadata.namespace ?? '' } satisfies Column<T>]
      : []),
    ...(own.some(({ title }) => title === 'NAME') ? [] : [name]),
    ...own,
    { title: 'LABELS', wide: true, cell: labelsText },
    { title: 'VALID', wide: true, cell: problem },
    {
      title: 'AGE',
      kind: 'time',
      drop: 0,
      wide: ageIsWide,
      cell: () => '',
      value: (object) => parseTime(object.metadata.creationTimestamp),
    },
  ];
}

const withoutNoise = <T extends KubernetesObject>(object: T): T => {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** Rows of a kind we have a view for. */
export function viewRows(view: AnyView, options: RowMakerOptions): RowMaker {
  const problem = view.problem ?? ((): string => '');
  const health = view.health ?? ((): Health => 'ok');
  const columns = framed(view.columns, options, problem, view.ageIsWide ?? false);
  return {
    columns,
    row(whole, facts) {
      // Cells are made from what is kept, so that a row made again from it is the same row.
      const object = withoutNoise(view.slim === undefined ? whole : view.slim(whole));
      const cellPaints = new Map<number, PaintName>();
      columns.forEach(({ paint }, index) => {
        const own = paint?.(object, facts);
        if (own !== undefined) cellPaints.set(index, own);
      });
      return {
        id: idOf(object, options),
        cluster: options.cluster,
        key: keyOf(object),
        cells: columns.map(({ cell }) => cell(object, facts)),
        values: columns.map(({ value }) => value?.(object, facts)),
        health: object.metadata.deletionTimestamp === undefined ? health(object) : 'killing',
        problem: object.metadata.deletionTimestamp === undefined ? problem(object) : 'terminating',
        ...(cellPaints.size === 0 ? {} : { cellPaints }),
        labels: object.metadata.labels ?? {},
        object,
      };
    },
  };
}

/** Columns of a server-printed table in our shape. `priority` above 0 is wide; AGE goes last, by creation time. */
export function serverShapes(columns: readonly ServerColumn[], options: RowMakerOptions): readonly ColumnShape[] {
  const own = columns
    .map(({ name, priority, type }) => ({ name: name.toUpperCase(), priority, type }))
    .filter(({ name }) => name !== 'AGE' && name !== 'CREATED AT');
  return [
    ...(options.showCluster ? [{ title: 'CLUSTER' }] : []),
    ...(options.showNamespace ? [{ title: 'NAMESPACE', drop: 1 }] : []),
    ...own.map(({ name, priority, type }): ColumnShape => ({
      title: name,
      wide: priority > 0,
      ...(type === 'integer' || type === 'number' ? { kind: 'number', align: 'right' } : {}),
    })),
    { title: 'AGE', kind: 'time', drop: 0 },
  ];
}

/** A row a server printed, in the shape of {@link serverShapes}. */
export function serverRow(columns: readonly ServerColumn[], row: ServerRow, options: RowMakerOptions): Row {
  const own = columns.flatMap(({ name, type }, index) =>
    name.toUpperCase() === 'AGE' || name.toUpperCase() === 'CREATED AT' ? [] : [{ type, cell: row.cells[index] }],
  );
  const { metadata } = row.object;
  const before = [
    ...(options.showCluster ? [options.cluster] : []),
    ...(options.showNamespace ? [metadata.namespace ?? ''] : []),
  ];
  const deleted = metadata.deletionTimestamp !== undefined;
  return {
    id: idOf(row.object, options),
    cluster: options.cluster,
    key: keyOf(row.object),
    cells: [...before, ...own.map(({ cell }) => cellText(cell)), ''],
    values: [
      ...before.map(() => undefined),
      ...own.map(({ cell }) => (typeof cell === 'number' ? cell : undefined)),
      parseTime(metadata.creationTimestamp),
    ],
    health: deleted ? 'killing' : 'ok',
    problem: deleted ? 'terminating' : '',
    labels: metadata.labels ?? {},
    object: withoutNoise(row.object),
  };
}

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined
    ? ''
    : typeof cell === 'string'
      ? cell
      : typeof cell === 'object'
        ? JSON.stringify(cell)
        : String(cell as number);

function idOf(object: KubernetesObject, { cluster }: RowMakerOptions): string {
  const { uid, namespace = '', name = '' } = object.metadata;
  return `${cluster}/${uid ?? `${namespace}/${name}`}`;
}

/** For fields that a typed kind may lack: `<none>` as kubectl prints it. */
export const orNone = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text);

export const resourceTitle = (type: ResourceType): string => type.plural;
