import type { KubernetesObject, ObjectKey, ResourceType } from '@geobuk/api';
import type { Actions } from '../actions/key-map.js';
import { resourceActions } from '../actions/resource-actions.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { NamespaceChoice } from '../command/parse-command.js';
import { TablePage } from './table-page.js';

/**
 * What can be done with one object, in a list that is not of its kind: the same as in the list that is. Of a `bare` one
 * only the metadata is known.
 */
export function objectActions(
  services: Services,
  cluster: Cluster,
  type: ResourceType,
  object: KubernetesObject,
  bare = false,
): Actions {
  const { namespace } = object.metadata;
  const page = new TablePage({ clusters: [cluster], type, namespaces: scopeOf(namespace) }, services);
  page.hold(object, bare);
  return resourceActions(page);
}

/** Opens the list an object is in, with nothing but it. */
export function showOne(services: Services, cluster: Cluster, type: ResourceType, key: ObjectKey): void {
  const fieldSelector = `metadata.name=${key.name}`;
  const namespaces = scopeOf(key.namespace);
  services.open(new TablePage({ clusters: [cluster], type, namespaces, fieldSelector, of: key.name }, services));
}

const scopeOf = (namespace: string | undefined): NamespaceChoice =>
  namespace === undefined || namespace === '' ? { kind: 'all' } : { kind: 'one', name: namespace };
