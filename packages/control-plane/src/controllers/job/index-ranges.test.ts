import { describe, expect, it } from 'vitest';
import { formatIndexes, parseIndexes } from './index-ranges.js';

describe('index ranges', () => {
  it.each<[readonly number[], string]>([
    [[], ''],
    [[0], '0'],
    [[0, 1], '0,1'],
    [[1, 3, 4, 5, 7], '1,3-5,7'],
    [[2, 1, 0, 9], '0-2,9'],
  ])('5.5.4 writes %j as %s, and reads it again', (indexes, text) => {
    expect(formatIndexes(new Set(indexes))).toBe(text);
    expect([...parseIndexes(text)]).toEqual([...indexes].sort((a, b) => a - b));
  });
});
