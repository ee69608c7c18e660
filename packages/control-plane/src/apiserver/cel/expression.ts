import type { ASTNode } from '@marcbachmann/cel-js';
import type { Environment } from '@marcbachmann/cel-js';
import { CelError } from './cel-error.js';
import { longestIn } from './cel-value.js';

export { CelError } from './cel-error.js';

/** What all expressions of one act may cost together; nothing runs beyond it. Follows: checklist 2.9.5 and 3.3.6. */
export class CelBudget {
  #left: number;

  constructor(cost: number) {
    this.#left = cost;
  }

  /** @throws {CelError} */
  take(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw new CelError('operation cancelled: actual cost limit exceeded');
  }
}

export interface Expression {
  readonly text: string;
  /** Whether a variable of this name is used. */
  uses(variable: string): boolean;
  /** @throws {CelError} it fails, or costs too much. */
  evaluate(variables: Readonly<Record<string, unknown>>, budget: CelBudget): unknown;
}

const comprehensions = new Set([
  'all',
  'exists',
  'exists_one',
  'map',
  'filter',
  'existsOne',
  'transformList',
  'transformMap',
]);

/** @throws {CelError} a text that is no CEL. */
export function compileExpression(environment: Environment, text: string): Expression {
  let parsed: ReturnType<Environment['parse']>;
  try {
    parsed = environment.parse(text);
    const { valid, error } = parsed.check();
    if (!valid && error !== undefined) throw error;
  } catch (cause) {
    throw new CelError(`compilation failed: ERROR: <input>:1: ${firstLine(cause)}`, { cause });
  }
  const ids = new Set<string>();
  const depths: number[] = [];
  survey(parsed.ast, 0, ids, depths);
  return {
    text,
    uses: (variable) => ids.has(variable),
    evaluate(variables, budget) {
      // Each step inside nested loops may run once for every element of every loop around it.
      const longest = depths.some((depth) => depth > 0) ? longestIn(onlyUsed(variables, ids)) : 1;
      budget.take(depths.reduce((cost, depth) => cost + longest ** depth, 0));
      try {
        return parsed(variables) as unknown;
      } catch (cause) {
        throw cause instanceof CelError ? cause : new CelError(firstLine(cause), { cause });
      }
    },
  };
}

const onlyUsed = (variables: Readonly<Record<string, unknown>>, ids: ReadonlySet<string>): unknown =>
  Object.keys(variables)
    .filter((name) => ids.has(name))
    .map((name) => variables[name]);

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

/** Notes every name, and for every step how many loops it stands in. */
function survey(node: ASTNode, depth: number, ids: Set<string>, depths: number[]): void {
  depths.push(depth);
  if (node.op === 'id') ids.add(node.args);
  const isLoop = node.op === 'rcall' && comprehensions.has(node.args[0]);
  const walk = (value: unknown, at: number): void => {
    if (isNode(value)) survey(value, at, ids, depths);
    else if (Array.isArray(value)) for (const child of value as readonly unknown[]) walk(child, at);
  };
  if (isLoop) {
    walk(node.args[1], depth);
    walk(node.args[2], depth + 1);
  } else walk(node.args, depth);
}
