import type { LabelRequirements } from '@geobuk/api';
import { matchesLabels, parseLabelSelector } from '@geobuk/api';
import { fuzzyScore } from './fuzzy.js';
import { parseAge } from './age.js';
import type { ColumnShape, Row } from './row.js';

/** What `/` was told, understood; or why it could not be. */
export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'rows'; readonly matches: (row: Row, now: number) => boolean };

const all: Filter = { kind: 'all' };

/**
 * Understands a filter: words that must all match (regular expressions over the whole row, `!` before one inverts it),
 * `column:regex`, `column>3`, `age<1h`, `-l selector`, `-f fuzzy`; quotes keep spaces.
 * Follows: k9s filters (regex, `!`, `-l`, `-f`). Differs: words are ANDed, and what cannot be understood says so.
 */
export function parseFilter(text: string, columns: readonly ColumnShape[]): Filter {
  const trimmed = text.trim();
  if (trimmed === '') return all;
  try {
    if (trimmed.startsWith('-l')) return labelFilter(trimmed.slice(2).trim());
    if (trimmed.startsWith('-f')) return fuzzyFilter(trimmed.slice(2).trim());
    if (/^[\w./-]+(==?|!=)[\w.-]*(,|$)/.test(trimmed) && !isColumn(trimmed.split(/[=!<>]/, 1)[0]!, columns)) {
      return labelFilter(trimmed);
    }
    const terms = words(trimmed).map((word) => parseTerm(word, columns));
    return { kind: 'rows', matches: (row, now) => terms.every((term) => term(row, now)) };
  } catch (error) {
    return { kind: 'invalid', reason: error instanceof Error ? error.message : String(error) };
  }
}

type Term = (row: Row, now: number) => boolean;

function labelFilter(selector: string): Filter {
  if (selector === '') return all;
  const requirements: LabelRequirements = parseLabelSelector(selector);
  return { kind: 'rows', matches: (row) => matchesLabels(requirements, row.labels) };
}

function fuzzyFilter(pattern: string): Filter {
  if (pattern === '') return all;
  return { kind: 'rows', matches: (row) => fuzzyScore(pattern, nameOf(row)) !== undefined };
}

const nameOf = ({ key }: Row): string => (key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`);

/** Splits at spaces, but not inside double quotes. */
const words = (text: string): readonly string[] =>
  (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));

function parseTerm(word: string, columns: readonly ColumnShape[]): Term {
  const compared = /^([\w%./ -]+?)(>=|<=|>|<|=)(.+)$/.exec(word);
  if (compared !== null) {
    const index = columnIndex(compared[1]!, columns);
    if (index >= 0) return comparison(index, columns[index]!, compared[2]!, compared[3]!);
    if (compared[2] !== '=') throw new Error(`no column ${compared[1]!.toUpperCase()} here`);
  }
  const [, column, pattern] = /^([\w%./-]+):(.+)$/.exec(word) ?? [];
  if (column !== undefined && pattern !== undefined) {
    const index = columnIndex(column, columns);
    if (index >= 0) return expression(pattern, (row) => row.cells[index] ?? '');
  }
  return expression(word, searchText);
}

function expression(pattern: string, textOf: (row: Row) => string): Term {
  if (pattern.startsWith('!') && pattern.length > 1) {
    const inner = expression(pattern.slice(1), textOf);
    return (row, now) => !inner(row, now);
  }
  let regex: RegExp;
  try {
    regex = new RegExp(pattern, 'i');
  } catch {
    throw new Error(`not a regular expression: ${pattern}`);
  }
  return (row) => regex.test(textOf(row));
}

function comparison(index: number, column: ColumnShape, operator: string, text: string): Term {
  const isTime = column.kind === 'time';
  const wanted = isTime ? parseAge(text) : Number(text.replace(/%$/, ''));
  if (wanted === undefined || Number.isNaN(wanted)) {
    if (operator === '=') return (row) => row.cells[index] === text;
    throw new Error(isTime ? `not an age: ${text} (as 90s, 2h, 3d)` : `not a number: ${text}`);
  }
  const holds = operators[operator]!;
  return (row, now) => {
    const value = row.values[index] ?? Number.parseFloat(row.cells[index] ?? '');
    if (Number.isNaN(value)) return false;
    return holds(isTime ? now - value : value, wanted);
  };
}

const operators: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '<=': (a, b) => a <= b,
  '=': (a, b) => a === b,
};

const columnIndex = (name: string, columns: readonly ColumnShape[]): number => {
  const wanted = name.trim().toLowerCase();
  const exact = columns.findIndex(({ title }) => title.toLowerCase() === wanted);
  return exact >= 0 || wanted.length < 3
    ? exact
    : columns.findIndex(({ title }) => title.toLowerCase().startsWith(wanted));
};

const isColumn = (name: string, columns: readonly ColumnShape[]): boolean => columnIndex(name, columns) >= 0;

const searchTexts = new WeakMap<Row, string>();

/** All that a person sees of a row, and its namespace, in one line. Made once per row. */
export function searchText(row: Row): string {
  const known = searchTexts.get(row);
  if (known !== undefined) return known;
  const text = `${row.key.namespace ?? ''} ${row.cells.join(' ')}`;
  searchTexts.set(row, text);
  return text;
}
