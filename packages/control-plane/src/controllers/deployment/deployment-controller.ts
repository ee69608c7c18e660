import { isDeepStrictEqual } from 'node:util';
import type { Deployment, ObjectKey, Pod, ReplicaSet } from '@geobuk/api';
import { deployments, ignoring, isAlreadyExists, isNotFound, keyOf, pods, replicaSets, uidOf } from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { allSettledOrThrow, mapped, primary, settled } from '@geobuk/client';
import { byControllerUid, controllerOf, controllerUidIndex } from '../controller-ref.js';
import { Dependants } from '../dependants.js';
import type { RolloutNews } from './deployment-status.js';
import { deploymentStatus, isComplete, progressDeadlineInMs } from './deployment-status.js';
import { isScalingEvent, scaleProportionally } from './proportional-scaling.js';
import {
  desiredReplicasAnnotation,
  findNewReplicaSet,
  inheritedAnnotations,
  maxReplicasAnnotation,
  newReplicaSet,
  oldestFirst,
  revisionAnnotation,
  revisionHistoryAnnotation,
  revisionOf,
  sameTemplate,
} from './revisions.js';
import type { Scale } from './rolling-update.js';
import { fenceposts, newReplicaSetSize, shrinkOld, specReplicas, sum } from './rolling-update.js';

export interface DeploymentControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/**
 * Moves a Deployment's pods from old templates to the new one by sizing ReplicaSets, one step a reconcile.
 * Follows: Deployment controller (rolling update, recreate, proportional scaling, pause, progress deadline, history).
 */
export class DeploymentController implements Controller {
  readonly name = 'deployment';
  readonly watches;
  readonly #deps: DeploymentControllerDeps;
  readonly #deployments: Lister<Deployment>;
  readonly #replicaSets: Lister<ReplicaSet>;
  readonly #owned: Dependants<Deployment, ReplicaSet>;
  readonly #pods: Lister<Pod>;

  constructor(deps: DeploymentControllerDeps) {
    this.#deps = deps;
    this.#owned = new Dependants({
      ...deps,
      ownerType: deployments,
      type: replicaSets,
      selectorOf: ({ spec }) => spec.selector,
    });
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(controllerUidIndex, byControllerUid);
    this.#deployments = deps.informers.of(deployments).lister;
    this.#replicaSets = deps.informers.of(replicaSets).lister;
    this.#pods = podInformer.lister;
    this.watches = [
      primary(deployments),
      this.#owned.owned,
      this.#owned.orphans,
      // Recreate waits for the last old pod to be gone.
      mapped(pods, (now, before) => (now === undefined ? this.#deploymentOfPod(before) : [])),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { client, clock } = this.#deps;
    const { signal } = context;
    const deployment = this.#deployments.get(key); // check
    if (deployment === undefined) return settled;
    const owned = await this.#owned.of(deployment, { signal });
    const found = findNewReplicaSet(deployment, owned);
    const old = owned.filter((rs) => rs !== found);

    let newest = found;
    let news: RolloutNews;
    if (deployment.metadata.deletionTimestamp === undefined) {
      if (deployment.spec.paused === true || isScalingEvent(deployment, owned)) {
        await this.#scale(deployment, scaleProportionally(deployment, newest, old), context);
      } else {
        if (newest === undefined) {
          if (this.#mustWaitForOldPods(deployment, old)) {
            await this.#scale(
              deployment,
              old.filter((rs) => specReplicas(rs) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 })),
              context,
            );
          } else {
            ({ newest, news } = await this.#createNewest(deployment, old, context));
          }
        } else await this.#syncRevision(deployment, newest, old, context);
        if (newest !== undefined && found !== undefined) await this.#rollOut(deployment, newest, old, context);
      }
    }

    const status = deploymentStatus(deployment, newest, old, clock.now(), news);
    if (deployment.metadata.deletionTimestamp === undefined && isComplete(deployment, status))
      await this.#cleanUp(deployment, old, context);
    if (!isDeepStrictEqual(status, deployment.status)) {
      await client.updateStatus(deployments, { ...deployment, status }, { signal }).catch(ignoring(isNotFound));
    }
    const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
    const wakeAfterMs = progressDeadlineInMs(deployment, progressing, clock.now());
    return wakeAfterMs === undefined ? settled : { requeueAfterMs: Math.max(1000, wakeAfterMs + 1000) };
  }

  /** Recreate: nothing new while anything old still runs. */
  #mustWaitForOldPods(deployment: Deployment, old: readonly ReplicaSet[]): boolean {
    if (deployment.spec.strategy?.type !== 'Recreate') return false;
    if (old.some((rs) => specReplicas(rs) > 0)) return true;
    return old
      .flatMap((rs) => this.#pods.byIndex(controllerUidIndex, uidOf(rs)))
      .some((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed');
  }

  async #createNewest(
    deployment: Deployment,
    old: readonly ReplicaSet[],
    { signal, trace }: ReconcileContext,
  ): Promise<{ newest: ReplicaSet | undefined; news: RolloutNews }> {
    const { client, recorder } = this.#deps;
    const revision = Math.max(0, ...old.map(revisionOf)) + 1;
    const size = newReplicaSetSize(deployment, 0, sum(old, specReplicas));
    const wanted = newReplicaSet(deployment, size, revision, maxReplicas(deployment));
    const name = wanted.metadata.name ?? '';
    trace.found(`no ReplicaSet of the current template`);
    try {
      const newest = await client.create(replicaSets, wanted, { signal });
      trace.did(`created ReplicaSet ${name} with ${size} replicas`);
      if (size > 0)
        recorder.record(deployment, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${name} from 0 to ${size}`);
      await this.#setRevision(deployment, revision, signal);
      return { newest, news: { reason: 'NewReplicaSetCreated', message: `Created new replica set "${name}"` } };
    } catch (error) {
      if (isAlreadyExists(error)) {
        const other = await client.read(replicaSets, keyOf(wanted), { signal });
        const ours =
          controllerOf(other)?.uid === deployment.metadata.uid &&
          sameTemplate(other.spec.template ?? {}, deployment.spec.template);
        if (ours)
          return { newest: other, news: { reason: 'FoundNewReplicaSet', message: `Found new replica set "${name}"` } };
        const collisionCount = (deployment.status?.collisionCount ?? 0) + 1; // the next hash is another one
        await client.updateStatus(
          deployments,
          { ...deployment, status: { ...deployment.status, collisionCount } },
          { signal },
        );
      } else if (!signal.aborted && error instanceof Error) {
        recorder.record(
          deployment,
          'Warning',
          'ReplicaSetCreateError',
          `Failed to create new replica set "${name}": ${error.message}`,
        );
      }
      throw error;
    }
  }

  /** After a rollback an old ReplicaSet becomes the newest: it gets a new revision number and remembers the former ones. */
  async #syncRevision(
    deployment: Deployment,
    newest: ReplicaSet,
    old: readonly ReplicaSet[],
    { signal }: ReconcileContext,
  ): Promise<void> {
    const { client } = this.#deps;
    const revision = Math.max(revisionOf(newest), Math.max(0, ...old.map(revisionOf)) + 1);
    const present = newest.metadata.annotations ?? {};
    const wanted: Record<string, string> = { ...inheritedAnnotations(deployment) };
    if (revision !== revisionOf(newest)) {
      const former = present[revisionAnnotation];
      const history = present[revisionHistoryAnnotation];
      if (former !== undefined)
        wanted[revisionHistoryAnnotation] = history === undefined ? former : `${history},${former}`;
    }
    wanted[revisionAnnotation] = String(revision);
    const changed = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
    const seconds = deployment.spec.minReadySeconds ?? 0;
    const spec = (newest.spec.minReadySeconds ?? 0) === seconds ? {} : { spec: { minReadySeconds: seconds } };
    if (changed.length > 0 || 'spec' in spec) {
      const body = { metadata: { annotations: Object.fromEntries(changed) }, ...spec };
      await client.patch(replicaSets, keyOf(newest), { type: 'merge', body }, { signal });
    }
    await this.#setRevision(deployment, revision, signal);
  }

  async #setRevision(deployment: Deployment, revision: number, signal: AbortSignal): Promise<void> {
    if (deployment.metadata.annotations?.[revisionAnnotation] === String(revision)) return;
    const body = { metadata: { annotations: { [revisionAnnotation]: String(revision) } } };
    await this.#deps.client.patch(deployments, keyOf(deployment), { type: 'merge', body }, { signal });
  }

  async #rollOut(
    deployment: Deployment,
    newest: ReplicaSet,
    old: readonly ReplicaSet[],
    context: ReconcileContext,
  ): Promise<void> {
    const size = newReplicaSetSize(deployment, specReplicas(newest), sum([...old, newest], specReplicas));
    if (deployment.spec.strategy?.type === 'Recreate' && this.#mustWaitForOldPods(deployment, old)) {
      await this.#scale(
        deployment,
        old.filter((rs) => specReplicas(rs) > 0).map((replicaSet) => ({ replicaSet, replicas: 0 })),
        context,
      );
    } else if (size !== specReplicas(newest))
      await this.#scale(deployment, [{ replicaSet: newest, replicas: size }], context);
    else await this.#scale(deployment, shrinkOld(deployment, newest, old), context);
  }

  async #scale(deployment: Deployment, scales: readonly Scale[], { signal, trace }: ReconcileContext): Promise<void> {
    const { client, recorder } = this.#deps;
    const annotations = {
      [desiredReplicasAnnotation]: String(deployment.spec.replicas ?? 1),
      [maxReplicasAnnotation]: String(maxReplicas(deployment)),
    };
    await allSettledOrThrow(
      scales.map(async ({ replicaSet, replicas }) => {
        const before = specReplicas(replicaSet);
        const stale = Object.entries(annotations).some(
          ([key, value]) => replicaSet.metadata.annotations?.[key] !== value,
        );
        if (before === replicas && !stale) return;
        const name = replicaSet.metadata.name ?? '';
        const body = {
          metadata: { annotations, resourceVersion: replicaSet.metadata.resourceVersion },
          spec: { replicas },
        };
        await client.patch(replicaSets, keyOf(replicaSet), { type: 'merge', body }, { signal });
        if (before === replicas) return;
        const direction = replicas > before ? 'up' : 'down';
        trace.found(`ReplicaSet ${name} has ${before} replicas, this step wants ${replicas}`);
        trace.did(`scaled ${direction} ${name}`);
        recorder.record(
          deployment,
          'Normal',
          'ScalingReplicaSet',
          `Scaled ${direction} replica set ${name} from ${before} to ${replicas}`,
        );
      }),
    );
  }

  /** Old, empty ReplicaSets beyond the history limit go, oldest revision first. */
  async #cleanUp(
    deployment: Deployment,
    old: readonly ReplicaSet[],
    { signal, trace }: ReconcileContext,
  ): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit ?? 10;
    const alive = old.filter((rs) => rs.metadata.deletionTimestamp === undefined);
    const surplus = [...alive]
      .sort((a, b) => revisionOf(a) - revisionOf(b) || oldestFirst(a, b))
      .slice(0, Math.max(0, alive.length - limit));
    const empty = surplus.filter(
      (rs) =>
        specReplicas(rs) === 0 &&
        (rs.status?.replicas ?? 0) === 0 &&
        (rs.status?.observedGeneration ?? 0) >= (rs.metadata.generation ?? 0),
    );
    await allSettledOrThrow(
      empty.map(async (rs) => {
        await this.#deps.client.delete(replicaSets, keyOf(rs), { signal, uid: uidOf(rs) }).catch(ignoring(isNotFound));
        trace.did(`deleted old ReplicaSet ${rs.metadata.name ?? ''}`);
      }),
    );
  }

  #deploymentOfPod(pod: Pod | undefined): readonly ObjectKey[] {
    const owner = pod === undefined ? undefined : controllerOf(pod);
    if (pod === undefined || owner?.kind !== 'ReplicaSet') return [];
    const rs = this.#replicaSets.get({ namespace: pod.metadata.namespace, name: owner.name });
    const deployment = rs === undefined ? undefined : controllerOf(rs);
    return deployment?.kind === 'Deployment' ? [{ namespace: pod.metadata.namespace, name: deployment.name }] : [];
  }
}

const maxReplicas = (deployment: Deployment): number => {
  const replicas = deployment.spec.replicas ?? 1;
  return replicas === 0 ? 0 : replicas + fenceposts(deployment).maxSurge;
};
