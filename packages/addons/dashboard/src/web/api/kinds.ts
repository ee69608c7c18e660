import { getJson } from './request.js';

/** A kind that the API serves, as discovery tells of it. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly subresources: readonly string[];
}

interface DiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string };
        readonly scope?: string;
        readonly verbs?: readonly string[];
        readonly shortNames?: readonly string[];
        readonly subresources?: readonly { readonly subresource: string }[];
      }[];
    }[];
  }[];
}

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** All that can be listed, each in its preferred version. Follows: aggregated discovery. */
export async function discoverKinds(signal: AbortSignal): Promise<readonly Kind[]> {
  const lists = await Promise.all(
    ['/k8s/api', '/k8s/apis'].map((path) => getJson<DiscoveryList>(path, { accept, signal })),
  );
  return kindsOf(lists);
}

export function kindsOf(lists: readonly DiscoveryList[]): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { metadata, versions = [] } of lists.flatMap(({ items = [] }) => items)) {
    const group = metadata?.name ?? '';
    for (const { version, resources = [] } of versions) {
      for (const resource of resources) {
        const key = `${group}/${resource.resource}`;
        if (kinds.has(key) || resource.verbs?.includes('list') !== true) continue;
        kinds.set(key, {
          group,
          version,
          kind: resource.responseKind?.kind ?? resource.resource,
          plural: resource.resource,
          namespaced: resource.scope === 'Namespaced',
          verbs: resource.verbs,
          shortNames: resource.shortNames ?? [],
          subresources: (resource.subresources ?? []).map(({ subresource }) => subresource),
        });
      }
    }
  }
  // Events are served twice; one of them is enough.
  kinds.delete('events.k8s.io/events');
  return [...kinds.values()];
}

/** Below `/k8s`; `namespace` undefined: all of them, or none for kinds without. */
export function pathOf(
  { group, version, plural, namespaced }: Pick<Kind, 'group' | 'version' | 'plural' | 'namespaced'>,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = group === '' ? `/k8s/api/${version}` : `/k8s/apis/${group}/${version}`;
  const scope = namespaced && namespace !== undefined ? `/namespaces/${namespace}` : '';
  return [`${root}${scope}/${plural}`, name, subresource].filter((part) => part !== undefined).join('/');
}

const section = (kind: Kind): SectionName => {
  if (kind.group === 'apps' || kind.group === 'batch' || kind.group === 'autoscaling') return 'workloads';
  if (['networking.k8s.io', 'discovery.k8s.io', 'gateway.networking.k8s.io'].includes(kind.group)) return 'network';
  if (kind.group === 'storage.k8s.io') return 'storage';
  if (kind.group === 'rbac.authorization.k8s.io') return 'access';
  if (kind.group === '') return coreSections[kind.plural] ?? 'cluster';
  if (/\.k8s\.io$/.test(kind.group) || kind.group === 'policy') return 'cluster';
  return 'custom';
};

const coreSections: Readonly<Record<string, SectionName>> = {
  pods: 'workloads',
  replicationcontrollers: 'workloads',
  services: 'network',
  endpoints: 'network',
  configmaps: 'config',
  secrets: 'config',
  limitranges: 'config',
  resourcequotas: 'config',
  persistentvolumes: 'storage',
  persistentvolumeclaims: 'storage',
  serviceaccounts: 'access',
};

export const sectionNames = ['workloads', 'network', 'config', 'storage', 'access', 'cluster', 'custom'] as const;
export type SectionName = (typeof sectionNames)[number];

/** What people look for first stands first. */
const favourites = [
  'pods',
  'deployments',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'services',
  'ingresses',
  'nodes',
  'namespaces',
];

export function sectionsOf(kinds: readonly Kind[]): ReadonlyMap<SectionName, readonly Kind[]> {
  const rank = ({ plural }: Kind): number =>
    favourites.includes(plural) ? favourites.indexOf(plural) : favourites.length;
  const sorted = [...kinds].sort((a, b) => rank(a) - rank(b) || a.kind.localeCompare(b.kind));
  return new Map(sectionNames.map((name) => [name, sorted.filter((kind) => section(kind) === name)]));
}

/** The kind of an object's `apiVersion` and `kind`. */
export function findKind(kinds: readonly Kind[], apiVersion: string, kind: string): Kind | undefined {
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  return kinds.find((each) => each.group === group && each.kind === kind);
}
