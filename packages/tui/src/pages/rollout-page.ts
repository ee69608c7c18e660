import type { Deployment, ObjectKey, ReplicaSet } from '@geobuk/api';
import { deployments, formatKey, replicaSets } from '@geobuk/api';
import { rollbackDeployment } from '../actions/rollback.js';
import type { Services } from '../app/services.js';
import type { Cluster } from '../cluster/cluster.js';
import { objectSource } from '../cluster/follow.js';
import type { Canvas } from '../screen/frame.js';
import { parseTime } from '../table/age.js';
import { diffLines, diffText } from '../text/diff-lines.js';
import { plainLine } from '../text/styled-text.js';
import { toYaml } from '../text/yaml-text.js';
import { ListPage } from './list-page.js';
import type { ListRow } from './list-page.js';
import { TextPage } from './text-page.js';

export interface RolloutPageOptions {
  readonly cluster: Cluster;
  readonly key: ObjectKey;
}

const revisionAnnotation = 'deployment.kubernetes.io/revision';

const revisionOf = (set: ReplicaSet): number => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);

const imagesOf = (set: ReplicaSet): string =>
  (set.spec.template?.spec?.containers ?? []).map(({ image }) => image).join(',');

/** The template as a person compares it: without the hash that every revision has of its own. */
function templateText({ spec }: ReplicaSet): string {
  const { 'pod-template-hash': _, ...labels } = spec.template?.metadata?.labels ?? {};
  return toYaml({ ...spec.template, metadata: { ...spec.template?.metadata, labels } });
}

/** Revisions of a deployment and how far the newest has come, live. Enter: what a revision changed; `^l`: back to it. */
export class RolloutPage extends ListPage<ReplicaSet> {
  constructor({ cluster, key }: RolloutPageOptions, services: Services) {
    let deployment: Deployment | undefined;
    const sets = new Map<string, ReplicaSet>();
    const mine = (): readonly ReplicaSet[] =>
      [...sets.values()]
        .filter(
          ({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === deployment?.metadata.uid) === true,
        )
        .sort((a, b) => revisionOf(b) - revisionOf(a));
    const changed = (): void => services.invalidate();
    super(
      {
        crumb: 'rollout',
        title: () => `rollout of ${formatKey(key)}`,
        cluster,
        columns: [
          { title: 'REVISION', align: 'right' },
          { title: 'REPLICASET' },
          { title: 'DESIRED', align: 'right' },
          { title: 'READY', align: 'right' },
          { title: 'CAUSE' },
          { title: 'IMAGES' },
          { title: 'AGE', kind: 'time' },
        ],
        unsorted: true,
        rows: () => mine().map(rowOf),
        empty: () => 'no revision yet',
        header: (canvas) => drawProgress(canvas, deployment),
        actions: (set) => ({
          open: () => {
            if (set === undefined) return;
            const all = mine();
            const before = all[all.indexOf(set) + 1];
            services.open(
              new TextPage(
                {
                  crumb: 'diff',
                  title: `revision ${revisionOf(set)}${before === undefined ? '' : ` against ${revisionOf(before)}`}`,
                  cluster,
                  load: () => {
                    const lines = diffText(
                      diffLines(before === undefined ? '' : templateText(before), templateText(set)),
                    );
                    return Promise.resolve(lines.length === 0 ? [plainLine('the same pods', 'dim')] : lines);
                  },
                },
                services,
              ),
            );
          },
          ...(cluster.readOnly || set === undefined
            ? {}
            : {
                rollback: () =>
                  rollbackDeployment(
                    services,
                    cluster,
                    { namespace: key.namespace, name: set.metadata.name ?? '' },
                    key.name,
                  ),
              }),
        }),
        run: async (signal) => {
          const refused = (error: Error): void => services.flash('alert', error.message);
          const nothing = (): void => undefined;
          await Promise.all([
            cluster.follow<Deployment>(
              (connection) =>
                objectSource(connection, deployments, {
                  namespace: key.namespace,
                  fieldSelector: `metadata.name=${key.name}`,
                }),
              {
                relisting: nothing,
                synced: changed,
                set: (now) => {
                  deployment = now;
                  changed();
                },
                removed: () => {
                  deployment = undefined;
                  changed();
                },
              },
              refused,
              signal,
            ),
            cluster.follow<ReplicaSet>(
              (connection) => objectSource(connection, replicaSets, { namespace: key.namespace }),
              {
                relisting: () => sets.clear(),
                synced: changed,
                set: (set) => {
                  sets.set(set.metadata.uid ?? '', set);
                  changed();
                },
                removed: (set) => {
                  sets.delete(set.metadata.uid ?? '');
                  changed();
                },
              },
              refused,
              signal,
            ),
          ]);
        },
      },
      services,
    );
  }
}

const rowOf = (set: ReplicaSet): ListRow<ReplicaSet> => ({
  id: set.metadata.uid ?? '',
  cells: [
    String(revisionOf(set)),
    set.metadata.name ?? '',
    String(set.spec.replicas ?? 0),
    String(set.status?.readyReplicas ?? 0),
    set.metadata.annotations?.['kubernetes.io/change-cause'] ?? '',
    imagesOf(set),
    '',
  ],
  values: [...new Array<undefined>(6).fill(undefined), parseTime(set.metadata.creationTimestamp)],
  health:
    set.spec.replicas === 0 ? 'done' : (set.status?.readyReplicas ?? 0) < (set.spec.replicas ?? 0) ? 'pending' : 'ok',
  item: set,
});

/** How far the rollout is, in the words of kubectl rollout status. */
export function rolloutStatus({ metadata, spec, status }: Deployment): {
  readonly text: string;
  readonly done: boolean;
  readonly share: number;
} {
  const wanted = spec.replicas ?? 1;
  const updated = status?.updatedReplicas ?? 0;
  const available = status?.availableReplicas ?? 0;
  const share = wanted === 0 ? 1 : Math.min(updated, available) / wanted;
  const stuck = status?.conditions?.find(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  );
  if (stuck !== undefined) return { text: 'exceeded its progress deadline', done: false, share };
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? metadata.generation ?? 0))
    return { text: 'waiting for the controller to see the change', done: false, share };
  if (updated < wanted) return { text: `${updated} of ${wanted} new replicas have been updated`, done: false, share };
  if ((status?.replicas ?? 0) > updated)
    return { text: `${(status?.replicas ?? 0) - updated} old replicas are pending termination`, done: false, share };
  if (available < updated)
    return { text: `${available} of ${updated} updated replicas are available`, done: false, share };
  return { text: 'successfully rolled out', done: true, share: 1 };
}

function drawProgress(canvas: Canvas, deployment: Deployment | undefined): number {
  if (deployment === undefined) return 0;
  const { text, done, share } = rolloutStatus(deployment);
  const bar = 20;
  const full = Math.round(share * bar);
  const x = canvas.text(3, 0, `${'█'.repeat(full)}${'░'.repeat(bar - full)} `, done ? 'diffAdd' : 'pending');
  canvas.text(x, 0, text, done ? 'ok' : 'value');
  return 2;
}
