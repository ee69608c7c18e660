import { describe, expect, it } from 'vitest';
import { refilled, slotCommands, slotsFor } from './server-slots.js';

const at = (last: number) => ({ ip: `10.0.0.${last}`, port: 80 });

describe('slots of servers', () => {
  it('have room to grow', () => {
    expect(slotsFor([])).toHaveLength(4);
    expect(slotsFor([1, 2, 3, 4].map(at))).toHaveLength(8);
  });

  it('keep who stays, and use the place that was free longest first', () => {
    const before = slotsFor([at(1), at(2)]);
    const after = refilled(before, [at(2), at(3)]);
    expect(after).toEqual([undefined, at(2), at(3), undefined]);
    expect(slotCommands('b', before, after ?? [])).toEqual([
      'set server b/e0 state maint',
      'set server b/e2 addr 10.0.0.3 port 80',
      'set server b/e2 state ready',
    ]);
  });

  it('say when they are too few', () => {
    expect(refilled(slotsFor([]), [1, 2, 3, 4].map(at))).toEqual([1, 2, 3, 4].map(at));
    expect(refilled(slotsFor([]), [1, 2, 3, 4, 5].map(at))).toBeUndefined();
  });
});
