import { ApiError } from '../status.js';
import type { Json } from './json-value.js';

/** Deeper documents are refused: everything below walks them by recursion. */
export const maxJsonDepth = 1_000;

/**
 * `JSON.parse` for text from outside.
 * @throws {ApiError} BadRequest for malformed or too deeply nested text.
 */
export function parseJson(text: string): Json {
  if (exceedsDepth(text, maxJsonDepth)) throw ApiError.badRequest('error decoding JSON: exceeded max depth');
  const lossy = longInteger.test(text) ? integerThatWouldChange(text) : undefined;
  if (lossy !== undefined) throw ApiError.badRequest(`error decoding JSON: integer ${lossy} ${lossyText}`);
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw ApiError.badRequest(`error decoding JSON: ${cause instanceof Error ? cause.message : 'malformed'}`, {
      cause,
    });
  }
}

const lossyText = 'has more digits than are kept exactly: it must be within -(2^53-1) and 2^53-1, or a string';
/** Most texts have nothing that even looks like it; those that do are read again, without their strings. */
const longInteger = /[:,[\s]-?\d{16,}(?![\d.eE])/;

/** An integer that `JSON.parse` would silently round. To refuse it is better than to store another one. */
function integerThatWouldChange(text: string): string | undefined {
  const token = /"|-?\d+(?![\d.eE])|-?\d[\d.eE+-]*/g;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    if (found[0] === '"') token.lastIndex = endOfString(text, found.index) + 1;
    else if (/^-?\d{16,}$/.test(found[0]) && !Number.isSafeInteger(Number(found[0]))) return found[0];
  }
  return undefined;
}

/** Whether brackets nest deeper than `limit`. Text shorter than that cannot. */
function exceedsDepth(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > limit) return true;
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    }
  }
  return false;
}

/** The place of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

export interface StrictJson {
  readonly value: Json;
  /** Paths such as `spec.containers[0].image`, in the order of the text, each once. */
  readonly duplicateFields: readonly string[];
}

interface Level {
  /** Keys met so far; `undefined` in a list. */
  readonly keys: Set<string> | undefined;
  index: number;
  key: string;
}

/**
 * Like {@link parseJson}, and finds fields that stand twice in one object (the last one wins).
 * Slower: for requests that want to know.
 * @throws {ApiError} BadRequest for malformed or too deeply nested text.
 */
export function parseJsonStrict(text: string): StrictJson {
  const value = parseJson(text);
  const duplicates = new Set<string>();
  const levels: Level[] = [];
  let expectsKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charAt(i)) {
      case '{':
        levels.push({ keys: new Set(), index: 0, key: '' });
        expectsKey = true;
        break;
      case '[':
        levels.push({ keys: undefined, index: 0, key: '' });
        expectsKey = false;
        break;
      case '}':
      case ']':
        levels.pop();
        expectsKey = false;
        break;
      case ',': {
        const level = levels.at(-1);
        expectsKey = level?.keys !== undefined;
        if (level !== undefined) level.index++;
        break;
      }
      case '"': {
        const end = endOfString(text, i);
        const level = levels.at(-1);
        if (expectsKey && level?.keys !== undefined) {
          level.key = JSON.parse(text.slice(i, end + 1)) as string;
          if (level.keys.has(level.key)) duplicates.add(pathOf(levels));
          level.keys.add(level.key);
          expectsKey = false;
        }
        i = end;
        break;
      }
    }
  }
  return { value, duplicateFields: [...duplicates] };
}

const pathOf = (levels: readonly Level[]): string =>
  levels.reduce(
    (path, { keys, key, index }) => (keys === undefined ? `${path}[${index}]` : path === '' ? key : `${path}.${key}`),
    '',
  );
