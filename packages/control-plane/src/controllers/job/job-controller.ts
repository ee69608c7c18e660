import { isDeepStrictEqual } from 'node:util';
import type { Job, ObjectKey, Pod } from '@geobuk/api';
import { formatKey, ignoring, isNotFound, jobs, keyOf, pods, uidOf } from '@geobuk/api';
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
import { controllerOf } from '../controller-ref.js';
import { Dependants } from '../dependants.js';
import { Expectations } from '../expectations.js';
import { PodControl } from '../pod-control.js';
import type { JobDiff } from './job-diff.js';
import { conditionOf, diffJob, isFinished } from './job-diff.js';
import { isTracked, jobPod, trackingFinalizer } from './job-pod.js';

export interface JobControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

const trackedIndex = 'trackedByJob';
const ownController = 'kubernetes.io/job-controller';

/** Runs pods to completion and counts how they end. Follows: Job controller. */
export class JobController implements Controller {
  readonly name = 'job';
  readonly watches;
  readonly #deps: JobControllerDeps;
  readonly #jobs: Lister<Job>;
  readonly #pods: Lister<Pod>;
  readonly #owned: Dependants<Job, Pod>;
  readonly #expectations: Expectations;
  readonly #podControl: PodControl;
  /** By uid: the version that a status was written over. While the cache shows it, it shows less than was done. */
  readonly #superseded = new Map<string, string>();

  constructor(deps: JobControllerDeps) {
    this.#deps = deps;
    this.#expectations = new Expectations(deps.clock);
    this.#podControl = new PodControl({ ...deps, expectations: this.#expectations });
    this.#owned = new Dependants({
      ...deps,
      ownerType: jobs,
      type: pods,
      selectorOf: ({ spec }) => spec.selector,
      released: (pod, { signal }) => this.#dropFinalizer(pod, signal),
    });
    const podInformer = deps.informers.of(pods);
    podInformer.addIndex(trackedIndex, (pod) => (isTracked(pod) ? jobKeysOf(pod).map(formatKey) : []));
    this.#jobs = deps.informers.of(jobs).lister;
    this.#pods = podInformer.lister;
    this.watches = [
      primary(jobs),
      this.#expectations.observing(this.#owned.owned),
      this.#owned.orphans,
      mapped(pods, (now) => (now !== undefined && isTracked(now) ? jobKeysOf(now) : [])),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { clock } = this.#deps;
    const id = formatKey(key);
    const job = this.#jobs.get(key); // check
    if (job !== undefined && (job.spec.managedBy ?? ownController) !== ownController) return settled;
    await this.#releaseStrays(key, job, signal);
    if (job === undefined) {
      this.#expectations.forget(id);
      return settled;
    }
    const uid = uidOf(job);
    if (isFinished(job)) {
      this.#superseded.delete(uid);
      return settled;
    }
    if (this.#superseded.get(uid) === job.metadata.resourceVersion) return settled; // its own write brings the key back
    const owned = await this.#owned.of(job, { signal });
    if (!this.#expectations.satisfied(id)) return settled;

    const plan = diffJob(job, owned, clock.now()); // diff

    if (plan.create.length > 0) trace.found(`${plan.create.length} pods to run`);
    if (plan.remove.length > 0) trace.found(`${plan.remove.length} pods to stop`);
    await this.#podControl.remove(job, plan.remove, { signal, trace }, async (pod) => {
      if (!plan.countRemoved && isTracked(pod)) await this.#dropFinalizer(pod, signal);
    }); // act
    const error = await this.#podControl.create(
      job,
      plan.create.map((wish) => jobPod(job, wish)),
      { signal, trace },
    );
    await this.#store(job, plan, signal, trace);
    await allSettledOrThrow(plan.release.map((pod) => this.#dropFinalizer(pod, signal)));
    if (error !== undefined) throw error;
    return plan.wakeAfterMs === undefined ? settled : { requeueAfterMs: plan.wakeAfterMs };
  }

  /** Pods that nobody will count any more: their Job is gone, is another one of that name, or has ended. */
  async #releaseStrays(key: ObjectKey, job: Job | undefined, signal: AbortSignal): Promise<void> {
    const strays = this.#pods.byIndex(trackedIndex, formatKey(key)).filter((pod) => {
      if (job === undefined) return true;
      const owner = controllerOf(pod);
      if (owner !== undefined && owner.uid !== uidOf(job)) return true;
      return owner !== undefined && isFinished(job);
    });
    await allSettledOrThrow(strays.map((pod) => this.#dropFinalizer(pod, signal)));
  }

  async #dropFinalizer(pod: Pod, signal: AbortSignal): Promise<void> {
    const body = { metadata: { uid: uidOf(pod), '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    await this.#deps.client
      .patch(pods, keyOf(pod), { type: 'strategic', body }, { signal })
      .catch(ignoring(isNotFound));
  }

  /** Compare-and-swap: two counts from one status would count a pod twice. */
  async #store(job: Job, { status }: JobDiff, signal: AbortSignal, trace: ReconcileContext['trace']): Promise<void> {
    const { client, recorder } = this.#deps;
    if (isDeepStrictEqual(status, job.status)) return;
    const after = { ...job, status };
    const written = await client.updateStatus(jobs, after, { signal });
    if (written.metadata.resourceVersion !== job.metadata.resourceVersion)
      this.#superseded.set(uidOf(job), job.metadata.resourceVersion ?? '');
    const failed = conditionOf(after, 'Failed');
    const news = (type: string): boolean =>
      conditionOf(after, type) !== undefined && conditionOf(job, type) === undefined;
    if (failed !== undefined) recorder.record(job, 'Warning', failed.reason ?? '', failed.message ?? '');
    if (news('Complete')) recorder.record(job, 'Normal', 'Completed', 'Job completed');
    if (news('Suspended')) recorder.record(job, 'Normal', 'Suspended', 'Job suspended');
    if (conditionOf(job, 'Suspended') !== undefined && conditionOf(after, 'Suspended') === undefined)
      recorder.record(job, 'Normal', 'Resumed', 'Job resumed');
    if (isFinished(after)) trace.did(failed === undefined ? 'completed' : 'failed');
  }
}

/** The Job that a pod is counted by, also when it has lost its owner. */
function jobKeysOf(pod: Pod): readonly ObjectKey[] {
  const owner = controllerOf(pod);
  const name = owner === undefined ? pod.metadata.labels?.['batch.kubernetes.io/job-name'] : owner.name;
  if (name === undefined || (owner !== undefined && owner.kind !== 'Job')) return [];
  return [{ namespace: pod.metadata.namespace, name }];
}
