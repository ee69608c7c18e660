import { describe, expect, it } from 'vitest';
import { RangeAllocator } from './range-allocator.js';

describe('RangeAllocator', () => {
  it('gives ranges that do not meet', () => {
    const ranges = new RangeAllocator();
    const taken = new Set<number>();
    for (const [index, count] of [3, 1, 5, 2, 8, 3].entries()) {
      const start = ranges.rangeFor(`s${index}`, count);
      for (let number = start; number < start + count; number += 1) {
        expect(taken.has(number)).toBe(false);
        taken.add(number);
      }
    }
  });

  it('keeps the place while the size class stays, and gives freed places again', () => {
    const ranges = new RangeAllocator();
    const first = ranges.rangeFor('a', 3);
    expect(ranges.rangeFor('a', 4)).toBe(first);
    expect(ranges.rangeFor('b', 3)).not.toBe(first);
    expect(ranges.rangeFor('a', 5)).not.toBe(first);
    expect(ranges.rangeFor('c', 3)).toBe(first);
    ranges.release('b');
    ranges.release('nobody');
    expect(ranges.rangeFor('d', 4)).not.toBe(first);
  });
});
