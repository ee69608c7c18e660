import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalQuantity, formatQuantity } from './format-quantity.js';
import {
  addQuantities,
  bytesOf,
  compareQuantities,
  cpuMillis,
  milliUnits,
  parseQuantity,
  subtractQuantities,
  wholeUnits,
} from './quantity.js';

describe('quantities', () => {
  it.each([
    ['0', '0'],
    ['0Ki', '0'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['0.1', '100m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['1Ki', '1Ki'],
    ['512Ki', '512Ki'],
    ['0.5Ki', '512'],
    ['1000Ki', '1000Ki'],
    ['1000k', '1M'],
    ['100', '100'],
    ['1000', '1k'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['100e3', '100e3'],
    ['1E', '1E'],
    ['1Ei', '1Ei'],
    ['+5', '5'],
    ['-0.5', '-500m'],
    ['0.0000000001', '1n'],
    ['1.0000000001', '1000000001n'],
    ['.5', '500m'],
    ['5.', '5'],
    ['1e-3', '1e-3'],
    ['100Ei', '9223372036854775807'],
    ['1e99', '9223372036854775807'],
  ])('%s is stored as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(['', '.', '+', 'x', '1 Gi', '1.2.3', ' 1', '--1', 'Ki'])('refuses %j', (text) => {
    expect(() => parseQuantity(text)).toThrow('quantities must match the regular expression');
  });

  it.each(['1Kii', '1mm', '1e', '1ki', '1K', '1mi5'])('refuses the suffix of %j', (text) => {
    expect(() => parseQuantity(text)).toThrow("unable to parse quantity's suffix");
  });

  it.each([
    ['250m', 250],
    ['2', 2000],
    ['0.1', 100],
    ['1n', 1],
    ['1.0001', 1001],
  ])('%s of CPU is %d thousandths', (text, millis) => {
    expect(cpuMillis(text)).toBe(millis);
  });

  it.each([
    ['1Ki', 1024],
    ['64Mi', 67108864],
    ['3Gi', 3221225472],
    ['129', 129],
    ['100m', 1],
    ['1G', 1e9],
    ['1.5Ki', 1536],
  ])('%s is %d bytes', (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });

  it('keeps the format of the first in a sum', () => {
    expect(formatQuantity(addQuantities('1Gi', '1024Mi'))).toBe('2Gi');
    expect(formatQuantity(subtractQuantities('1', '250m'))).toBe('750m');
    expect(formatQuantity(addQuantities('0', '1Gi'))).toBe('1Gi');
  });

  const amount = fc
    .tuple(
      fc.integer({ min: -9999, max: 9999 }),
      fc.option(fc.integer({ min: 0, max: 999 })),
      fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'e-2', 'u'),
    )
    .map(([whole, fraction, suffix]) => `${whole}${fraction === null ? '' : `.${fraction}`}${suffix}`);

  it('the canonical text has the same value and is its own canonical text', () => {
    fc.assert(
      fc.property(amount, (text) => {
        const canonical = canonicalQuantity(text);
        expect(compareQuantities(text, canonical)).toBe(0);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('short cuts give what exact arithmetic gives', () => {
    fc.assert(
      fc.property(amount, (text) => {
        expect(BigInt(cpuMillis(text))).toBe(milliUnits(text));
        expect(BigInt(bytesOf(text))).toBe(wholeUnits(text));
      }),
    );
  });

  it('adding and taking away again changes nothing', () => {
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        expect(compareQuantities(subtractQuantities(addQuantities(a, b), b), a)).toBe(0);
        expect(compareQuantities(addQuantities(a, b), addQuantities(b, a))).toBe(0);
      }),
    );
  });
});
