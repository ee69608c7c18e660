import type { KubernetesObject, ObjectKey, Pod, ResourceType } from '@geobuk/api';
import { formatKey, ignoring, isForbidden, isNotFound, pods } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Connection } from '../cluster/connection.js';
import { eventsOf } from '../describe/describe.js';
import { relationsOfPod } from '../describe/relations.js';
import { eventTime } from '../views/cluster-kinds.js';
import { viewOf } from '../views/registry.js';
import type { Health } from '../screen/paint.js';
import { ListPage } from './list-page.js';
import { showOne } from './object-actions.js';
import type { ListRow } from './list-page.js';

export interface RelatedPageOptions {
  readonly cluster: Cluster;
  readonly type: ResourceType;
  readonly key: ObjectKey;
  /** `users`: only pods that use it. */
  readonly only?: 'users' | undefined;
}

interface Related {
  readonly relation: string;
  readonly kind: string;
  readonly type: ResourceType | undefined;
  readonly key: ObjectKey;
  readonly note: string;
  readonly health: Health;
  readonly at?: number | undefined;
}

const ownedKinds = [
  'pods',
  'replicasets.apps',
  'controllerrevisions.apps',
  'jobs.batch',
  'endpointslices.discovery.k8s.io',
  'persistentvolumeclaims',
];

/** Owners, owned, used and using objects and the events of any object, together. */
export class RelatedPage extends ListPage<Related> {
  constructor(options: RelatedPageOptions, services: Services) {
    let found: readonly Related[] = [];
    let loaded = false;
    super(
      {
        crumb: options.only === 'users' ? 'used by' : 'related',
        title: () =>
          `${options.only === 'users' ? 'users of' : 'related to'} ${options.type.singular} ${formatKey(options.key)}`,
        cluster: options.cluster,
        columns: [
          { title: 'RELATION' },
          { title: 'KIND' },
          { title: 'NAME' },
          { title: 'NOTE' },
          { title: 'AGE', kind: 'time' },
        ],
        unsorted: true,
        rows: () => found.map(rowOf),
        empty: () => (loaded ? 'nothing is related to it' : 'looking…'),
        actions: (item) => ({
          open: () => {
            if (item?.type === undefined) return;
            showOne(services, options.cluster, item.type, item.key);
          },
        }),
        run: async (signal) => {
          const connection = await options.cluster.connection(signal);
          found = await findRelated(connection, options, signal);
          loaded = true;
          services.invalidate();
        },
      },
      services,
    );
  }
}

const rowOf = (item: Related, index: number): ListRow<Related> => ({
  id: `${index} ${item.relation} ${item.kind} ${formatKey(item.key)}`,
  cells: [item.relation, item.kind, formatKey(item.key), item.note, ''],
  values: [undefined, undefined, undefined, undefined, item.at],
  health: item.health,
  item,
});

async function findRelated(
  connection: Connection,
  options: RelatedPageOptions,
  signal: AbortSignal,
): Promise<readonly Related[]> {
  const { cluster, type, key } = options;
  const object = await connection.read(type, key, { signal });
  const users = await usersOf(connection, cluster, object, type, signal);
  if (options.only === 'users') return users;
  const owners = (object.metadata.ownerReferences ?? []).map(({ apiVersion, kind, name }): Related => {
    const ownerType = cluster.catalog.ofKind(apiVersion, kind);
    const namespace = ownerType?.namespaced === false ? undefined : key.namespace;
    return { relation: '▲ owner', kind, type: ownerType, key: { namespace, name }, note: '', health: 'ok' };
  });
  const owned = await ownedBy(connection, cluster, object, signal);
  const uses = type.plural === 'pods' ? await usesOf(connection, cluster, object as Pod, signal) : [];
  const happened = (await eventsOf(connection, object, signal)).map((event): Related => ({
    relation: '⚑ event',
    kind: event.reason ?? '',
    type: undefined,
    key: { name: event.reportingComponent ?? event.source?.component ?? '' },
    note: event.message ?? '',
    health: event.type === 'Warning' ? 'pending' : 'ok',
    at: eventTime(event),
  }));
  return [...owners, ...owned, ...uses, ...users, ...happened];
}

const unreadable = ignoring((error) => isForbidden(error) || isNotFound(error));

async function ownedBy(
  connection: Connection,
  cluster: Cluster,
  object: KubernetesObject,
  signal: AbortSignal,
): Promise<readonly Related[]> {
  const { uid, namespace } = object.metadata;
  const lists = await Promise.all(
    ownedKinds.map(async (name) => {
      const type = cluster.catalog.find(name);
      if (type === undefined) return [];
      const list = await connection.list(type, { namespace, signal }).catch(unreadable);
      return (list?.items ?? [])
        .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid) === true)
        .map((item): Related => {
          const view = viewOf(type);
          const note = view?.problem?.(item) ?? '';
          return {
            relation: '▼ owned',
            kind: type.kind,
            type,
            key: { namespace: item.metadata.namespace, name: item.metadata.name ?? '' },
            note,
            health: view?.health?.(item) ?? 'ok',
            at: Date.parse(item.metadata.creationTimestamp ?? ''),
          };
        });
    }),
  );
  return lists.flat();
}

/** What a pod refers to, and whether it is there. */
async function usesOf(
  connection: Connection,
  cluster: Cluster,
  pod: Pod,
  signal: AbortSignal,
): Promise<readonly Related[]> {
  return Promise.all(
    relationsOfPod(pod).map(async ({ plural, name, why, optional }): Promise<Related> => {
      const type = cluster.catalog.find(plural);
      const namespace = type?.namespaced === true ? pod.metadata.namespace : undefined;
      const there =
        type === undefined ? undefined : await connection.read(type, { namespace, name }, { signal }).catch(unreadable);
      const missing = there === undefined && !optional;
      return {
        relation: '→ uses',
        kind: type?.kind ?? plural,
        type,
        key: { namespace, name },
        note: there === undefined ? `${why}, ${optional ? 'optional and ' : ''}not there` : why,
        health: missing ? 'error' : 'ok',
      };
    }),
  );
}

async function usersOf(
  connection: Connection,
  cluster: Cluster,
  object: KubernetesObject,
  type: ResourceType,
  signal: AbortSignal,
): Promise<readonly Related[]> {
  if (type.plural === 'pods') return [];
  const { namespace, name } = object.metadata;
  const list = await connection
    .list(pods, { namespace: type.plural === 'nodes' ? undefined : namespace, signal })
    .catch(unreadable);
  return (list?.items ?? []).flatMap((pod): readonly Related[] =>
    relationsOfPod(pod)
      .filter((relation) => relation.plural === type.plural && relation.name === name)
      .map(({ why }) => ({
        relation: '← used by',
        kind: 'Pod',
        type: cluster.catalog.find('pods'),
        key: { namespace: pod.metadata.namespace, name: pod.metadata.name ?? '' },
        note: why,
        health: viewOf(pods as ResourceType)?.health?.(pod) ?? 'ok',
      })),
  );
}
