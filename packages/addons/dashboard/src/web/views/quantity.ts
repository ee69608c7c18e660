const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** `250m` → 0.25, `64Mi` → 67108864; close enough for a picture. NaN for what is none. */
export function quantityOf(text: string): number {
  const [, number = '', suffix = ''] = /^([0-9.eE+-]+?)([numkMGT]i?|[KMGT]i)?$/.exec(text) ?? [];
  return number === '' ? Number.NaN : Number(number) * (factors[suffix] ?? 1);
}
