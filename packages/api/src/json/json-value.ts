/** What JSON can say. Objects that came from outside are this until a schema has been held against them. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** `undefined` is allowed as a value so that typed objects fit; it counts as absent. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A JSON object under construction. Write with {@link setField} wherever the key came from outside. */
export type MutableJsonObject = Record<string, Json | undefined>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isJsonArray = (value: unknown): value is readonly Json[] => Array.isArray(value);

/** The own field `key`, never one of the prototype: `__proto__` and `constructor` are plain data here. */
export function fieldOf(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Writes a field as data also when it is called `__proto__`, where an assignment would change the prototype. */
export function setField(object: MutableJsonObject, key: string, value: Json | undefined): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** A typed object seen as JSON, for code that is driven by a schema. The value is the same, only its type changes. */
export const asJson = (value: unknown): JsonObject => value as JsonObject;

/** The value at a path of field names and indices; `undefined` where anything on the way is missing. */
export function valueAt(value: Json | undefined, path: readonly (string | number)[]): Json | undefined {
  let current: Json | undefined = value;
  for (const step of path) {
    if (isJsonArray(current)) current = typeof step === 'number' ? current[step] : undefined;
    else if (isJsonObject(current)) current = fieldOf(current, String(step));
    else return undefined;
  }
  return current;
}
