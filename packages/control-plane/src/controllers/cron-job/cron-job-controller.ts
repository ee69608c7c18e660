import { isDeepStrictEqual } from 'node:util';
import type { CronJob, CronJobStatus, Job, ObjectKey } from '@geobuk/api';
import { apiVersionOf, cronJobs, ignoring, isAlreadyExists, isNotFound, jobs, keyOf, uidOf } from '@geobuk/api';
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
import { allSettledOrThrow, ownedBy, primary, settled } from '@geobuk/client';
import { byControllerUid, controllerOf, controllerUidIndex } from '../controller-ref.js';
import { conditionOf, isFinished } from '../job/job-diff.js';
import { rfc3339 } from '../rfc3339.js';
import type { CronJobDiff } from './cron-job-diff.js';
import { diffCronJob, jobOfRun } from './cron-job-diff.js';
import { ScheduleError } from './cron-schedule.js';

export interface CronJobControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

/** Starts Jobs by the clock. Follows: CronJob controller v2; the fixed name of each run keeps it from starting twice. */
export class CronJobController implements Controller {
  readonly name = 'cronjob';
  readonly watches;
  readonly #deps: CronJobControllerDeps;
  readonly #crons: Lister<CronJob>;
  readonly #jobs: Lister<Job>;

  constructor(deps: CronJobControllerDeps) {
    this.#deps = deps;
    const jobInformer = deps.informers.of(jobs);
    jobInformer.addIndex(controllerUidIndex, byControllerUid);
    this.#crons = deps.informers.of(cronJobs).lister;
    this.#jobs = jobInformer.lister;
    this.watches = [primary(cronJobs), ownedBy(cronJobs, jobs)];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile(key: ObjectKey, { signal, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { clock, recorder } = this.#deps;
    const cron = this.#crons.get(key); // check
    if (cron === undefined || cron.metadata.deletionTimestamp !== undefined) return settled;
    const owned = this.#jobs.byIndex(controllerUidIndex, uidOf(cron));
    let plan: CronJobDiff;
    try {
      plan = diffCronJob(cron, owned, clock.now()); // diff
    } catch (error) {
      if (!(error instanceof ScheduleError)) throw error;
      recorder.record(cron, 'Warning', 'UnparseableSchedule', error.message);
      return settled; // only an update of the CronJob can help
    }
    if (plan.warning !== undefined) {
      const type = plan.warning.reason === 'JobAlreadyActive' ? 'Normal' : 'Warning';
      recorder.record(cron, type, plan.warning.reason, plan.warning.message);
    }
    await allSettledOrThrow([
      ...plan.expired.map((job) => this.#delete(cron, job, signal)),
      ...plan.replace.map((job) => this.#delete(cron, job, signal)),
    ]); // act
    const started = plan.start === undefined ? undefined : await this.#start(cron, plan.start, signal, trace);
    await this.#report(cron, owned, plan, started, signal);
    return plan.wakeAfterMs === undefined ? settled : { requeueAfterMs: plan.wakeAfterMs };
  }

  async #start(
    cron: CronJob,
    at: number,
    signal: AbortSignal,
    trace: ReconcileContext['trace'],
  ): Promise<Job | undefined> {
    const { client, recorder } = this.#deps;
    const wanted = jobOfRun(cron, at);
    trace.found(`the run of ${rfc3339(at)} is due`);
    try {
      const job = await client.create(jobs, wanted, { signal });
      trace.did(`created job ${job.metadata.name ?? ''}`);
      recorder.record(cron, 'Normal', 'SuccessfulCreate', `Created job ${job.metadata.name ?? ''}`);
      return job;
    } catch (error) {
      if (isAlreadyExists(error)) {
        const other = await client.read(jobs, keyOf(wanted), { signal });
        if (controllerOf(other)?.uid === uidOf(cron)) return other; // the cache does not show it yet
      }
      const message = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) recorder.record(cron, 'Warning', 'FailedCreate', `Error creating job: ${message}`);
      throw error;
    }
  }

  async #delete(cron: CronJob, job: Job, signal: AbortSignal): Promise<void> {
    const { client, recorder } = this.#deps;
    await client
      .delete(jobs, keyOf(job), { signal, uid: uidOf(job), propagationPolicy: 'Background' })
      .catch(ignoring(isNotFound));
    recorder.record(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${job.metadata.name ?? ''}`);
  }

  async #report(
    cron: CronJob,
    owned: readonly Job[],
    plan: CronJobDiff,
    started: Job | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, recorder } = this.#deps;
    for (const reference of cron.status?.active ?? []) {
      const job = owned.find(({ metadata }) => metadata.uid === reference.uid);
      if (job === undefined || !isFinished(job)) continue;
      const how = conditionOf(job, 'Complete') === undefined ? 'Failed' : 'Complete';
      const text = `Saw completed job: ${job.metadata.name ?? ''}, condition: ${how}`;
      recorder.record(cron, 'Normal', 'SawCompletedJob', text);
    }
    const running = owned.filter((job) => !isFinished(job) && !plan.replace.includes(job));
    const active =
      started === undefined || running.some((job) => uidOf(job) === uidOf(started)) ? running : [...running, started];
    const status = cronJobStatus(cron, active, owned, started === undefined ? undefined : plan.start);
    if (isDeepStrictEqual(status, cron.status ?? {})) return;
    await client.updateStatus(cronJobs, { ...cron, status }, { signal }).catch(ignoring(isNotFound));
  }
}

function cronJobStatus(
  cron: CronJob,
  active: readonly Job[],
  owned: readonly Job[],
  startedAt: number | undefined,
): CronJobStatus {
  const lastScheduleTime = startedAt === undefined ? cron.status?.lastScheduleTime : rfc3339(startedAt);
  const completions = owned.flatMap(({ status }) => status?.completionTime ?? []);
  const lastSuccessfulTime = [cron.status?.lastSuccessfulTime ?? '', ...completions].sort().at(-1) ?? '';
  return {
    ...(active.length === 0
      ? {}
      : {
          active: active.map(({ metadata }) => ({
            apiVersion: apiVersionOf(jobs),
            kind: jobs.kind,
            namespace: metadata.namespace,
            name: metadata.name,
            uid: metadata.uid,
            resourceVersion: metadata.resourceVersion,
          })),
        }),
    ...(lastScheduleTime === undefined ? {} : { lastScheduleTime }),
    ...(lastSuccessfulTime === '' ? {} : { lastSuccessfulTime }),
  };
}
