import { apiVersionOf, builtInResources, schemaOf } from '@geobuk/api';
import type { ResourceType } from '@geobuk/api';
import { builtInStrategy } from './built-in-strategies.js';
import { storePrefix } from './served-resource.js';
import type { ServedResource, StoredConversion } from './served-resource.js';
import { autoscalerConversion } from '../autoscaling/autoscaler-conversion.js';
import { eventConversion } from '../events/event-conversion.js';

/** The first version listed is the one stored, except of these kinds, which have another form there; by `group/plural`. */
const storedElsewhere: Readonly<
  Record<string, { readonly group: string; readonly version: string; readonly conversion: StoredConversion }>
> = {
  'autoscaling/horizontalpodautoscalers': { group: 'autoscaling', version: 'v2', conversion: autoscalerConversion },
  'events.k8s.io/events': { group: '', version: 'v1', conversion: eventConversion },
};

/** What is served: the built-in table and what CustomResourceDefinitions add. Later `addons` and aggregation join here. */
export class ResourceCatalog {
  readonly #builtIn = new Map<string, ServedResource>();
  #custom: ReadonlyMap<string, ServedResource> = new Map();
  #generation = 0;
  readonly #listeners = new Set<() => void>();

  constructor(types: readonly ResourceType[] = builtInResources) {
    for (const type of types) {
      const elsewhere = storedElsewhere[`${type.group}/${type.plural}`];
      const stored = elsewhere ?? type;
      const isStored = stored.group === type.group && stored.version === type.version;
      this.#builtIn.set(idOf(type.group, type.version, type.plural), {
        type,
        apiVersion: apiVersionOf(type),
        listKind: `${type.kind}List`,
        prefix: storePrefix(stored.group, type.plural),
        storageApiVersion: apiVersionOf(stored),
        schema: schemaOf(type),
        strategy: builtInStrategy(type),
        conversion: isStored ? undefined : elsewhere?.conversion,
      });
    }
  }

  /** Grows with each change of what is served; documents made of the catalog are kept for one generation. */
  get generation(): number {
    return this.#generation;
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    const id = idOf(group, version, plural);
    return this.#builtIn.get(id) ?? this.#custom.get(id);
  }

  /** The resource behind a type constant. @throws {TypeError} what is not served. */
  of(type: Pick<ResourceType, 'group' | 'version' | 'plural'>): ServedResource {
    const found = this.find(type.group, type.version, type.plural);
    if (found === undefined) throw new TypeError(`${type.plural}.${type.version}.${type.group} is not served`);
    return found;
  }

  hasGroupVersion(group: string, version: string): boolean {
    return this.all().some(({ type }) => type.group === group && type.version === version);
  }

  /** Built-in ones in discovery order, then custom ones by group and name. */
  all(): readonly ServedResource[] {
    return [...this.#builtIn.values(), ...this.#custom.values()];
  }

  isBuiltInGroup(group: string): boolean {
    for (const { type } of this.#builtIn.values()) if (type.group === group) return true;
    return false;
  }

  /** Replaces all custom resources at once. */
  setCustom(resources: readonly ServedResource[]): void {
    const sorted = [...resources].sort(
      (a, b) => compare(a.type.group, b.type.group) || compare(a.type.plural, b.type.plural),
    );
    this.#custom = new Map(
      sorted.map((resource) => [idOf(resource.type.group, resource.type.version, resource.type.plural), resource]),
    );
    this.#generation++;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

const idOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
