import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedMap } from './sorted-map.js';

interface Keyed {
  readonly key: string;
  readonly n: number;
}

function walked(map: SortedMap<Keyed>, prefix: string, after?: string): string[] {
  const seen: string[] = [];
  map.walk(prefix, after, ({ key }) => seen.push(key) > 0);
  return seen;
}

describe('SortedMap', () => {
  it('agrees with a sorted array after any inserts and deletes, from any start', () => {
    const key = fc.integer({ min: 0, max: 3000 }).map((n) => `k/${n}`);
    const step = fc.record({ key, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3000, size: 'max' }), key, (steps, after) => {
        const map = new SortedMap<Keyed>();
        const model = new Map<string, number>();
        steps.forEach((each, i) => {
          if (each.remove) expect(map.delete(each.key)).toBe(model.delete(each.key));
          else {
            map.set(each.key, { key: each.key, n: i });
            model.set(each.key, i);
          }
        });
        const sorted = [...model.keys()].sort();
        expect(map.size).toBe(model.size);
        expect(walked(map, 'k/')).toEqual(sorted);
        expect(walked(map, 'k/1', after)).toEqual(sorted.filter((k) => k.startsWith('k/1') && k > after));
        expect(map.count('k/')).toBe(sorted.length);
        expect(map.count('k/1', after)).toBe(walked(map, 'k/1', after).length);
        for (const [k, v] of model) expect(map.get(k)?.n).toBe(v);
      }),
      { numRuns: 30 },
    );
  });

  it('stops where the visitor says so', () => {
    const map = new SortedMap<Keyed>();
    for (const key of ['a', 'b', 'c']) map.set(key, { key, n: 1 });
    const seen: string[] = [];
    map.walk('', undefined, ({ key }) => seen.push(key) < 2);
    expect(seen).toEqual(['a', 'b']);
  });

  it('keeps order over many chunks whichever way keys come', () => {
    const map = new SortedMap<Keyed>();
    for (let n = 0; n < 5000; n++) {
      const key = String((n * 2654435761) % 2 ** 32).padStart(10, '0');
      map.set(key, { key, n });
    }
    const keys = walked(map, '');
    expect(keys).toHaveLength(5000);
    expect(keys).toEqual([...keys].sort());
  });
});
