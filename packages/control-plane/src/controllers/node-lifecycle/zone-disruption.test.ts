import { describe, expect, it } from 'vitest';
import type { ZoneState } from './zone-disruption.js';
import { ZoneDisruption, defaultEvictionLimits, evictionRate, zoneState } from './zone-disruption.js';

describe('zones', () => {
  it.each<[number, number, ZoneState]>([
    [3, 0, 'normal'],
    [1, 1, 'normal'],
    [0, 1, 'full'],
    [1, 2, 'normal'], // two thirds, but two nodes only
    [2, 3, 'partial'], // 60 %
    [3, 3, 'normal'], // 50 %
    [9, 11, 'partial'], // exactly 55 %
    [0, 9, 'full'],
  ])('5.9.4 with %i nodes well and %i unwell are in state %s', (well, unwell, expected) => {
    expect(zoneState(well, unwell, defaultEvictionLimits)).toBe(expected);
  });

  it.each<[ZoneState, number, number]>([
    ['normal', 10, 0.1],
    ['full', 10, 0.1],
    ['partial', 50, 0],
    ['partial', 51, 0.01],
  ])('5.9.4 in state %s with %i nodes are emptied at %d nodes a second', (state, size, expected) => {
    expect(evictionRate(state, size, defaultEvictionLimits)).toBe(expected);
  });

  it('5.9.4 give turns at their rate, each for itself', () => {
    const zones = new ZoneDisruption();
    for (const zone of ['a', 'b']) for (let i = 0; i < 4; i += 1) zones.note(`${zone}${i}`, zone, i > 1);
    expect(zones.takeTurn('a', 0)).toBe(0);
    expect(zones.takeTurn('a', 0)).toBe(5_000); // to look again whether all has changed
    expect(zones.takeTurn('a', 9_000)).toBe(1_000);
    expect(zones.takeTurn('b', 9_000)).toBe(0);
    expect(zones.takeTurn('a', 10_000)).toBe(0);
  });

  it('5.9.4 give no turns when every node everywhere is unwell, and again when one is back', () => {
    const zones = new ZoneDisruption();
    zones.note('a', 'a', false);
    zones.note('b', 'b', false);
    expect(zones.isTotal).toBe(true);
    expect(zones.takeTurn('a', 0)).toBeGreaterThan(0);
    zones.note('b', 'b', true);
    expect(zones.isTotal).toBe(false);
    expect(zones.takeTurn('a', 0)).toBe(0);
    zones.forget('b');
    expect(zones.isTotal).toBe(true);
  });
});
