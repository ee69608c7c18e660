import { parseQuantity } from './quantity.js';
import type { Quantity } from './quantity.js';

const nano = 10n ** 9n;
const decimalSuffix = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const binarySuffix = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;

/**
 * The canonical text: no fraction, the largest suffix that needs none, in the format it was written in.
 * Binary amounts below 1024 or with a fraction are written decimally.
 * Follows: resource.Quantity.String.
 */
export function formatQuantity(value: Quantity): string {
  const { nanos, format } = value;
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  const sign = nanos < 0n ? '-' : '';
  if (format === 'BinarySI' && size >= 1024n * nano && size % nano === 0n) return sign + binary(size / nano);
  return sign + decimal(size, format === 'DecimalExponent');
}

function binary(amount: bigint): string {
  let rest = amount;
  let step = 0;
  while (step < binarySuffix.length - 1 && rest % 1024n === 0n) {
    rest /= 1024n;
    step++;
  }
  return `${rest}${binarySuffix[step] ?? ''}`;
}

function decimal(nanos: bigint, asExponent: boolean): string {
  let rest = nanos;
  let step = 0;
  while (step < decimalSuffix.length - 1 && rest % 1000n === 0n) {
    rest /= 1000n;
    step++;
  }
  const exponent = step * 3 - 9;
  if (asExponent) return exponent === 0 ? `${rest}` : `${rest}e${exponent}`;
  return `${rest}${decimalSuffix[step] ?? ''}`;
}

/** `1000m` becomes `1`, `1024Mi` becomes `1Gi`: what the API server stores. */
export function canonicalQuantity(text: string): string {
  // Already canonical and by far the most frequent: small numbers, milli below one unit.
  if (/^[1-9][0-9]{0,2}(m|[KMG]i)?$/.test(text)) return text;
  return formatQuantity(parseQuantity(text));
}
