import { describe, expect, it } from 'vitest';
import { parseFilter } from './filter.js';
import type { ColumnShape, Row } from './row.js';

const columns: readonly ColumnShape[] = [
  { title: 'NAME' },
  { title: 'STATUS' },
  { title: 'RESTARTS', kind: 'number' },
  { title: 'AGE', kind: 'time' },
];

const now = 1_000_000_000_000;

const row = (
  name: string,
  status: string,
  restarts: number,
  ageMs: number,
  labels: Readonly<Record<string, string>> = {},
): Row => ({
  id: name,
  cluster: '',
  key: { namespace: 'default', name },
  cells: [name, status, String(restarts), ''],
  values: [undefined, undefined, restarts, now - ageMs],
  health: 'ok',
  problem: '',
  labels,
  object: { metadata: {} },
});

const rows = [
  row('web-1', 'Running', 0, 60_000, { app: 'web' }),
  row('web-canary', 'Running', 9, 7_200_000, { app: 'web', track: 'canary' }),
  row('db-1', 'CrashLoopBackOff', 4, 30_000, { app: 'db' }),
];

const names = (text: string): readonly string[] | string => {
  const filter = parseFilter(text, columns);
  if (filter.kind === 'invalid') return filter.reason;
  return rows.filter((one) => filter.kind === 'all' || filter.matches(one, now)).map(({ id }) => id);
};

describe('filter', () => {
  it.each<[string, readonly string[] | string]>([
    ['', ['web-1', 'web-canary', 'db-1']],
    ['web', ['web-1', 'web-canary']],
    ['WEB', ['web-1', 'web-canary']],
    ['"^default web"', ['web-1', 'web-canary']],
    ['!web', ['db-1']],
    ['web !canary', ['web-1']],
    ['status:!Running', ['db-1']],
    ['status:run', ['web-1', 'web-canary']],
    ['restarts>3', ['web-canary', 'db-1']],
    ['restarts>3 age<1h', ['db-1']],
    ['restarts=0', ['web-1']],
    ['age>1h', ['web-canary']],
    ['-l app=web', ['web-1', 'web-canary']],
    ['-l app=web,track!=canary', ['web-1']],
    ['app=db', ['db-1']],
    ['-f wcn', ['web-canary']],
    ['"CrashLoop"', ['db-1']],
    ['(', 'not a regular expression: ('],
    ['age<soon', 'not an age: soon (as 90s, 2h, 3d)'],
    ['restarts>many', 'not a number: many'],
    ['colour>3', 'no column COLOUR here'],
  ])('%j', (text, expected) => expect(names(text)).toEqual(expected));
});
