import type { Command } from 'commander';
import type { ResourceType } from '@geobuk/api';
import { CliError } from '../cli-error.js';
import type { KubectlIo } from './io.js';
import { findResource } from './session.js';
import type { Session } from './session.js';
import type { Flags } from './verb.js';
import { addVerb, isSet, text } from './verb.js';

/** Follows: kubectl explain, from the server's OpenAPI v3 documents. */
export function addExplain(parent: Command, io: KubectlIo): void {
  addVerb(parent, 'explain', 'fields of a type: explain TYPE[.field.field]', io, explain)
    .option('--recursive', 'all fields below')
    .option('--api-version <version>', 'of this group and version');
}

export interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly $ref?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

export type OpenApiSchemas = Readonly<Record<string, OpenApiSchema>>;

async function explain(session: Session, [path]: readonly string[], flags: Flags): Promise<void> {
  if (path === undefined)
    throw new CliError('you must specify the type of resource to explain: explain TYPE[.field]', 2);
  const { resources } = await session.discovery();
  const { type, fields } = findTyped(resources, path, text(flags, 'apiVersion'));
  const root = type.group === '' ? `api/${type.version}` : `apis/${type.group}/${type.version}`;
  const answer = await session.client.request({
    path: `/openapi/v3/${root}`,
    headers: { accept: 'application/json' },
    signal: session.signal,
  });
  const { components } = (await answer.json()) as { readonly components?: { readonly schemas?: OpenApiSchemas } };
  session.print(explainText(components?.schemas ?? {}, type, fields, isSet(flags, 'recursive')));
}

/** The longest head of the path that names a resource; the rest are fields. */
function findTyped(
  resources: readonly ResourceType[],
  path: string,
  apiVersion: string | undefined,
): { readonly type: ResourceType; readonly fields: readonly string[] } {
  const [word = '', ...fields] = path.split('.');
  const served =
    apiVersion === undefined
      ? resources
      : resources.filter(({ group, version }) => (group === '' ? version : `${group}/${version}`) === apiVersion);
  const type = findResource(served, word);
  if (type !== undefined) return { type, fields };
  for (let count = fields.length; count > 0; count -= 1) {
    const qualified = findResource(served, [word, ...fields.slice(0, count)].join('.'));
    if (qualified !== undefined) return { type: qualified, fields: fields.slice(count) };
  }
  throw new CliError(`the server doesn't have a resource type "${word}"`);
}

/** @throws {CliError} a kind or field that is not described. */
export function explainText(
  schemas: OpenApiSchemas,
  type: ResourceType,
  path: readonly string[],
  recursive: boolean,
): string {
  const root = Object.values(schemas).find((schema) =>
    schema['x-kubernetes-group-version-kind']?.some(
      ({ group, version, kind }) => group === type.group && version === type.version && kind === type.kind,
    ),
  );
  if (root === undefined)
    throw new CliError(`couldn't find resource for "${type.group}/${type.version}, Kind=${type.kind}"`);
  const resolve = (schema: OpenApiSchema): OpenApiSchema => resolved(schemas, schema);
  let schema = resolve(root);
  let shown: OpenApiSchema = root;
  const walked: string[] = [];
  for (const field of path) {
    walked.push(field);
    const next = fieldsOf(schema, resolve)[field];
    if (next === undefined) throw new CliError(`field "${walked.at(-1) ?? ''}" does not exist`);
    shown = next;
    schema = resolve(next);
  }
  const head = [
    ...(type.group === '' ? [] : [`GROUP:      ${type.group}`]),
    `KIND:       ${type.kind}`,
    `VERSION:    ${type.version}`,
    '',
  ];
  const last = path.at(-1);
  const field = last === undefined ? [] : [`FIELD: ${last} <${typeName(schemas, shown)}>`, ''];
  const description = shown.description ?? schema.description ?? '<empty>';
  const parts = [...head, ...field, 'DESCRIPTION:', ...wrapped(description, 4), ''];
  const inner = fieldsOf(schema, resolve);
  if (Object.keys(inner).length > 0) {
    parts.push('FIELDS:');
    parts.push(...fieldLines(schemas, schema, resolve, 1, recursive, new Set()));
  }
  return `${parts.join('\n')}\n`;
}

function fieldLines(
  schemas: OpenApiSchemas,
  owner: OpenApiSchema,
  resolve: (schema: OpenApiSchema) => OpenApiSchema,
  depth: number,
  recursive: boolean,
  above: ReadonlySet<OpenApiSchema>,
): readonly string[] {
  const holder = holderOf(owner, resolve);
  const required = new Set(holder.required ?? []);
  return Object.entries(holder.properties ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, schema]) => {
      const line = `${'  '.repeat(depth)}${name}\t<${typeName(schemas, schema)}>${required.has(name) ? ' -required-' : ''}`;
      if (!recursive)
        return [line, ...wrapped(schema.description ?? resolve(schema).description ?? '<no description>', 4), ''];
      const inner = holderOf(resolve(schema), resolve);
      // JSON schemas hold themselves.
      if (above.has(inner) || inner.properties === undefined) return [line];
      return [line, ...fieldLines(schemas, inner, resolve, depth + 1, recursive, new Set([...above, inner]))];
    });
}

/** Where the fields are: the object itself, or what a list or map holds. */
function holderOf(schema: OpenApiSchema, resolve: (schema: OpenApiSchema) => OpenApiSchema): OpenApiSchema {
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return holderOf(resolve(schema.items), resolve);
  if (typeof schema.additionalProperties === 'object') return holderOf(resolve(schema.additionalProperties), resolve);
  return schema;
}

const fieldsOf = (
  schema: OpenApiSchema,
  resolve: (schema: OpenApiSchema) => OpenApiSchema,
): Readonly<Record<string, OpenApiSchema>> => holderOf(schema, resolve).properties ?? {};

const referenced = ({ $ref, allOf }: OpenApiSchema): string | undefined =>
  ($ref ?? allOf?.find((each) => each.$ref !== undefined)?.$ref)?.replace('#/components/schemas/', '');

function resolved(schemas: OpenApiSchemas, schema: OpenApiSchema): OpenApiSchema {
  const name = referenced(schema);
  return name === undefined ? schema : (schemas[name] ?? schema);
}

function typeName(schemas: OpenApiSchemas, schema: OpenApiSchema): string {
  const name = referenced(schema);
  const target = resolved(schemas, schema);
  if (name !== undefined && (target.properties !== undefined || target.type === 'object'))
    return name.slice(name.lastIndexOf('.') + 1);
  if (target.type === 'array') return `[]${target.items === undefined ? 'Object' : typeName(schemas, target.items)}`;
  if (typeof target.additionalProperties === 'object')
    return `map[string]${typeName(schemas, target.additionalProperties)}`;
  if (target.type === 'object' || target.properties !== undefined) return 'Object';
  return target.type ?? (name === undefined ? 'Object' : name.slice(name.lastIndexOf('.') + 1));
}

const lineWidth = 80;

function wrapped(words: string, indent: number): readonly string[] {
  const space = ' '.repeat(indent);
  return words.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && indent + line.length + 1 + word.length > lineWidth) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line].map((each) => `${space}${each}`.trimEnd());
  });
}
