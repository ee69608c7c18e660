import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { daemonSets, deployments, keyOf, pods, replicaSets, services as serviceKind, statefulSets } from '@geobuk/api';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import { ObjectSet } from '../cluster/object-set.js';
import { namespaceText } from '../command/parse-command.js';
import { parseTime } from '../table/age.js';
import { viewOf } from '../views/registry.js';
import { noFacts } from '../views/view.js';
import { ListPage } from './list-page.js';
import { objectActions, showOne } from './object-actions.js';
import type { ListRow } from './list-page.js';

const kinds = [pods, serviceKind, daemonSets, statefulSets, deployments, replicaSets].map(
  (type) => type as ResourceType,
);

interface Workload {
  readonly type: ResourceType;
  readonly object: KubernetesObject;
}

/** `:workloads`: everything that runs, of all kinds, with what ails it. Enter shows it among its own kind. */
export class WorkloadsPage extends ListPage<Workload> {
  constructor(cluster: Cluster, services: Services) {
    const choice = services.namespaces();
    const namespace = choice.kind === 'one' ? choice.name : undefined;
    const sets = kinds.map((type) => ({
      type,
      objects: new ObjectSet<KubernetesObject>(() => services.invalidate(), viewOf(type)?.slim),
    }));
    super(
      {
        crumb: 'workloads',
        title: () => `workloads(${namespaceText(choice)})`,
        cluster,
        columns: [
          { title: 'KIND' },
          { title: 'NAMESPACE' },
          { title: 'NAME' },
          { title: 'STATUS' },
          { title: 'READY' },
          { title: 'WHY' },
          { title: 'AGE', kind: 'time' },
        ],
        rows: () =>
          sets.flatMap(({ type, objects }) =>
            [...objects]
              .filter(({ metadata }) => choice.kind !== 'some' || choice.includes(metadata.namespace ?? ''))
              .map((object) => workloadRow(type, object)),
          ),
        empty: () => (sets.every(({ objects }) => objects.complete) ? 'nothing runs here' : 'loading…'),
        actions: (workload) =>
          workload === undefined
            ? {}
            : {
                ...objectActions(services, cluster, workload.type, workload.object),
                open: () => showOne(services, cluster, workload.type, keyOf(workload.object)),
              },
        run: async (signal) => {
          const refused = (error: Error): void => services.flash('warn', error.message);
          await Promise.all(
            sets.map(({ type, objects }) =>
              cluster.follow((connection) => objectSource(connection, type, { namespace }), objects, refused, signal),
            ),
          );
        },
      },
      services,
    );
  }
}

function workloadRow(type: ResourceType, object: KubernetesObject): ListRow<Workload> {
  const view = viewOf(type);
  const problem = view?.problem?.(object) ?? '';
  return {
    id: `${type.plural} ${object.metadata.uid ?? ''}`,
    cells: [
      type.kind,
      object.metadata.namespace ?? '',
      object.metadata.name ?? '',
      problem === '' ? 'OK' : 'DEGRADED',
      readyCell(type, object) ?? '',
      problem,
      '',
    ],
    values: [...new Array<undefined>(6).fill(undefined), parseTime(object.metadata.creationTimestamp)],
    health: view?.health?.(object) ?? 'ok',
    problem,
    item: { type, object },
  };
}

/** The READY cell of the kind's own view. */
function readyCell(type: ResourceType, object: KubernetesObject): string | undefined {
  return viewOf(type)
    ?.columns.find(({ title }) => title === 'READY')
    ?.cell(object, noFacts);
}
