/** A version as numbers, with what stands behind `-`. */
interface Version {
  readonly numbers: readonly [number, number, number];
  readonly pre: readonly string[];
}

type Comparison = (version: Version) => boolean;

const versionPattern = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;
const partPattern = /^(\^|~|>=|<=|>|<|=)?v?(\d+|[x*])(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?(?:-([0-9A-Za-z.-]+))?$/;

function parseVersion(text: string): Version | undefined {
  const [, major, minor, patch, pre = ''] = versionPattern.exec(text.trim()) ?? [];
  if (major === undefined) return undefined;
  return { numbers: [Number(major), Number(minor), Number(patch)], pre: pre === '' ? [] : pre.split('.') };
}

/** Negative when `a` is the older one. Follows: semantic versioning 2.0.0, section 11. @throws {RangeError} no version. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (left === undefined) throw new RangeError(`"${a}" is no version such as 1.2.3`);
  if (right === undefined) throw new RangeError(`"${b}" is no version such as 1.2.3`);
  return compare(left, right);
}

function compare(a: Version, b: Version): number {
  for (let i = 0; i < 3; i += 1) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length;
  for (let i = 0; i < Math.max(a.pre.length, b.pre.length); i += 1) {
    const difference = comparePre(a.pre[i], b.pre[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
  const [x, y] = [/^\d+$/.test(a) ? Number(a) : undefined, /^\d+$/.test(b) ? Number(b) : undefined];
  if (x !== undefined && y !== undefined) return x - y;
  if (x !== undefined || y !== undefined) return x !== undefined ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether a text is a range that {@link satisfiesRange} understands. */
export const isVersionRange = (range: string): boolean => parseRange(range) !== undefined;

/**
 * Follows: npm's version ranges: `1.2.3`, `^1.2`, `~1.2.3`, `1.x`, `>=1 <2`, alternatives by `||`, `*`.
 * Differs: no hyphen ranges; a pre-release satisfies a range as any other version of its place in the order would.
 */
export function satisfiesRange(version: string, range: string): boolean {
  const parsed = parseVersion(version);
  return parsed !== undefined && (parseRange(range)?.some((all) => all.every((holds) => holds(parsed))) ?? false);
}

function parseRange(range: string): readonly (readonly Comparison[])[] | undefined {
  const alternatives: (readonly Comparison[])[] = [];
  for (const alternative of range.split('||')) {
    const comparisons: Comparison[] = [];
    for (const part of alternative
      .replace(/([<>=~^])\s+/g, '$1')
      .split(/\s+/)
      .filter(Boolean)) {
      const holds = comparisonOf(part);
      if (holds === undefined) return undefined;
      comparisons.push(holds);
    }
    alternatives.push(comparisons);
  }
  return alternatives;
}

function comparisonOf(part: string): Comparison | undefined {
  const [match, operator = '', ...rest] = partPattern.exec(part) ?? [];
  if (match === undefined) return undefined;
  const given = rest.slice(0, 3).filter((number) => number !== undefined && /^\d+$/.test(number)).length;
  const numbers = [0, 1, 2].map((i) => (i < given ? Number(rest[i]) : 0)) as [number, number, number];
  const least: Version = { numbers, pre: rest[3] === undefined ? [] : rest[3].split('.') };
  const next = (index: number): Version => {
    const bumped = numbers.map((number, i) => (i < index ? number : i === index ? number + 1 : 0));
    return { numbers: bumped as [number, number, number], pre: [] };
  };
  const within =
    (end: Version): Comparison =>
    (version) =>
      compare(version, least) >= 0 && compare({ ...version, pre: [] }, end) < 0;
  if (given === 0) return operator === '<' || operator === '>' ? () => false : () => true;
  switch (operator) {
    case '^': {
      const first = numbers.findIndex((number) => number > 0);
      return within(next(first === -1 ? given - 1 : Math.min(first, given - 1)));
    }
    case '~':
      return within(next(given === 1 ? 0 : 1));
    case '>=':
      return (version) => compare(version, least) >= 0;
    case '<':
      return (version) => compare(version, least) < 0;
    case '>':
      return given === 3
        ? (version) => compare(version, least) > 0
        : (version) => compare(version, next(given - 1)) >= 0;
    case '<=':
      return given === 3
        ? (version) => compare(version, least) <= 0
        : (version) => compare(version, next(given - 1)) < 0;
    default:
      return given === 3 ? (version) => compare(version, least) === 0 : within(next(given - 1));
  }
}
