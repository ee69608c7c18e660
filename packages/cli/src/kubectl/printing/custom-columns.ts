import { readFile } from 'node:fs/promises';
import { asJson, compileJsonPath } from '@geobuk/api';
import type { Json, JsonPath, KubernetesObject } from '@geobuk/api';
import { CliError } from '../../cli-error.js';
import { textColumns } from './text-columns.js';

export interface CustomColumns {
  readonly titles: readonly string[];
  readonly paths: readonly JsonPath[];
}

/** `NAME:.metadata.name,NODE:.spec.nodeName`. @throws {CliError} usage. */
export function parseCustomColumns(spec: string): CustomColumns {
  const columns = spec.split(/,(?![^[]*\])/).map((part) => {
    const colon = part.indexOf(':');
    if (colon < 1) throw new CliError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`, 2);
    return { title: part.slice(0, colon), path: columnPath(part.slice(colon + 1)) };
  });
  return { titles: columns.map(({ title }) => title), paths: columns.map(({ path }) => path) };
}

/** A file of two lines: titles and paths. */
export async function readCustomColumns(path: string): Promise<CustomColumns> {
  const [titles = '', paths = ''] = (await readFile(path, 'utf8')).split('\n');
  const [names, expressions] = [titles.trim().split(/\s+/), paths.trim().split(/\s+/)];
  if (names.length !== expressions.length)
    throw new CliError(`${path}: ${names.length} headers but ${expressions.length} paths`, 2);
  return { titles: names, paths: expressions.map(columnPath) };
}

function columnPath(text: string): JsonPath {
  const inner = text.trim().replace(/^\{(.*)\}$/s, '$1');
  try {
    return compileJsonPath(
      inner.startsWith('.') || inner.startsWith('[') || inner.startsWith('$') ? inner : `.${inner}`,
    );
  } catch (error) {
    throw new CliError(`unexpected path in custom-columns: ${text}`, 2, { cause: error });
  }
}

export function printCustomColumns(
  columns: CustomColumns,
  objects: readonly KubernetesObject[],
  headers: boolean,
): string {
  const rows = objects.map((object) =>
    columns.paths.map((path) => {
      const values = path(asJson(object));
      return values.length === 0 ? '<none>' : values.map(cellOf).join(',');
    }),
  );
  return textColumns(headers ? [columns.titles, ...rows] : rows);
}

/** As Go's fmt shows a value: maps and lists of it are what people grep for, not what they read. */
function cellOf(value: Json | undefined): string {
  if (value === null || value === undefined) return '<none>';
  if (Array.isArray(value)) return `[${value.map((each: Json) => cellOf(each)).join(' ')}]`;
  if (typeof value === 'object') {
    return `map[${Object.entries(value)
      .map(([key, inner]) => `${key}:${cellOf(inner)}`)
      .join(' ')}]`;
  }
  return String(value);
}
