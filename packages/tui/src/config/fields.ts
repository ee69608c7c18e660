/** A YAML map. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The map at a path of names; an empty one where there is none. */
export function fieldsAt(document: unknown, ...path: readonly string[]): Fields {
  let value: unknown = document;
  for (const name of path) value = isFields(value) ? value[name] : undefined;
  return isFields(value) ? value : {};
}

/** A text, or a number or boolean as text; undefined for anything else and for ''. */
export function textIn(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

export const booleanIn = (fields: Fields, name: string): boolean | undefined =>
  typeof fields[name] === 'boolean' ? fields[name] : undefined;

export const numberIn = (fields: Fields, name: string): number | undefined =>
  typeof fields[name] === 'number' && Number.isFinite(fields[name]) ? fields[name] : undefined;

/** The texts of a list; numbers become texts, anything else is left out. */
export const textsIn = (fields: Fields, name: string): readonly string[] => {
  const value = fields[name];
  return Array.isArray(value)
    ? value.flatMap((item) => (typeof item === 'string' || typeof item === 'number' ? [String(item)] : []))
    : [];
};
