import rows from '../generated/protobuf.json' with { type: 'json' };

/** How a field's value is written; see the generator. */
export type FieldCode =
  | { readonly kind: 'scalar'; readonly type: 'string' | 'bool' | 'int' | 'double' | 'bytes' }
  | { readonly kind: 'message'; readonly definition: string }
  /** A message whose JSON form is something else. */
  | { readonly kind: 'special'; readonly type: SpecialType }
  /** Strings that protobuf wraps in a message of their own. */
  | { readonly kind: 'strings' }
  | { readonly kind: 'list'; readonly item: FieldCode }
  | { readonly kind: 'map'; readonly value: FieldCode };

export type SpecialType =
  | 'time'
  | 'microTime'
  | 'duration'
  | 'raw'
  | 'quantity'
  | 'intOrString'
  | 'schemaOrArray'
  | 'schemaOrBool'
  | 'schemaOrStrings';

export interface MessageField {
  /** In JSON; '' for an embedded message, whose fields lie among those of its holder. */
  readonly name: string;
  readonly number: number;
  readonly code: FieldCode;
  /** Unset and zero are different things. */
  readonly pointer: boolean;
  /** Go writes it also when it is zero. */
  readonly keepsZero: boolean;
}

export interface MessageType {
  readonly fields: readonly MessageField[];
  readonly byNumber: ReadonlyMap<number, MessageField>;
}

const table = rows as unknown as Readonly<Record<string, readonly (readonly [string, number, string, string])[]>>;
const parsed = new Map<string, MessageType>();
const scalars = { s: 'string', b: 'bool', i: 'int', d: 'double', y: 'bytes' } as const;

/** The message of a definition, or undefined for what has no protobuf form (custom resources). */
export function messageType(definition: string): MessageType | undefined {
  const known = parsed.get(definition);
  if (known !== undefined) return known;
  const found = Object.hasOwn(table, definition) ? table[definition] : undefined;
  if (found === undefined) return undefined;
  const fields = found.map(([name, number, code, flags]): MessageField => ({
    name,
    number,
    code: parseCode(code),
    pointer: flags.includes('p'),
    keepsZero: flags.includes('k'),
  }));
  const type: MessageType = { fields, byNumber: new Map(fields.map((field) => [field.number, field])) };
  parsed.set(definition, type);
  return type;
}

function parseCode(code: string): FieldCode {
  if (code.startsWith('[]')) return { kind: 'list', item: parseCode(code.slice(2)) };
  if (code.startsWith('{}')) return { kind: 'map', value: parseCode(code.slice(2)) };
  if (code.startsWith('=')) return { kind: 'message', definition: code.slice(1) };
  if (code === 'x') return { kind: 'strings' };
  if (Object.hasOwn(scalars, code)) return { kind: 'scalar', type: scalars[code as keyof typeof scalars] };
  return { kind: 'special', type: code as SpecialType };
}
