import { createHash } from 'node:crypto';
import type { ResourceType, Subresource } from '@geobuk/api';
import { aggregatedDiscovery } from './aggregated-groups.js';
import type { AggregatedGroups, AggregatedVersion } from './aggregated-groups.js';
import type { ResourceCatalog } from '../resources/resource-catalog.js';
import type { ServedResource } from '../resources/served-resource.js';

export const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface GroupVersions {
  readonly group: string;
  /** In order of preference. */
  readonly versions: readonly { readonly version: string; readonly resources: readonly ServedResource[] }[];
}

/** The documents that say what is served; made once for each state of the catalog. Follows: checklist 1.2 and 1.3. */
export class Discovery {
  readonly #catalog: ResourceCatalog;
  readonly #aggregated: AggregatedGroups;
  #generation = '';
  #groups: readonly GroupVersions[] = [];
  readonly #documents = new Map<string, { readonly json: Buffer; readonly etag: string }>();

  constructor({ catalog, aggregated }: { readonly catalog: ResourceCatalog; readonly aggregated: AggregatedGroups }) {
    this.#catalog = catalog;
    this.#aggregated = aggregated;
  }

  /** `/api` in the old form. */
  coreVersions(address: string) {
    return {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
    };
  }

  /** `/apis` in the old form. */
  groupList() {
    const groups = this.groups().filter(({ group }) => group !== '');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...groups, ...this.#foreign()].map(apiGroup) };
  }

  /** `/apis/<group>`. */
  group(name: string) {
    const all = [...this.groups(), ...this.#foreign()];
    const found = name === '' ? undefined : all.find(({ group }) => group === name);
    return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) };
  }

  /** `/api/v1`, `/apis/<group>/<version>`. */
  resources(group: string, version: string) {
    const found = this.groups()
      .find((candidate) => candidate.group === group)
      ?.versions.find((candidate) => candidate.version === version);
    if (found === undefined) return undefined;
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: group === '' ? version : `${group}/${version}`,
      resources: found.resources.flatMap(({ type, prefix }) => apiResources(type, prefix)),
    };
  }

  /** `/api` or `/apis` in the aggregated form. */
  aggregated(root: 'api' | 'apis'): { readonly json: Buffer; readonly etag: string } {
    const groups = this.groups();
    let document = this.#documents.get(root);
    if (document === undefined) {
      const own = groups.filter(({ group }) => (group === '') === (root === 'api')).map(groupDiscovery);
      const items = root === 'api' ? own : [...own, ...this.#foreign().map(foreignDiscovery)];
      const json = Buffer.from(
        JSON.stringify({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items }),
      );
      document = { json, etag: `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"` };
      this.#documents.set(root, document);
    }
    return document;
  }

  /** Every group with its versions, in order of priority. */
  groups(): readonly GroupVersions[] {
    const generation = `${this.#catalog.generation}/${this.#aggregated.generation}`;
    if (this.#generation !== generation) {
      this.#generation = generation;
      this.#documents.clear();
      this.#groups = groupUp(this.#catalog.all());
    }
    return this.#groups;
  }

  /** Groups that only other servers answer. A version that another answers in a group of ours is listed by its APIService alone. */
  #foreign(): readonly ForeignGroup[] {
    const own = new Set(this.#groups.map(({ group }) => group));
    const groups = new Map<string, AggregatedVersion[]>();
    for (const version of this.#aggregated.versions()) {
      if (own.has(version.group)) continue;
      const versions = groups.get(version.group);
      if (versions === undefined) groups.set(version.group, [version]);
      else versions.push(version);
    }
    return [...groups].map(([group, versions]) => ({
      group,
      versions: versions.sort((a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version)),
    }));
  }
}

interface ForeignGroup {
  readonly group: string;
  readonly versions: readonly AggregatedVersion[];
}

const foreignDiscovery = ({ group, versions }: ForeignGroup) => ({
  metadata: { name: group, creationTimestamp: null },
  versions: versions.map(aggregatedDiscovery),
});

function groupUp(all: readonly ServedResource[]): readonly GroupVersions[] {
  const groups = new Map<string, Map<string, ServedResource[]>>();
  for (const resource of all) {
    const { group, version } = resource.type;
    let versions = groups.get(group);
    if (versions === undefined) groups.set(group, (versions = new Map()));
    const resources = versions.get(version);
    if (resources === undefined) versions.set(version, [resource]);
    else resources.push(resource);
  }
  return [...groups].map(([group, versions]) => ({
    group,
    versions: [...versions]
      .map(([version, resources]) => ({
        version,
        resources: [...resources].sort((a, b) => (a.type.plural < b.type.plural ? -1 : 1)),
      }))
      .sort((a, b) => compareVersions(a.version, b.version)),
  }));
}

const versionForm = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/** GA before beta before alpha, higher numbers first, other forms last (1.2.8). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionForm.exec(a), versionForm.exec(b)];
  if (left === null || right === null) return left === right ? (a < b ? -1 : a > b ? 1 : 0) : left === null ? 1 : -1;
  const stage = (found: RegExpExecArray) => (found[2] === undefined ? 0 : found[2] === 'beta' ? 1 : 2);
  return (
    stage(left) - stage(right) || Number(right[1]) - Number(left[1]) || Number(right[3] ?? 0) - Number(left[3] ?? 0)
  );
}

function apiGroup({
  group,
  versions,
}: {
  readonly group: string;
  readonly versions: readonly { readonly version: string }[];
}) {
  const named = versions.map(({ version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: named, preferredVersion: named[0] };
}

/** A hash that tells storage from storage: clients compare, nothing more. */
const storageHash = (prefix: string): string => createHash('sha256').update(prefix).digest('base64').slice(0, 11) + '=';

function apiResources(type: ResourceType, prefix: string): readonly object[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories, subresources } = type;
  const own = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(verbs.includes('watch') ? { storageVersionHash: storageHash(prefix) } : {}),
  };
  const below = Object.entries(subresources)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sub]) => ({
      name: `${plural}/${name}`,
      singularName: '',
      namespaced,
      ...(isForeign(type, sub) ? { group: sub.group, version: sub.version } : {}),
      kind: sub.kind,
      verbs: [...sub.verbs].sort(),
    }));
  return [own, ...below];
}

const isForeign = (type: ResourceType, sub: Subresource): boolean =>
  sub.group !== type.group || sub.version !== type.version;

function groupDiscovery({ group, versions }: GroupVersions) {
  return {
    metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
    versions: versions.map(({ version, resources }) => ({
      version,
      freshness: 'Current',
      resources: resources.map(({ type }) => resourceDiscovery(type)),
    })),
  };
}

function resourceDiscovery(type: ResourceType) {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories, subresources } = type;
  const below = Object.entries(subresources).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    resource: plural,
    responseKind: { group: '', version: '', kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(below.length === 0
      ? {}
      : {
          subresources: below.map(([name, sub]) => ({
            subresource: name,
            responseKind: isForeign(type, sub)
              ? { group: sub.group, version: sub.version, kind: sub.kind }
              : { group: '', version: '', kind: sub.kind },
            verbs: [...sub.verbs].sort(),
          })),
        }),
  };
}
