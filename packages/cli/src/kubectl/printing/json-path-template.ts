import { asJson, compileJsonPath } from '@geobuk/api';
import type { Json, JsonPath } from '@geobuk/api';
import { CliError } from '../../cli-error.js';

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: JsonPath; readonly fromRoot: boolean }
  | { readonly kind: 'range'; readonly path: JsonPath; readonly fromRoot: boolean; readonly body: readonly Node[] };

/** Renders a document. */
export type JsonPathTemplate = (document: unknown) => string;

/**
 * Compiles `{.items[*].metadata.name}`, text around paths, `{"\n"}` and `{range .items[*]}…{end}`.
 * Follows: kubectl -o jsonpath: several results are joined by a space, strings are plain, all else is JSON.
 * @throws {CliError} usage: no such template.
 */
export function compileJsonPathTemplate(template: string): JsonPathTemplate {
  const wrapped = template.includes('{') ? template : `{${template}}`;
  const nodes = parse(tokenize(wrapped), template);
  return (document) => render(nodes, asJson(document), asJson(document));
}

type Token = { readonly kind: 'text' | 'expression'; readonly text: string };

/** Text and the insides of braces; a brace within quotes or brackets does not count. */
function tokenize(template: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    if (open < 0) {
      tokens.push({ kind: 'text', text: template.slice(at) });
      break;
    }
    if (open > at) tokens.push({ kind: 'text', text: template.slice(at, open) });
    let quote = '';
    let close = open + 1;
    for (; close < template.length; close += 1) {
      const letter = template[close] ?? '';
      if (quote !== '') {
        if (letter === '\\') close += 1;
        else if (letter === quote) quote = '';
      } else if (letter === '"' || letter === "'") quote = letter;
      else if (letter === '}') break;
    }
    if (close >= template.length) throw new CliError(`unclosed action in jsonpath template ${template}`, 2);
    tokens.push({ kind: 'expression', text: template.slice(open + 1, close).trim() });
    at = close + 1;
  }
  return tokens;
}

function parse(tokens: readonly Token[], template: string): readonly Node[] {
  const stack: { readonly nodes: Node[]; readonly range?: { readonly path: JsonPath; readonly fromRoot: boolean } }[] =
    [{ nodes: [] }];
  const top = (): Node[] => (stack.at(-1) as { readonly nodes: Node[] }).nodes;
  for (const { kind, text } of tokens) {
    if (kind === 'text') top().push({ kind: 'text', text });
    else if (text.startsWith('range ') || text.startsWith('range.'))
      stack.push({ nodes: [], range: pathOf(text.slice(5).trim()) });
    else if (text === 'end') {
      const inner = stack.pop();
      if (inner?.range === undefined || stack.length === 0)
        throw new CliError(`not in range, nothing to end: ${template}`, 2);
      top().push({ kind: 'range', ...inner.range, body: inner.nodes });
    } else if (/^(".*"|'.*')$/s.test(text)) top().push({ kind: 'text', text: unquoted(text) });
    else top().push({ kind: 'path', ...pathOf(text) });
  }
  if (stack.length > 1) throw new CliError(`unterminated range in jsonpath template ${template}`, 2);
  return top();
}

function pathOf(text: string): { readonly path: JsonPath; readonly fromRoot: boolean } {
  const bare = text.replace(/^@/, '');
  try {
    return { path: compileJsonPath(bare === '' ? '$' : bare), fromRoot: text.startsWith('$') };
  } catch (error) {
    throw new CliError(`error parsing jsonpath {${text}}`, 2, { cause: error });
  }
}

const unquoted = (text: string): string =>
  text.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ({ n: '\n', t: '\t', r: '\r' })[letter] ?? letter);

function render(nodes: readonly Node[], root: Json, current: Json): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
          return node.text;
        case 'path':
          return node
            .path(node.fromRoot ? root : current)
            .map(shown)
            .join(' ');
        case 'range':
          return node
            .path(node.fromRoot ? root : current)
            .map((item) => render(node.body, root, item))
            .join('');
        default:
          return node satisfies never;
      }
    })
    .join('');
}

const shown = (value: Json | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
