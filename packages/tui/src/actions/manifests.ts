import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import { formatKey, isNotFound } from '@geobuk/api';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../cluster/cluster.js';
import type { Connection } from '../cluster/connection.js';
import { isFields } from '../config/fields.js';
import { toYaml } from '../text/yaml-text.js';

/** One object of a manifest, and where it goes. */
export interface ManifestObject {
  readonly type: ResourceType;
  readonly key: ObjectKey;
  readonly object: KubernetesObject;
}

/** What is needed by others goes first, and last when things are taken away. Follows: Helm's order of kinds. */
const first = [
  'Namespace',
  'PriorityClass',
  'ResourceQuota',
  'LimitRange',
  'ServiceAccount',
  'Secret',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
  'Service',
];

const rank = ({ type }: ManifestObject): number => {
  const at = first.indexOf(type.kind);
  return at < 0 ? first.length : at;
};

/**
 * The objects of a text with YAML documents, JSON or Lists, in the order they have to be made in.
 * @throws {Error} text that is no YAML, an object without kind or name, a kind the cluster does not have.
 */
export function parseManifest(text: string, namespace: string, cluster: Cluster): readonly ManifestObject[] {
  const documents = parseAllDocuments(text, { version: '1.1' });
  if ('empty' in documents) return [];
  const objects = documents.flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(error.message.split('\n')[0]);
    return itemsOf(document.toJS({ maxAliasCount: 1_000 }) as unknown);
  });
  return objects.map((object) => placed(object, namespace, cluster)).sort((a, b) => rank(a) - rank(b));
}

function itemsOf(document: unknown): readonly KubernetesObject[] {
  if (document === null || document === undefined) return [];
  if (!isFields(document)) throw new Error('a manifest has to be a map with kind and metadata');
  const kind: unknown = document['kind'];
  if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(document['items']))
    return document['items'].flatMap(itemsOf);
  return [document as unknown as KubernetesObject];
}

function placed(object: KubernetesObject, namespace: string, cluster: Cluster): ManifestObject {
  const { apiVersion = '', kind = '', metadata } = object;
  const name = metadata?.name;
  if (kind === '' || name === undefined)
    throw new Error(`a manifest needs kind and metadata.name: ${kind || 'no kind'}`);
  const type = cluster.catalog.ofKind(apiVersion, kind);
  if (type === undefined) throw new Error(`this cluster has no ${kind} of ${apiVersion}`);
  if (!type.namespaced) return { type, key: { name }, object };
  const key = { namespace: metadata.namespace ?? namespace, name };
  return { type, key, object: { ...object, metadata: { ...metadata, namespace: key.namespace } } };
}

export const manifestName = ({ type, key }: ManifestObject): string => `${type.singular} ${formatKey(key)}`;

const shown = ({ metadata, ...rest }: KubernetesObject): unknown => {
  const { managedFields: _m, resourceVersion: _r, generation: _g, uid: _u, creationTimestamp: _c, ...kept } = metadata;
  const { status: _s, ...body } = rest as KubernetesObject & { readonly status?: unknown };
  return { ...body, metadata: kept };
};

/** What an apply would make of the cluster, by a dry run of the server: before and after, as YAML. */
export async function previewApply(
  connection: Connection,
  objects: readonly ManifestObject[],
  fieldManager: string,
  signal: AbortSignal,
): Promise<{ readonly before: string; readonly after: string }> {
  const before: string[] = [];
  const after: string[] = [];
  for (const one of objects) {
    const now = await connection.read(one.type, one.key, { signal }).catch(nothingIfMissing);
    // In a namespace that this very manifest makes nothing can be tried yet: then what is written is what comes.
    const then = await connection
      .apply(one.type, one.object, { fieldManager, force: true, dryRun: true, signal })
      .catch((error: unknown) => {
        if (isNotFound(error)) return one.object;
        throw new Error(`${manifestName(one)}: ${(error as Error).message}`, { cause: error });
      });
    const title = `# ${manifestName(one)}\n`;
    if (now !== undefined) before.push(title + toYaml(shown(now)));
    after.push(title + toYaml(shown(then)));
  }
  return { before: before.join(''), after: after.join('') };
}

function nothingIfMissing(error: unknown): undefined {
  if (!isNotFound(error)) throw error;
}

/** Applies all, in order. @throws {Error} the first refusal, naming its object; those before it are applied. */
export async function applyAll(
  connection: Connection,
  objects: readonly ManifestObject[],
  fieldManager: string,
  signal: AbortSignal,
): Promise<void> {
  for (const one of objects) {
    await connection.apply(one.type, one.object, { fieldManager, force: true, signal }).catch((error: unknown) => {
      throw new Error(`${manifestName(one)}: ${(error as Error).message}`, { cause: error });
    });
  }
}

/** Deletes all, in the other order; what is gone already counts. @returns a line for each that could not be. */
export async function deleteAll(
  connection: Connection,
  objects: readonly ManifestObject[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const failures: string[] = [];
  for (const one of [...objects].reverse()) {
    await connection.delete(one.type, one.key, { propagationPolicy: 'Background', signal }).catch((error: unknown) => {
      if (!isNotFound(error)) failures.push(`${manifestName(one)}: ${(error as Error).message}`);
    });
  }
  return failures;
}
