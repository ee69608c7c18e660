const compiled = new Map<string, RegExp | undefined>();
const maxCompiled = 1_000;

/**
 * A pattern of a schema; `undefined` where it cannot be compiled, which the check of the schema refuses.
 * A leading `(?i)` or `(?s)` of Go becomes a flag.
 */
export function compilePattern(pattern: string): RegExp | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern);
  if (compiled.size >= maxCompiled) compiled.clear();
  const [, flags = '', body = ''] = /^(?:\(\?([is]+)\))?([\s\S]*)$/.exec(pattern) ?? [];
  const expression = tryCompile(body, flags) ?? tryCompile(body, `${flags}u`);
  compiled.set(pattern, expression);
  return expression;
}

function tryCompile(body: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(body.replaceAll('(?P<', '(?<').replaceAll('\\z', '$').replaceAll('\\A', '^'), flags);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
