import { isJsonObject } from '../../json/json-value.js';
import type { Json, JsonObject } from '../../json/json-value.js';
import { kindDescriptions } from './kinds.js';
import { otherDescriptions } from './others.js';
import { podDescriptions } from './pods.js';
import { workloadDescriptions } from './workloads.js';

/** By definition, then by field. */
export type FieldDescriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

const fields: FieldDescriptions = { ...podDescriptions, ...workloadDescriptions, ...otherDescriptions };

/** What every whole object has. */
const ofEveryKind: Readonly<Record<string, string>> = {
  apiVersion: 'The group and version that the object is written in, such as apps/v1.',
  kind: 'What the object is, such as Deployment.',
  metadata: 'What every object has: its name, labels, owners and more.',
  spec: 'What is wanted.',
  status: 'What is; kept by the server and its controllers.',
};
const ofEveryList: Readonly<Record<string, string>> = {
  ...ofEveryKind,
  items: 'The objects.',
  metadata: 'The state that the list shows.',
};

/** `io.k8s.api.core.v1.Pod` and `core.v1.Pod`; of other packages only the last part. */
function shortOf(definition: string): string {
  const own = 'io.k8s.api.';
  return definition.startsWith(own) ? definition.slice(own.length) : definition.slice(definition.lastIndexOf('.') + 1);
}

const own = (table: Readonly<Record<string, string>> | undefined, name: string): string | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;

/** What a kind is for, in a sentence; undefined where nothing is said about it. */
export function kindDescription(definition: string): string | undefined {
  const short = shortOf(definition);
  const said = own(kindDescriptions, short);
  if (said !== undefined || !short.endsWith('List')) return said;
  return own(kindDescriptions, short.slice(0, -4)) === undefined ? undefined : `A list of ${last(short).slice(0, -4)}.`;
}

const last = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/**
 * A definition with our own words for the kind and for its fields, where there are such. A reference that gets a
 * description keeps it beside itself. Pure; gives the very definition back where nothing is said.
 */
export function described(name: string, definition: JsonObject): JsonObject {
  const kind = kindDescription(name);
  const ofFields = Object.hasOwn(fields, shortOf(name)) ? fields[shortOf(name)] : undefined;
  const properties = definition['properties'];
  const isWhole = definition['x-kubernetes-group-version-kind'] !== undefined;
  const general = !isWhole ? undefined : name.endsWith('List') ? ofEveryList : ofEveryKind;
  if (kind === undefined && ofFields === undefined && general === undefined) return definition;
  return {
    ...(kind === undefined ? {} : { description: kind }),
    ...definition,
    ...(isJsonObject(properties) ? { properties: withWords(properties, ofFields, general) } : {}),
  };
}

function withWords(
  properties: JsonObject,
  ofFields: Readonly<Record<string, string>> | undefined,
  general: Readonly<Record<string, string>> | undefined,
): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([field, schema]): [string, Json] => {
      const words = own(ofFields, field) ?? own(general, field);
      return [
        field,
        words === undefined || !isJsonObject(schema) ? (schema ?? null) : { description: words, ...schema },
      ];
    }),
  );
}
