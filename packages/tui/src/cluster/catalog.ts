import type { ResourceType } from '@geobuk/api';
import { builtInResources, addons, qualifiedName } from '@geobuk/api';

/** Short names that people bring along from k9s and kubectl habits, beside those the server tells. */
const habits: Readonly<Record<string, string>> = {
  dp: 'deployments',
  sec: 'secrets',
  jo: 'jobs',
  cr: 'clusterroles',
  crb: 'clusterrolebindings',
  ro: 'roles',
  rb: 'rolebindings',
  np: 'networkpolicies',
};

/** Every resource a server serves, under every name people call it. */
export class Catalog {
  readonly types: readonly ResourceType[];
  readonly #byName = new Map<string, ResourceType>();

  constructor(types: readonly ResourceType[]) {
    this.types = types.filter(({ verbs }) => verbs.includes('list'));
    // Core and older groups come first in discovery, and first come wins: `events` is v1.
    for (const type of this.types) for (const name of namesOf(type)) this.#add(name, type);
    for (const [alias, plural] of Object.entries(habits)) {
      const type = this.#byName.get(plural);
      if (type !== undefined) this.#add(alias, type);
    }
  }

  #add(name: string, type: ResourceType): void {
    const key = name.toLowerCase();
    if (!this.#byName.has(key)) this.#byName.set(key, type);
  }

  /** Follows: kubectl's resource arguments: plural, singular, short name, kind, name.group, group/version/name. */
  find(name: string): ResourceType | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  ofKind(apiVersion: string, kind: string): ResourceType | undefined {
    return this.types.find(
      (type) =>
        type.kind === kind && (type.group === '' ? type.version : `${type.group}/${type.version}`) === apiVersion,
    );
  }

  has(group: string, plural: string): boolean {
    return this.types.some((type) => type.group === group && type.plural === plural);
  }
}

const namesOf = (type: ResourceType): readonly string[] => [
  type.plural,
  type.singular,
  ...type.shortNames,
  type.kind,
  qualifiedName(type),
  `${type.group === '' ? 'v1' : `${type.group}/${type.version}`}/${type.plural}`,
  ...(type.group === '' ? [] : [`${type.kind}.${type.group}`]),
];

/** What may be asked for before the server has told: commands work while the connection is still being made. */
export const assumedCatalog = new Catalog([...builtInResources, addons]);
