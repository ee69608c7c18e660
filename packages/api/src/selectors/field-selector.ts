import { ApiError } from '../status.js';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** All must hold; the empty list selects everything. */
export type FieldRequirements = readonly FieldRequirement[];

/**
 * Reads `a=b,c!=d`; `\\`, `\,` and `\=` stand for themselves in values.
 * Follows: fields.ParseSelector, texts included.
 * @throws {ApiError} BadRequest.
 */
export function parseFieldSelector(text: string): FieldRequirements {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === '') continue;
    const match = /^((?:[^\\=!]|\\[\s\S]|!(?!=))*?)(!=|==|=)([\s\S]*)$/.exec(term);
    if (match === null) throw ApiError.badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator = '', value = ''] = match;
    requirements.push({ field, operator: operator === '!=' ? '!=' : '=', value: unescape(value) });
  }
  return requirements;
}

/** At commas that no backslash guards. */
function splitTerms(text: string): readonly string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i];
    if (letter === '\\') i++;
    else if (letter === ',') {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function unescape(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  let plain = '';
  for (let i = 0; i < value.length; i++) {
    const letter = value.charAt(i);
    if (letter === '\\') {
      const next = value.charAt(++i);
      if (next !== '\\' && next !== ',' && next !== '=') {
        throw ApiError.badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
      }
      plain += next;
    } else if (letter === '=' || letter === ',') {
      throw ApiError.badRequest(`invalid field selector: unescaped character in value: ${letter}`);
    } else plain += letter;
  }
  return plain;
}

/** `valueOf` gives the object's value of a field, '' or `undefined` where it has none. */
export function matchesFields(
  requirements: FieldRequirements,
  valueOf: (field: string) => string | undefined,
): boolean {
  for (const { field, operator, value } of requirements) {
    const equal = (valueOf(field) ?? '') === value;
    if (equal !== (operator === '=')) return false;
  }
  return true;
}

/** The text that {@link parseFieldSelector} reads back to the same requirements. */
export const formatFieldSelector = (requirements: FieldRequirements): string =>
  requirements
    .map(({ field, operator, value }) => `${field}${operator}${value.replace(/[\\,=]/g, (letter) => `\\${letter}`)}`)
    .join(',');
