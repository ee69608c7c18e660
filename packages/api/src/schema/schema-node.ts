import { fieldOf, isJsonArray, isJsonObject } from '../json/json-value.js';
import type { Json, JsonObject } from '../json/json-value.js';
import type { PatchStrategy, Schema, SchemaKind } from './schema.js';

/** How a dialect of descriptions resolves what one node cannot know by itself. */
export interface SchemaDialect {
  /** Follows `$ref`; gives the description itself where there is none. */
  resolve(source: JsonObject): JsonObject;
  /** The schema of a child; a dialect may share one instance per definition. */
  child(source: JsonObject): Schema;
  /** Fields that an object has besides its declared ones. */
  implicitFields(resolved: JsonObject): ReadonlyMap<string, Schema>;
  kindOf(resolved: JsonObject): SchemaKind;
  preservesUnknown(resolved: JsonObject): boolean;
  defaultOf(source: JsonObject, resolved: JsonObject): Json | undefined;
}

const noFields: ReadonlyMap<string, Schema> = new Map();

/** A schema over a JSON description, which is followed only as far as somebody asks. */
export class SchemaNode implements Schema {
  readonly kind: SchemaKind;
  readonly name: string | undefined;
  readonly format: string | undefined;
  readonly required: readonly string[];
  readonly preservesUnknown: boolean;
  readonly nullable: boolean;
  readonly defaultValue: Json | undefined;
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listMapKeys: readonly string[];
  readonly isAtomic: boolean;
  readonly patchStrategies: ReadonlySet<PatchStrategy>;
  readonly patchMergeKey: string | undefined;
  readonly isEmbeddedResource: boolean;
  readonly source: JsonObject;
  readonly #dialect: SchemaDialect;
  #fields: ReadonlyMap<string, Schema> | undefined;
  #values: Schema | undefined;
  #items: Schema | undefined;

  /** `marked` is the place (its marks win), which may only refer to what stands elsewhere. */
  constructor(marked: JsonObject, dialect: SchemaDialect, name?: string) {
    const resolved = dialect.resolve(marked);
    const mark = (name: string): Json | undefined => fieldOf(marked, name) ?? fieldOf(resolved, name);
    this.#dialect = dialect;
    this.name = name;
    this.source = resolved;
    this.kind = dialect.kindOf(resolved);
    this.format = textOf(resolved['format']);
    this.required = textsOf(resolved['required']);
    this.preservesUnknown = dialect.preservesUnknown(resolved);
    this.nullable = resolved['nullable'] === true;
    this.defaultValue = dialect.defaultOf(marked, resolved);
    this.patchStrategies = new Set(
      (textOf(mark('x-kubernetes-patch-strategy')) ?? '').split(',').filter(isPatchStrategy),
    );
    this.patchMergeKey = textOf(mark('x-kubernetes-patch-merge-key'));
    this.listMapKeys = textsOf(mark('x-kubernetes-list-map-keys'));
    this.listType = listTypeOf(textOf(mark('x-kubernetes-list-type')));
    this.isAtomic = mark('x-kubernetes-map-type') === 'atomic';
    this.isEmbeddedResource = resolved['x-kubernetes-embedded-resource'] === true;
  }

  get fields(): ReadonlyMap<string, Schema> {
    this.#fields ??= this.#readFields();
    return this.#fields;
  }

  get values(): Schema | undefined {
    if (this.kind !== 'map') return undefined;
    const declared = this.source['additionalProperties'];
    this.#values ??= this.#dialect.child(isJsonObject(declared) ? declared : {});
    return this.#values;
  }

  get items(): Schema | undefined {
    if (this.kind !== 'list') return undefined;
    const declared = this.source['items'];
    this.#items ??= this.#dialect.child(isJsonObject(declared) ? declared : {});
    return this.#items;
  }

  #readFields(): ReadonlyMap<string, Schema> {
    if (this.kind !== 'object' && this.kind !== 'any') return noFields;
    const fields = new Map(this.#dialect.implicitFields(this.source));
    const properties = this.source['properties'];
    if (isJsonObject(properties)) {
      for (const [name, child] of Object.entries(properties)) {
        // What a kind has by itself (metadata of a custom resource) is not up to its author.
        if (!fields.has(name) && isJsonObject(child)) fields.set(name, this.#dialect.child(child));
      }
    }
    return fields.size === 0 ? noFields : fields;
  }
}

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

const textsOf = (value: Json | undefined): readonly string[] =>
  isJsonArray(value) ? value.filter((item) => typeof item === 'string') : [];

const isPatchStrategy = (text: string): text is PatchStrategy =>
  text === 'merge' || text === 'replace' || text === 'retainKeys';

const listTypeOf = (text: string | undefined): 'atomic' | 'set' | 'map' =>
  text === 'set' || text === 'map' ? text : 'atomic';
