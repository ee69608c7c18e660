import type { Match, Rule } from './routing.js';

/** A rule and where it is from, which decides between two that match alike. */
export interface RankedRule {
  readonly rule: Rule;
  /** A default backend: after everything else that matches. */
  readonly isDefault: boolean;
  /** RFC 3339; the older object wins. */
  readonly createdAt: string;
  /** `<namespace>/<name>` of the object. */
  readonly owner: string;
  readonly index: number;
}

const kinds = ['Exact', 'RegularExpression', 'Prefix'] as const;

/**
 * The order in which rules of one host are asked.
 * Follows: HTTPRouteRule: exact path, longest prefix, method, most headers, most query parameters, then the oldest route,
 * then by name, then the order in the route. Ingress has the same idea: exact before prefix, the longest path first.
 */
export function byPrecedence(a: RankedRule, b: RankedRule): number {
  const left = a.rule.match;
  const right = b.rule.match;
  return (
    Number(a.isDefault) - Number(b.isDefault) ||
    kinds.indexOf(left.path.type) - kinds.indexOf(right.path.type) ||
    pathLength(right) - pathLength(left) ||
    Number(right.method !== undefined) - Number(left.method !== undefined) ||
    right.headers.length - left.headers.length ||
    right.query.length - left.query.length ||
    compare(a.createdAt, b.createdAt) ||
    compare(a.owner, b.owner) ||
    a.index - b.index
  );
}

const pathLength = ({ path }: Match): number =>
  path.type === 'Prefix' ? path.value.replace(/\/+$/, '').length : path.value.length;

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
