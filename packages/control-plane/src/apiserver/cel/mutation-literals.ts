/**
 * Object and JSONPatch literals as map literals, which is what CEL without types knows: `Object.spec{replicas: 3}` says
 * `{"replicas": 3}`, `JSONPatch{op: "add"}` says `{"op": "add"}`. Strings stay as they are.
 *
 * Worked example: `Object{metadata: Object.metadata{labels: {"a": "b"}}}` becomes `{"metadata":{"labels":{"a": "b"}}}`.
 */
export function withoutMessageLiterals(text: string): string {
  let out = '';
  /** For each open bracket, whether names before a colon are field names. */
  const open: boolean[] = [];
  let expectsField = false;
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at);
    const string = stringAt(rest);
    if (string !== undefined) {
      out += string;
      at += string.length;
      expectsField = false;
      continue;
    }
    const literal = /^(?:JSONPatch|Object(?:\s*\.\s*[A-Za-z_]\w*)*)\s*\{/.exec(rest);
    if (literal !== null && !/[\w.]$/.test(out)) {
      out += '{';
      open.push(true);
      expectsField = true;
      at += literal[0].length;
      continue;
    }
    const field = expectsField ? /^(?:`([^`]*)`|([A-Za-z_]\w*))(\s*):/.exec(rest) : null;
    if (field !== null) {
      out += `${JSON.stringify(field[1] ?? field[2])}${field[3]}:`;
      expectsField = false;
      at += field[0].length;
      continue;
    }
    const word = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (word !== undefined) {
      out += word;
      at += word.length;
      expectsField = false;
      continue;
    }
    const char = text[at]!;
    if (char === '{' || char === '[' || char === '(') open.push(false);
    else if (char === '}' || char === ']' || char === ')') open.pop();
    if (char === ',') expectsField = open.at(-1) === true;
    else if (!/\s/.test(char)) expectsField = false;
    out += char;
    at++;
  }
  return out;
}

/** A whole string literal at the beginning of a text, with its prefix. */
function stringAt(text: string): string | undefined {
  return /^[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')/.exec(text)?.[0];
}
