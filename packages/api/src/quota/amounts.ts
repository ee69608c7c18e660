import { formatQuantity } from '../quantity/format-quantity.js';
import { addQuantities, compareQuantities, subtractQuantities } from '../quantity/quantity.js';

/** Quantities by the names of what they measure. */
export type Amounts = Readonly<Record<string, string>>;

export function addAmounts(left: Amounts, right: Amounts): Amounts {
  const sum: Record<string, string> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const own = sum[name];
    sum[name] = own === undefined ? value : formatQuantity(addQuantities(own, value));
  }
  return sum;
}

/** What is more in `after` than in `before`, and what is less, by name; what is the same is left out. */
export function amountsDifference(after: Amounts, before: Amounts): Amounts {
  const delta: Record<string, string> = {};
  for (const name of new Set([...Object.keys(after), ...Object.keys(before)])) {
    const value = subtractQuantities(after[name] ?? '0', before[name] ?? '0');
    if (value.nanos !== 0n) delta[name] = formatQuantity(value);
  }
  return delta;
}

/** The larger of both, name by name. */
export function maxAmounts(left: Amounts, right: Amounts): Amounts {
  const most: Record<string, string> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const own = most[name];
    if (own === undefined || compareQuantities(value, own) > 0) most[name] = value;
  }
  return most;
}

export const amountsOnly = (amounts: Amounts, names: ReadonlySet<string>): Amounts =>
  Object.fromEntries(Object.entries(amounts).filter(([name]) => names.has(name)));
