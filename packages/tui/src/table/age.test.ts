import { describe, expect, it } from 'vitest';
import { formatAge, parseAge } from './age.js';
import { naturalKey } from './natural-order.js';

const s = 1_000;
const m = 60 * s;
const h = 60 * m;
const d = 24 * h;

describe('ages', () => {
  it.each([
    [0, '0s'],
    [119 * s, '119s'],
    [2 * m, '2m'],
    [3 * m + 10 * s, '3m10s'],
    [10 * m + 10 * s, '10m'],
    [179 * m, '179m'],
    [3 * h + 5 * m, '3h5m'],
    [8 * h, '8h'],
    [47 * h, '47h'],
    [2 * d + 4 * h, '2d4h'],
    [8 * d, '8d'],
    [729 * d, '729d'],
    [730 * d, '2y'],
    [800 * d, '2y70d'],
    [-1 * s, '0s'],
    [-5 * s, '<invalid>'],
  ])('%i ms reads as kubectl prints it: %s', (ms, text) => expect(formatAge(ms)).toBe(text));

  it('understands spans as people type them', () => {
    expect(parseAge('1h30m')).toBe(90 * m);
    expect(parseAge('3d4h')).toBe(76 * h);
    expect(parseAge('soon')).toBeUndefined();
    expect(parseAge('10')).toBeUndefined();
  });

  it('orders numbers within names', () => {
    expect(['web-10', 'web-2', 'Web-1'].sort((a, b) => (naturalKey(a) < naturalKey(b) ? -1 : 1))).toEqual([
      'Web-1',
      'web-2',
      'web-10',
    ]);
  });
});
