import type { Verb } from '@geobuk/api';

/** One row of a resource list, as another server gave it. Follows: metav1.APIResource. */
export interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly Verb[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** What another server answers under one group and version. */
export interface AggregatedVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly isFresh: boolean;
  readonly resources: readonly ApiResource[];
}

/** What other servers answer, for the documents that say what is served. */
export interface AggregatedGroups {
  /** Grows with each change. */
  readonly generation: number;
  /** In order of priority. */
  versions(): readonly AggregatedVersion[];
}

/** The version in the form of aggregated discovery. Pure. Follows: checklist 1.3.4 and 1.3.9. */
export function aggregatedDiscovery({ version, isFresh, resources }: AggregatedVersion): object {
  const own = resources.filter(({ name }) => !name.includes('/'));
  const parents = new Set(own.map(({ name }) => name));
  const orphans = resources
    .filter(({ name }) => name.includes('/') && !parents.has(name.slice(0, name.indexOf('/'))))
    .map(({ name, namespaced }) => ({ name: name.slice(0, name.indexOf('/')), namespaced, kind: '', verbs: [] }));
  const roots: readonly ApiResource[] = [...own, ...new Map(orphans.map((one) => [one.name, one])).values()];
  const kindOf = ({ group = '', version: at = '', kind }: ApiResource) => ({ group, version: at, kind });
  return {
    version,
    freshness: isFresh ? 'Current' : 'Stale',
    resources: roots.map((root) => {
      const below = resources.filter(({ name }) => name.startsWith(`${root.name}/`));
      return {
        resource: root.name,
        ...(root.kind === '' ? {} : { responseKind: kindOf(root) }),
        scope: root.namespaced ? 'Namespaced' : 'Cluster',
        singularResource: root.singularName ?? '',
        verbs: [...root.verbs].sort(),
        ...(root.shortNames === undefined ? {} : { shortNames: root.shortNames }),
        ...(root.categories === undefined ? {} : { categories: root.categories }),
        ...(below.length === 0
          ? {}
          : {
              subresources: below.map((sub) => ({
                subresource: sub.name.slice(root.name.length + 1),
                responseKind: kindOf(sub),
                verbs: [...sub.verbs].sort(),
              })),
            }),
      };
    }),
  };
}
