import rows from './generated/kinds.json' with { type: 'json' };
import type { KubernetesObject } from './object.js';
import type { ResourceType } from './resource-type.js';

/** Every built-in resource, in discovery order. Generated; see scripts/generate.mjs. */
export const builtInResources: readonly ResourceType[] = rows as unknown as readonly ResourceType[];

const byPath = new Map(builtInResources.map((type) => [`${type.group}/${type.version}/${type.plural}`, type]));
const byKind = new Map(builtInResources.map((type) => [`${type.group}/${type.version}/${type.kind}`, type]));

/** @throws {TypeError} a resource that the generated table does not hold. */
export function resourceType<T extends KubernetesObject>(
  group: string,
  version: string,
  plural: string,
): ResourceType<T> {
  const type = byPath.get(`${group}/${version}/${plural}`);
  if (type === undefined) throw new TypeError(`no built-in resource ${group}/${version}/${plural}`);
  return type as ResourceType<T>;
}

/** The built-in resource of an `apiVersion` and `kind`, if there is one. */
export function resourceOfKind(apiVersion: string, kind: string): ResourceType | undefined {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/', 2) as [string, string]) : ['', apiVersion];
  return byKind.get(`${group}/${version}/${kind}`);
}
