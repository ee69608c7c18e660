import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { keyOf } from '@geobuk/api';
import type { ServerColumn, ServerRow } from '../cluster/table-source.js';
import type { Health, PaintName } from '../screen/paint.js';
import { parseTime } from '../table/age.js';
import type { ColumnShape, Row } from '../table/row.js';
import type { ViewSetting } from '../config/view-settings.js';
import { arranged, hasExpressions } from './arrange-columns.js';
import type { CellSource } from './arrange-columns.js';
import type { AnyView, Column, LiveFacts } from './view.js';
import { noFacts } from './view.js';

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

/** Rows of a kind we have a view for, its columns as the person wants them. */
export function viewRows(view: AnyView, options: RowMakerOptions, setting?: ViewSetting | undefined): RowMaker {
  const problem = view.problem ?? ((): string => '');
  const health = view.health ?? ((): Health => 'ok');
  const usual = framed(view.columns, options, problem, view.ageIsWide ?? false);
  const columns = arranged(usual, setting, (object) => object);
  const isSecret = view.resource.plural === 'secrets' && view.resource.group === '';
  // What no usual column shows may be just what an expression asks for. Data of secrets is never kept all the same.
  const slim = hasExpressions(setting) && !isSecret ? undefined : view.slim;
  return {
    columns,
    row(whole, facts) {
      // Cells are made from what is kept, so that a row made again from it is the same row.
      const object = withoutNoise(slim === undefined ? whole : slim(whole));
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

/** Turns rows a server printed into rows of ours. */
export interface ServerRowMaker {
  readonly columns: readonly ColumnShape[];
  row(row: ServerRow): Row;
}

const isAge = (name: string): boolean => /^(age|created at)$/i.test(name);

/** Rows as a server prints them. Columns of `priority` above 0 are wide; AGE goes last, by creation time. */
export function serverRows(
  printed: readonly ServerColumn[],
  options: RowMakerOptions,
  setting?: ViewSetting | undefined,
): ServerRowMaker {
  const own = printed.flatMap(({ name, priority, type }, index): readonly CellSource<ServerRow>[] =>
    isAge(name)
      ? []
      : [
          {
            title: name.toUpperCase(),
            wide: priority > 0,
            ...(type === 'integer' || type === 'number' ? { kind: 'number', align: 'right' } : {}),
            cell: ({ cells }) => cellText(cells[index]),
            value: ({ cells }) => {
              const cell = cells[index];
              return typeof cell === 'number' ? cell : undefined;
            },
          },
        ],
  );
  const usual: readonly CellSource<ServerRow>[] = [
    ...(options.showCluster ? [{ title: 'CLUSTER', cell: () => options.cluster }] : []),
    ...(options.showNamespace
      ? [{ title: 'NAMESPACE', drop: 1, cell: ({ object }: ServerRow) => object.metadata.namespace ?? '' }]
      : []),
    ...own,
    {
      title: 'AGE',
      kind: 'time',
      drop: 0,
      cell: () => '',
      value: ({ object }) => parseTime(object.metadata.creationTimestamp),
    },
  ];
  const columns = arranged(usual, setting, ({ object }) => object);
  return {
    columns,
    row(row) {
      const { metadata } = row.object;
      const deleted = metadata.deletionTimestamp !== undefined;
      return {
        id: idOf(row.object, options),
        cluster: options.cluster,
        key: keyOf(row.object),
        cells: columns.map(({ cell }) => cell(row, noFacts)),
        values: columns.map(({ value }) => value?.(row, noFacts)),
        health: deleted ? 'killing' : 'ok',
        problem: deleted ? 'terminating' : '',
        labels: metadata.labels ?? {},
        object: withoutNoise(row.object),
      };
    },
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
