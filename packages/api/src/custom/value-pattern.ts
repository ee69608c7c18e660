import { RE2JS } from 're2js';

/** A pattern of a schema. */
export interface Pattern {
  /** Whether it is found anywhere in `text`; in time that grows with the text, not faster. */
  test(text: string): boolean;
}

const compiled = new Map<string, Pattern | string>();
const maxCompiled = 1_000;
/** Up to here one repetition cannot take long, wherever the search begins. */
const shortText = 2_048;

/**
 * A pattern of a schema; `undefined` where it cannot be compiled, which the check of the schema refuses.
 * Follows: RE2, so no text makes a match take for ever.
 */
export function compilePattern(pattern: string): Pattern | undefined {
  const found = lookUp(pattern);
  return typeof found === 'string' ? undefined : found;
}

/** What is wrong with a pattern, in RE2's words; undefined: nothing. */
export function patternProblem(pattern: string): string | undefined {
  const found = lookUp(pattern);
  return typeof found === 'string' ? found : undefined;
}

function lookUp(pattern: string): Pattern | string {
  let found = compiled.get(pattern);
  if (found === undefined) {
    found = compile(pattern);
    if (compiled.size >= maxCompiled) compiled.clear();
    compiled.set(pattern, found);
  }
  return found;
}

function compile(pattern: string): Pattern | string {
  let linear: RE2JS;
  try {
    linear = RE2JS.compile(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  const quick = quickPattern(pattern);
  return {
    test: (text) => (quick !== undefined && text.length <= shortText ? quick.test(text) : linear.matcher(text).find()),
  };
}

/**
 * The engine of the language is many times faster, but may try every way of sharing a text among repetitions: so it
 * gets only plain patterns with one of them, which both read alike.
 */
function quickPattern(pattern: string): RegExp | undefined {
  const isPlain = !/\(\?|\\[^.\-/_\\[\](){}+*?^$|]|\[\[|[^\x20-\x7e]/.test(pattern);
  const repetitions = pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/g, 'x').match(/[*+]|\{\d+,\}/g) ?? [];
  const bounds = [...pattern.matchAll(/\{\d*,?(\d+)\}/g)].map(([, most]) => Number(most));
  if (!isPlain || repetitions.length > 1 || bounds.length > 1 || bounds.some((most) => most > 300)) return undefined;
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined; // the other engine knows it
  }
}
