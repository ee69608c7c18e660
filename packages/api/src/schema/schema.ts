import type { Json, JsonObject } from '../json/json-value.js';

export type SchemaKind =
  /** Declared fields; see `preservesUnknown` for others. */
  | 'object'
  /** Any key, each value of the schema `values`. */
  | 'map'
  | 'list'
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'int-or-string'
  /** An amount such as `500m`; a number is accepted and stored as text. */
  | 'quantity'
  /** RFC 3339. */
  | 'time'
  /** Any JSON at all. */
  | 'any';

export type PatchStrategy = 'merge' | 'replace' | 'retainKeys';

/**
 * One place in the form of an object. Built-in kinds and custom resources look the same through it, so strategic
 * merge, server-side apply, decoding, pruning, defaulting and validation are written once.
 */
export interface Schema {
  readonly kind: SchemaKind;
  /** Short name of the definition, such as `PodSpec`; absent in custom resources and for values without one. */
  readonly name: string | undefined;
  readonly format: string | undefined;
  /** Declared fields of an object. */
  readonly fields: ReadonlyMap<string, Schema>;
  /** What every value of a map is. */
  readonly values: Schema | undefined;
  /** What every item of a list is. */
  readonly items: Schema | undefined;
  readonly required: readonly string[];
  /** Whether fields that are not declared are kept. */
  readonly preservesUnknown: boolean;
  readonly nullable: boolean;
  /** `undefined` where there is none; a default is never `undefined` in JSON. */
  readonly defaultValue: Json | undefined;
  /** How a list merges in server-side apply. */
  readonly listType: 'atomic' | 'set' | 'map';
  /** Keys that tell the items of a list of type `map` apart. */
  readonly listMapKeys: readonly string[];
  /** Whether one manager owns an object or map as a whole. */
  readonly isAtomic: boolean;
  /** How a strategic merge patch treats this value. */
  readonly patchStrategies: ReadonlySet<PatchStrategy>;
  readonly patchMergeKey: string | undefined;
  /** A whole Kubernetes object stands here. */
  readonly isEmbeddedResource: boolean;
  /** The description it was made of, for rules that only value validation knows. */
  readonly source: JsonObject;
}

/** The schema of the value at `key` of an object or map; `undefined` where nothing is declared. */
export const schemaOfField = (schema: Schema | undefined, key: string): Schema | undefined =>
  schema === undefined ? undefined : (schema.fields.get(key) ?? schema.values);

/**
 * The value that a list key has where it is left out. Without it two ports that differ in their defaulted protocol
 * only would be one.
 */
export const listKeyDefault = (itemSchema: Schema | undefined, key: string): Json | undefined =>
  itemSchema?.fields.get(key)?.defaultValue;
