import { schemaOfStructural } from '@geobuk/api';
import type { CustomResourceDefinition, JsonObject, ResourceType, Subresource, Verb } from '@geobuk/api';
import { findPath } from './printer-columns.js';
import { storePrefix } from '../resources/served-resource.js';
import type { Converter, ServedResource } from '../resources/served-resource.js';
import { plainStrategy } from '../resources/strategy.js';
import type { Json } from '@geobuk/api';

type Version = CustomResourceDefinition['spec']['versions'][number];

const verbs: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const partVerbs: readonly Verb[] = ['get', 'patch', 'update'];

export interface ServedByOptions {
  /** Objects of this revision or older may have been written under another schema. */
  readonly schemaSince: number;
  readonly converter: Converter | undefined;
}

/** What a definition adds to the catalog: one resource for each served version. Follows: checklist 3.2. */
export function servedBy(
  definition: CustomResourceDefinition,
  { schemaSince, converter }: ServedByOptions,
): readonly ServedResource[] {
  const { spec, status, metadata } = definition;
  const { group, names, scope } = spec;
  const storage = spec.versions.find((version) => version.storage);
  if (storage === undefined) return [];
  const stored = status?.storedVersions ?? [];
  return spec.versions
    .filter((version) => version.served)
    .map((version): ServedResource => {
      const schemaSource = version.schema?.openAPIV3Schema as JsonObject | undefined;
      const type: ResourceType = {
        group,
        version: version.name,
        kind: names.kind,
        plural: names.plural,
        singular: names.singular ?? names.kind.toLowerCase(),
        namespaced: scope === 'Namespaced',
        verbs,
        shortNames: names.shortNames ?? [],
        categories: names.categories ?? [],
        subresources: subresourcesOf(group, names.kind, version),
      };
      return {
        type,
        apiVersion: `${group}/${version.name}`,
        listKind: names.listKind ?? `${names.kind}List`,
        prefix: storePrefix(group, names.plural),
        storageApiVersion: `${group}/${storage.name}`,
        schema: schemaOfStructural(schemaSource),
        strategy: {
          ...plainStrategy,
          hasStatus: version.subresources?.status !== undefined,
          hasGeneration: true,
          needsVersionOnUpdate: true,
          fields: Object.fromEntries(
            (version.selectableFields ?? []).map(({ jsonPath }) => [
              jsonPath.replace(/^\./, ''),
              (object) => {
                const value = findPath(jsonPath, object as unknown as Json)[0];
                return value === undefined || value === null ? undefined : String(value);
              },
            ]),
          ),
        },
        custom: {
          definitionName: metadata.name ?? '',
          schemaSource,
          columns: version.additionalPrinterColumns ?? [],
          hasOldVersions: stored.some((name) => name !== storage.name),
          schemaSince,
          converter,
          scale: version.subresources?.scale,
        },
      };
    });
}

function subresourcesOf(
  group: string,
  kind: string,
  { name, subresources }: Version,
): Readonly<Record<string, Subresource>> {
  return {
    ...(subresources?.status === undefined ? {} : { status: { group, version: name, kind, verbs: partVerbs } }),
    ...(subresources?.scale === undefined
      ? {}
      : { scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: partVerbs } }),
  };
}
