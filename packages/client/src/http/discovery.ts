import type { ResourceType, Subresource, Verb } from '@geobuk/api';
import { ApiError, resourceOfKind } from '@geobuk/api';
import { allSettledOrThrow } from '../all-settled-or-throw.js';
import { isConnectionError } from '../connection-error.js';

/** What a server serves. */
export interface Discovery {
  /** Groups in the server's order of preference, versions within them too; so the first match of a name is the best. */
  readonly resources: readonly ResourceType[];
  /** Group and version pairs that could not be asked, such as `metrics.k8s.io/v1beta1` whose server is down. */
  readonly unavailable: readonly string[];
}

type Fetch = (path: string, accept: string) => Promise<{ readonly contentType: string; readonly body: unknown }>;

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const accept = `${aggregated},application/json;q=0.9`;

/** Follows: client-go discovery: the aggregated document where the server has it, else one request for each group and version. */
export async function discover(fetch: Fetch): Promise<Discovery> {
  const [core, groups] = await allSettledOrThrow([fetch('/api', accept), fetch('/apis', accept)]);
  const parts = await allSettledOrThrow(
    [core, groups].map((answer) =>
      (answer as { readonly contentType: string }).contentType.includes('as=APIGroupDiscoveryList')
        ? fromAggregated((answer as { readonly body: GroupDiscoveryList }).body)
        : fromLegacy(fetch, (answer as { readonly body: LegacyRoot }).body),
    ),
  );
  return {
    resources: parts.flatMap(({ resources }) => resources),
    unavailable: parts.flatMap(({ unavailable }) => unavailable),
  };
}

interface GroupKind {
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
}

interface GroupDiscoveryList {
  readonly items: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly freshness?: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: GroupKind | null;
        readonly scope: 'Namespaced' | 'Cluster';
        readonly singularResource?: string;
        readonly verbs: readonly Verb[];
        readonly shortNames?: readonly string[];
        readonly categories?: readonly string[];
        readonly subresources?: readonly {
          readonly subresource: string;
          readonly responseKind?: GroupKind | null;
          readonly verbs: readonly Verb[];
        }[];
      }[];
    }[];
  }[];
}

function fromAggregated(list: GroupDiscoveryList): Discovery {
  const resources: ResourceType[] = [];
  const unavailable: string[] = [];
  for (const { metadata, versions = [] } of list.items) {
    const group = metadata?.name ?? '';
    for (const { version, freshness, resources: served = [] } of versions) {
      if (freshness === 'Stale') unavailable.push(`${group}/${version}`);
      for (const row of served) {
        const kind = row.responseKind?.kind ?? '';
        const subresources = (row.subresources ?? []).map(({ subresource, responseKind, verbs }) => [
          subresource,
          {
            group: filled(responseKind?.group, group),
            version: filled(responseKind?.version, version),
            kind: responseKind?.kind ?? '',
            verbs,
          },
        ]);
        resources.push(
          withDefinition({
            group,
            version,
            kind,
            plural: row.resource,
            singular: filled(row.singularResource, kind.toLowerCase()),
            namespaced: row.scope === 'Namespaced',
            verbs: row.verbs,
            shortNames: row.shortNames ?? [],
            categories: row.categories ?? [],
            subresources: Object.fromEntries(subresources) as Record<string, Subresource>,
          }),
        );
      }
    }
  }
  return { resources, unavailable };
}

interface LegacyRoot {
  /** Of `/api`. */
  readonly versions?: readonly string[];
  /** Of `/apis`. */
  readonly groups?: readonly { readonly name: string; readonly versions: readonly { readonly version: string }[] }[];
}

interface LegacyResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly Verb[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

async function fromLegacy(fetch: Fetch, root: LegacyRoot): Promise<Discovery> {
  const wanted = [
    ...(root.versions ?? []).map((version) => ({ group: '', version, path: `/api/${version}` })),
    ...(root.groups ?? []).flatMap(({ name, versions }) =>
      versions.map(({ version }) => ({ group: name, version, path: `/apis/${name}/${version}` })),
    ),
  ];
  const unavailable: string[] = [];
  const parts = await allSettledOrThrow(
    wanted.map(async ({ group, version, path }) => {
      try {
        const { body } = await fetch(path, 'application/json');
        return resourcesOf(
          group,
          version,
          (body as { readonly resources?: readonly LegacyResource[] }).resources ?? [],
        );
      } catch (error) {
        if (!(error instanceof ApiError || isConnectionError(error))) throw error;
        // One aggregated server that is down must not hide the others; the caller sees its name.
        unavailable.push(`${group}/${version}`);
        return [];
      }
    }),
  );
  return { resources: parts.flat(), unavailable };
}

function resourcesOf(group: string, version: string, rows: readonly LegacyResource[]): readonly ResourceType[] {
  const subresourcesOf = (plural: string): Record<string, Subresource> =>
    Object.fromEntries(
      rows
        .filter(({ name }) => name.startsWith(`${plural}/`))
        .map((row) => [
          row.name.slice(plural.length + 1),
          { group: filled(row.group, group), version: filled(row.version, version), kind: row.kind, verbs: row.verbs },
        ]),
    );
  return rows
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName, namespaced, kind, verbs, shortNames = [], categories = [] }) =>
      withDefinition({
        group,
        version,
        kind,
        plural: name,
        singular: filled(singularName, kind.toLowerCase()),
        namespaced,
        verbs,
        shortNames,
        categories,
        subresources: subresourcesOf(name),
      }),
    );
}

/** Kinds that we know ourselves carry the name of their schema, which says how their lists merge. */
function withDefinition(type: ResourceType): ResourceType {
  const known = resourceOfKind(type.group === '' ? type.version : `${type.group}/${type.version}`, type.kind);
  return known?.definition === undefined || known.plural !== type.plural
    ? type
    : { ...type, definition: known.definition };
}

const filled = (value: string | undefined, otherwise: string): string =>
  value === undefined || value === '' ? otherwise : value;
