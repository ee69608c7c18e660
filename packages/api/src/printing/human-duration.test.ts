import { describe, expect, it } from 'vitest';
import { ageOf, humanDuration } from './human-duration.js';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

describe('durations for people', () => {
  it.each([
    [-2, '<invalid>'],
    [-1, '0s'],
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [121, '2m1s'],
    [9 * minute + 59, '9m59s'],
    [10 * minute + 5, '10m'],
    [3 * hour, '3h'],
    [3 * hour + minute, '3h1m'],
    [8 * hour + minute, '8h'],
    [47 * hour, '47h'],
    [48 * hour, '2d'],
    [49 * hour, '2d1h'],
    [8 * day, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [731 * day, '2y1d'],
    [3000 * day, '8y'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(humanDuration(seconds * 1000)).toBe(text);
  });

  it('does not know the age of what has no time', () => {
    expect(ageOf(undefined, 0)).toBe('<unknown>');
    expect(ageOf('nonsense', 0)).toBe('<unknown>');
  });
});
