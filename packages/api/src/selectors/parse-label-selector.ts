import { ApiError } from '../status.js';
import { checkRequirement, sortRequirements, sortedSet } from './label-selector.js';
import type { LabelOperator, LabelRequirement, LabelRequirements } from './label-selector.js';

const maxLength = 256 * 1024;

/**
 * Reads `a=b,c in (d,e),!f,g>5`. Empty text selects everything.
 * Follows: labels.Parse, texts included.
 * @throws {ApiError} BadRequest naming what was found and what was expected.
 */
export function parseLabelSelector(text: string): LabelRequirements {
  if (text.length > maxLength) throw ApiError.badRequest('label selector is too long');
  return sortRequirements(new Parser(tokens(text)).parse());
}

interface Token {
  readonly kind: 'end' | 'identifier' | '(' | ')' | ',' | '!' | '=' | '==' | '!=' | '>' | '<';
  readonly text: string;
}

const symbols = new Set(['(', ')', ',', '!', '=', '==', '!=', '>', '<']);
const endToken: Token = { kind: 'end', text: '' };

/** Symbols, longest first, and everything between symbols and blanks as identifiers. */
function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  for (const [part] of text.matchAll(/==|!=|[=!(),><]|[^\s=!(),><]+/g)) {
    found.push({ kind: symbols.has(part) ? (part as Token['kind']) : 'identifier', text: part });
  }
  found.push(endToken);
  return found;
}

const exactOperators = new Set(['=', '==', '!=', '>', '<']);

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(list: readonly Token[]) {
    this.#tokens = list;
  }

  parse(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const { kind, text } = this.#peek();
      if (kind === 'end') return requirements;
      if (kind !== 'identifier' && kind !== '!') {
        throw ApiError.badRequest(`found '${text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const after = this.#next();
      if (after.kind === 'end') return requirements;
      if (after.kind !== ',') throw ApiError.badRequest(`found '${after.text}', expected: ',' or 'end of string'`);
      const following = this.#peek();
      if (following.kind !== 'identifier' && following.kind !== '!') {
        throw ApiError.badRequest(`found '${following.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    const negated = this.#peek().kind === '!';
    if (negated) this.#next();
    const key = this.#next();
    if (key.kind !== 'identifier') throw unparsable(`found '${key.text}', expected: identifier`);
    const { kind } = this.#peek();
    if (negated || kind === 'end' || kind === ',') return checked(key.text, negated ? '!' : 'exists', []);

    const operator = this.#next();
    if (operator.kind === 'identifier' && (operator.text === 'in' || operator.text === 'notin')) {
      return checked(key.text, operator.text, this.#valueSet());
    }
    if (!exactOperators.has(operator.kind)) {
      throw unparsable(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    return checked(key.text, operator.kind as LabelOperator, [this.#exactValue()]);
  }

  /** Nothing after the operator is the empty value. */
  #exactValue(): string {
    const { kind } = this.#peek();
    if (kind === 'end' || kind === ',') return '';
    const value = this.#next();
    if (value.kind !== 'identifier') throw unparsable(`found '${value.text}', expected: identifier`);
    return value.text;
  }

  /** `(a,b)`; a missing value between commas is the empty one. */
  #valueSet(): readonly string[] {
    const open = this.#next();
    if (open.kind !== '(') throw unparsable(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.kind === ')') {
      this.#next();
      return [];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') {
      throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values: string[] = [];
    for (;;) {
      const value = this.#peek();
      if (value.kind === 'identifier') values.push(this.#next().text);
      else if (value.kind === ',' || value.kind === ')') values.push('');
      else throw unparsable(`found '${value.text}', expected: ',', or identifier`);
      const separator = this.#next();
      if (separator.kind === ')') return values;
      if (separator.kind !== ',') throw unparsable(`found '${separator.text}', expected: ',' or ')'`);
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position] ?? endToken;
  }

  #next(): Token {
    const token = this.#peek();
    this.#position++;
    return token;
  }
}

const unparsable = (why: string): ApiError => ApiError.badRequest(`unable to parse requirement: ${why}`);

function checked(key: string, operator: LabelOperator, values: readonly string[]): LabelRequirement {
  const requirement = { key, operator, values: sortedSet(values) };
  const errors = checkRequirement(requirement);
  if (errors.length === 0) return requirement;
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  throw unparsable(texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`);
}
