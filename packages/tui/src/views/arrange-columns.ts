import { asJson } from '@geobuk/api';
import type { Json, KubernetesObject } from '@geobuk/api';
import type { ViewSetting, WantedColumn } from '../config/view-settings.js';
import type { PaintName } from '../screen/paint.js';
import { parseTime } from '../table/age.js';
import type { ColumnShape } from '../table/row.js';
import type { LiveFacts } from './view.js';

/** A column, and where its text and value come from. */
export interface CellSource<Item> extends ColumnShape {
  readonly cell: (item: Item, facts: LiveFacts) => string;
  readonly value?: ((item: Item, facts: LiveFacts) => number | undefined) | undefined;
  readonly paint?: ((item: Item, facts: LiveFacts) => PaintName | undefined) | undefined;
}

/** Whether a setting asks for more of an object than the usual columns do. */
export const hasExpressions = (setting: ViewSetting | undefined): boolean =>
  setting?.columns.some(({ find }) => find !== undefined) ?? false;

/**
 * Columns as a setting wants them: those it names in its order, then the others, wide. NAME is never lost: without it
 * nobody knows what he acts on. Follows: k9s' views.yaml.
 */
export function arranged<Item>(
  usual: readonly CellSource<Item>[],
  setting: ViewSetting | undefined,
  objectOf: (item: Item) => KubernetesObject,
): readonly CellSource<Item>[] {
  if (setting === undefined || setting.columns.length === 0) return usual;
  const left = new Map(usual.map((column) => [column.title, column]));
  const chosen: CellSource<Item>[] = [];
  for (const wanted of setting.columns) {
    const known = left.get(wanted.title);
    left.delete(wanted.title);
    if (wanted.hidden && wanted.title !== 'NAME') continue;
    const source = wanted.find === undefined ? known : byExpression(wanted, objectOf);
    // A column this server or this kind does not have is passed over: settings are shared between clusters.
    if (source !== undefined) chosen.push({ ...source, ...changesOf(wanted, chosen.length) });
  }
  const name = left.get('NAME');
  left.delete('NAME');
  return [
    ...(name === undefined ? [] : [name]),
    ...chosen,
    ...[...left.values()].map((column) => ({ ...column, wide: true })),
  ];
}

/** What is named first is dropped last when the screen is narrow. */
const changesOf = ({ kind, wide, align }: WantedColumn, place: number): Partial<ColumnShape> => ({
  drop: place,
  ...(kind === undefined ? {} : { kind }),
  ...(align === undefined ? {} : { align }),
  wide: wide ?? false,
});

function byExpression<Item>(
  { title, find, kind }: WantedColumn,
  objectOf: (item: Item) => KubernetesObject,
): CellSource<Item> {
  const textOf = (item: Item): string =>
    find!(asJson(objectOf(item)))
      .map(cellOf)
      .join(',');
  if (kind === 'time') return { title, kind, cell: () => '', value: (item) => parseTime(textOf(item)) };
  const value = (item: Item): number | undefined => {
    const number = Number.parseFloat(textOf(item));
    return Number.isNaN(number) ? undefined : number;
  };
  return { title, cell: textOf, ...(kind === 'number' ? { kind, align: 'right', value } : {}) };
}

const cellOf = (value: Json): string =>
  value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
