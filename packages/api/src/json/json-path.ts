import { ApiError } from '../status.js';
import { fieldOf, isJsonArray, isJsonObject } from './json-value.js';
import type { Json } from './json-value.js';

/** A compiled path: all values it meets in a document, in order. */
export type JsonPath = (document: Json | undefined) => readonly Json[];

type Step = (value: Json) => readonly Json[];

/**
 * Compiles the part of JSONPath that printer columns, selectable fields and `kubectl -o jsonpath` conditions use:
 * `.a.b`, `['a.b']`, `[0]`, `[-1]`, `[*]`, `.*`, `[?(@.a=="b")]`, with or without a leading `$` or `{}`.
 * Follows: k8s.io/client-go/util/jsonpath for simple paths.
 * @throws {ApiError} BadRequest for anything else.
 */
export function compileJsonPath(text: string): JsonPath {
  const path = text
    .trim()
    .replace(/^\{(.*)\}$/s, '$1')
    .trim()
    .replace(/^\$/, '');
  const steps = readSteps(path, text);
  return (document) => {
    let values: readonly Json[] = document === undefined ? [] : [document];
    for (const step of steps) values = values.flatMap((value) => step(value));
    return values;
  };
}

const tokenPattern =
  /\.?\[\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|(-?\d+)|(\*)|\?\(\s*(.*?)\s*\))\s*\]|\.((?:[^.[\]\\]|\\.)+)/;

function readSteps(path: string, shown: string): readonly Step[] {
  const steps: Step[] = [];
  if (path === '' || path === '.') return steps;
  // Its own, since filters are paths in paths.
  const token = new RegExp(tokenPattern, 'y');
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) throw ApiError.badRequest(`unsupported JSONPath ${JSON.stringify(shown)}`);
    const [, single, double, index, star, filter, name] = match;
    const key = single ?? double ?? name;
    if (filter !== undefined) steps.push(readFilter(filter, shown));
    else if (index !== undefined) steps.push(itemAt(Number(index)));
    else if (star !== undefined || key === '*') steps.push(children);
    else steps.push(fieldNamed((key ?? '').replace(/\\(.)/g, '$1')));
  }
  return steps;
}

const children: Step = (value) =>
  isJsonArray(value) ? value : isJsonObject(value) ? Object.values(value).filter((item) => item !== undefined) : [];

const fieldNamed =
  (key: string): Step =>
  (value) => {
    const found = isJsonObject(value) ? fieldOf(value, key) : undefined;
    return found === undefined ? [] : [found];
  };

const itemAt =
  (index: number): Step =>
  (value) => {
    const found = isJsonArray(value) ? value.at(index) : undefined;
    return found === undefined ? [] : [found];
  };

/** `@.type=="Ready"`; `!=` too, and a bare path for "is there". */
function readFilter(text: string, shown: string): Step {
  const match = /^@((?:[^=!'"]|'[^']*')*?)\s*(?:(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([^\s'"]+)))?$/.exec(text);
  if (match === null) throw ApiError.badRequest(`unsupported filter in JSONPath ${JSON.stringify(shown)}`);
  const [, path = '', operator, single, double, bare] = match;
  const find = compileJsonPath(path.trim());
  const wanted = single ?? double ?? bare;
  return (value) =>
    children(value).filter((item) => {
      const found = find(item);
      if (operator === undefined) return found.length > 0;
      const equal = found.some((candidate) => String(candidate) === wanted);
      return operator === '==' ? equal : !equal;
    });
}
