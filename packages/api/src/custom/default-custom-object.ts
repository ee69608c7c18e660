import { asJson, fieldOf, isJsonArray, isJsonObject, setField } from '../json/json-value.js';
import { schemaOfField } from '../schema/schema.js';
import type { Json, JsonObject, MutableJsonObject } from '../json/json-value.js';
import type { Schema } from '../schema/schema.js';

/**
 * Fills the declared defaults of a custom resource. A `null` that the schema does not allow counts as absent.
 * Idempotent; gives the very object back when nothing was missing.
 * Follows: defaulting of structural schemas.
 */
export const defaultCustomObject = <T>(schema: Schema, object: T): T =>
  fillDefaults(asJson(object), schema) as unknown as T;

function fillDefaults(value: Json, schema: Schema): Json {
  if (isJsonArray(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    let copy: Json[] | undefined;
    value.forEach((item, index) => {
      const filled = fillDefaults(item, items);
      if (filled === item) return;
      copy ??= [...value];
      copy[index] = filled;
    });
    return copy ?? value;
  }
  if (!isJsonObject(value)) return value;
  let copy: MutableJsonObject | undefined;
  for (const [key, field] of schema.fields) {
    // Metadata has its own rules, whatever a default says about it.
    if (field.name === 'ObjectMeta') continue;
    const present = fieldOf(value, key);
    const isMissing = present === undefined || (present === null && !field.nullable);
    if (isMissing && field.defaultValue !== undefined) {
      copy ??= { ...value };
      setField(copy, key, field.defaultValue);
    } else if (isMissing && present === null && field.kind !== 'any') {
      copy ??= { ...value };
      delete copy[key];
    }
  }
  const filled = (copy as JsonObject | undefined) ?? value;
  for (const key of Object.keys(filled)) {
    const child = fieldOf(filled, key);
    const childSchema = schemaOfField(schema, key);
    if (child === undefined || childSchema === undefined || childSchema.name === 'ObjectMeta') continue;
    const changed = fillDefaults(child, childSchema);
    if (changed === child) continue;
    copy ??= { ...filled };
    setField(copy, key, changed);
  }
  return (copy as JsonObject | undefined) ?? value;
}
