import { ApiError } from '../status.js';

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** An exact amount, a whole number of billionths: Kubernetes rounds anything finer up. */
export interface Quantity {
  readonly nanos: bigint;
  /** How it was written, and is written again. */
  readonly format: QuantityFormat;
}

const nano = 10n ** 9n;
/** Larger amounts are cut to this. */
const largest = (2n ** 63n - 1n) * nano;
const maxExponent = 400;
const maxTextLength = 1024;

const formatText = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const suffixText = "unable to parse quantity's suffix";

const decimalSuffixes: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const binarySuffixes: ReadonlyMap<string, bigint> = new Map([
  ['Ki', 1n << 10n],
  ['Mi', 1n << 20n],
  ['Gi', 1n << 30n],
  ['Ti', 1n << 40n],
  ['Pi', 1n << 50n],
  ['Ei', 1n << 60n],
]);

/**
 * Reads `500m`, `1.5Gi`, `2e3`, `-4`.
 * Follows: resource.ParseQuantity.
 * @throws {ApiError} BadRequest with Kubernetes' text; {@link quantityProblem} gives the text alone.
 */
export function parseQuantity(text: string): Quantity {
  const parsed = read(text);
  if (typeof parsed === 'string') throw ApiError.badRequest(parsed);
  return parsed;
}

/** What is wrong with a quantity, or `undefined`. */
export function quantityProblem(text: string): string | undefined {
  const parsed = read(text);
  return typeof parsed === 'string' ? parsed : undefined;
}

function read(text: string): Quantity | string {
  if (text.length > maxTextLength) return formatText;
  const match = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/.exec(text);
  if (match === null) return formatText;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '') return formatText;
  const digits = BigInt(whole + fraction);

  const binary = binarySuffixes.get(suffix);
  if (binary !== undefined) {
    return quantity(sign, digits * binary * nano, 10n ** BigInt(fraction.length), 'BinarySI');
  }
  const decimal = decimalSuffixes.get(suffix);
  const written = decimal === undefined ? /^[eE]([-+]?[0-9]+)$/.exec(suffix)?.[1] : undefined;
  if (decimal === undefined && written === undefined) return suffixText;
  const exponent = (decimal ?? Number(written)) + 9 - fraction.length;
  const format = decimal === undefined ? 'DecimalExponent' : 'DecimalSI';
  if (digits === 0n) return { nanos: 0n, format };
  if (exponent > maxExponent) return quantity(sign, largest, 1n, format);
  if (exponent < -maxExponent - maxTextLength) return quantity(sign, 1n, 1n, format);
  return exponent >= 0
    ? quantity(sign, digits * 10n ** BigInt(exponent), 1n, format)
    : quantity(sign, digits, 10n ** BigInt(-exponent), format);
}

/** Rounds away from zero and cuts to the largest amount. */
function quantity(sign: string, amount: bigint, divisor: bigint, format: QuantityFormat): Quantity {
  const rounded = divideUp(amount, divisor);
  const size = rounded > largest ? largest : rounded;
  return { nanos: sign === '-' ? -size : size, format };
}

const divideUp = (amount: bigint, divisor: bigint): bigint => (amount + divisor - 1n) / divisor;

/** -1, 0 or 1, by value; how they are written does not count. */
export function compareQuantities(left: string | Quantity, right: string | Quantity): -1 | 0 | 1 {
  const a = quantityOf(left).nanos;
  const b = quantityOf(right).nanos;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The sum, written in the format of the first. */
export function addQuantities(left: string | Quantity, right: string | Quantity): Quantity {
  const first = quantityOf(left);
  const second = quantityOf(right);
  const format = first.nanos === 0n ? second.format : first.format;
  return { nanos: clamp(first.nanos + second.nanos), format };
}

/** The difference, written in the format of the first. */
export function subtractQuantities(left: string | Quantity, right: string | Quantity): Quantity {
  const first = quantityOf(left);
  const second = quantityOf(right);
  const format = first.nanos === 0n ? second.format : first.format;
  return { nanos: clamp(first.nanos - second.nanos), format };
}

const clamp = (nanos: bigint): bigint => (nanos > largest ? largest : nanos < -largest ? -largest : nanos);

const quantityOf = (value: string | Quantity): Quantity => (typeof value === 'string' ? parseQuantity(value) : value);

/** Whole units, rounded up (away from zero). */
export const wholeUnits = (value: string | Quantity): bigint => scaled(quantityOf(value), nano);

/** Thousandths, rounded up (away from zero). */
export const milliUnits = (value: string | Quantity): bigint => scaled(quantityOf(value), 10n ** 6n);

function scaled({ nanos }: Quantity, unit: bigint): bigint {
  return nanos < 0n ? -divideUp(-nanos, unit) : divideUp(nanos, unit);
}

/** CPU in thousandths of a core: `250m` is 250, `2` is 2000. */
export function cpuMillis(text: string): number {
  // Nearly every CPU amount is one of these two; they need no big numbers.
  const plain = /^([0-9]{1,12})(m?)$/.exec(text);
  if (plain !== null) return plain[2] === 'm' ? Number(plain[1]) : Number(plain[1]) * 1000;
  return Number(milliUnits(text));
}

/** Memory or storage in bytes: `1Ki` is 1024. Exact up to 2^53. */
export function bytesOf(text: string): number {
  const plain = /^([0-9]{1,6})([KMG]i)?$/.exec(text);
  if (plain !== null) return Number(plain[1]) * 1024 ** (1 + 'KMG'.indexOf(plain[2]?.charAt(0) ?? ' '));
  return Number(wholeUnits(text));
}
