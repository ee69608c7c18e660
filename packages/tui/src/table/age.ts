const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/**
 * A span of time in two units at most: `45s`, `3m10s`, `15m`, `2h5m`, `26h`, `3d4h`, `90d`, `1y2d`.
 * Follows: apimachinery HumanDuration, so ages read as in kubectl.
 */
export function formatAge(ms: number): string {
  if (ms < 0) return ms > -2 * second ? '0s' : '<invalid>';
  if (ms < 2 * minute) return `${Math.floor(ms / second)}s`;
  if (ms < 10 * minute) return two(ms, minute, 'm', second, 's');
  if (ms < 3 * hour) return `${Math.floor(ms / minute)}m`;
  if (ms < 8 * hour) return two(ms, hour, 'h', minute, 'm');
  if (ms < 2 * day) return `${Math.floor(ms / hour)}h`;
  if (ms < 8 * day) return two(ms, day, 'd', hour, 'h');
  if (ms < 2 * year) return `${Math.floor(ms / day)}d`;
  if (ms < 8 * year) return two(ms, year, 'y', day, 'd');
  return `${Math.floor(ms / year)}y`;
}

function two(ms: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const whole = Math.floor(ms / large);
  const rest = Math.floor((ms % large) / small);
  return rest === 0 ? `${whole}${largeUnit}` : `${whole}${largeUnit}${rest}${smallUnit}`;
}

/** Epoch milliseconds of an API time; undefined for none. */
export function parseTime(time: string | undefined): number | undefined {
  if (time === undefined) return undefined;
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : at;
}

const units: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, h: hour, d: day, y: year };

/** Milliseconds of a span as people type it (`90s`, `1h30m`, `3d4h`); undefined when it is none. */
export function parseAge(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d|y))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|y)/g))
    total += Number(amount) * units[unit!]!;
  return total;
}
