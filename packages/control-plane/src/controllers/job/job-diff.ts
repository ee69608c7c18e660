import type { Job, JobCondition, JobStatus, Pod } from '@geobuk/api';
import { isPodReady } from '../pod-state.js';
import { removalOrder } from '../replica-set/replica-set-diff.js';
import { rfc3339 } from '../rfc3339.js';
import { formatIndexes, parseIndexes } from './index-ranges.js';
import { finishedAt, indexOf, isIndexed } from './job-pod.js';
import type { JobPodWish } from './job-pod.js';
import type { JobTally } from './job-tally.js';
import { restartsInPlace, tallyJob, waitsForFailure } from './job-tally.js';

export interface JobDiff {
  readonly create: readonly JobPodWish[];
  readonly remove: readonly Pod[];
  /** Whether the ends of those in `remove` count as failures: not when there were too many, or the Job was suspended. */
  readonly countRemoved: boolean;
  /** Pods whose finalizer may go when `status` is stored. */
  readonly release: readonly Pod[];
  readonly status: JobStatus;
  readonly wakeAfterMs: number | undefined;
}

/** How a Job ends. */
interface Verdict {
  readonly result: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

const firstBackOffMs = 10_000;
const lastBackOffMs = 600_000;
const burst = 500;

export const conditionOf = ({ status }: Job, type: string): JobCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === 'True');

export const isFinished = (job: Job): boolean =>
  conditionOf(job, 'Complete') !== undefined || conditionOf(job, 'Failed') !== undefined;

/** What has to be done for a Job that is not finished, and the status it then has. Pure. Follows: Job controller syncJob. */
export function diffJob(job: Job, pods: readonly Pod[], now: number): JobDiff {
  const first = tallyJob(job, pods, decided(job) !== undefined);
  const verdict = decided(job) ?? failure(job, first, now) ?? success(job, first);
  const tally = verdict === undefined ? first : tallyJob(job, pods, true);
  const suspended = job.spec.suspend === true;
  const deleting = job.metadata.deletionTimestamp !== undefined;
  const running = suspended || verdict !== undefined || deleting ? undefined : manage(job, tally, now);
  const stops = verdict !== undefined || suspended;
  const remove = stops && !deleting ? tally.active : (running?.remove ?? []);
  const create = running?.create ?? [];
  const status = statusOf(job, tally, verdict, tally.active.length + create.length - remove.length, remove.length, now);
  const deadline = deadlineIn(job, status.startTime, now);
  const waits = [running?.wakeAfterMs, verdict === undefined ? deadline : undefined].filter((ms) => ms !== undefined);
  return {
    create,
    remove,
    countRemoved: verdict !== undefined,
    release: tally.release,
    status,
    wakeAfterMs: waits.length === 0 ? undefined : Math.max(0, Math.min(...waits)),
  };
}

/** What was decided before and only waits for the last pods. */
function decided(job: Job): Verdict | undefined {
  const failed = conditionOf(job, 'FailureTarget');
  if (failed !== undefined) return { result: 'Failed', reason: failed.reason ?? '', message: failed.message ?? '' };
  const met = conditionOf(job, 'SuccessCriteriaMet');
  if (met !== undefined) return { result: 'Complete', reason: met.reason ?? '', message: met.message ?? '' };
  return undefined;
}

function deadlineIn(job: Job, startTime: string | undefined, now: number): number | undefined {
  const { activeDeadlineSeconds, suspend } = job.spec;
  if (activeDeadlineSeconds === undefined || startTime === undefined || suspend === true) return undefined;
  return Date.parse(startTime) + activeDeadlineSeconds * 1000 - now;
}

function failure(job: Job, tally: JobTally, now: number): Verdict | undefined {
  const failed = (reason: string, message: string): Verdict => ({ result: 'Failed', reason, message });
  const { backoffLimit = 6, backoffLimitPerIndex, maxFailedIndexes, completions = 0, template } = job.spec;
  if (tally.fatal !== undefined) return failed('PodFailurePolicy', tally.fatal);
  const restarts = template.spec?.restartPolicy === 'OnFailure' ? restartsInPlace(tally.active) : 0;
  const overLimit = restarts > 0 && (backoffLimit === 0 || restarts >= backoffLimit);
  if (backoffLimitPerIndex === undefined || job.spec.backoffLimit !== undefined) {
    if (tally.failed > backoffLimit || overLimit)
      return failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');
  }
  // One that is just resumed has its old start time still.
  const started = conditionOf(job, 'Suspended') === undefined ? job.status?.startTime : undefined;
  const left = deadlineIn(job, started, now);
  if (left !== undefined && left <= 0)
    return failed('DeadlineExceeded', 'Job was active longer than specified deadline');
  if (backoffLimitPerIndex === undefined || !isIndexed(job)) return undefined;
  if (maxFailedIndexes !== undefined && tally.failedIndexes.size > maxFailedIndexes)
    return failed('MaxFailedIndexesExceeded', 'Job has exceeded the specified maximal number of failed indexes');
  if (tally.failedIndexes.size > 0 && tally.failedIndexes.size + tally.succeededIndexes.size >= completions)
    return failed('FailedIndexes', 'Job has failed indexes');
  return undefined;
}

function success(job: Job, tally: JobTally): Verdict | undefined {
  const { completions, successPolicy } = job.spec;
  for (const [index, { succeededIndexes, succeededCount }] of (successPolicy?.rules ?? []).entries()) {
    const wanted = succeededIndexes === undefined ? undefined : parseIndexes(succeededIndexes);
    const met = [...tally.succeededIndexes].filter((done) => wanted?.has(done) ?? true).length;
    if (met >= (succeededCount ?? wanted?.size ?? Number.POSITIVE_INFINITY))
      return { result: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${index}` };
  }
  const enough = completions === undefined ? tally.succeeded > 0 : tally.succeeded >= completions;
  if (!enough || tally.active.length > 0) return undefined;
  return {
    result: 'Complete',
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  };
}

interface Managed {
  readonly create: readonly JobPodWish[];
  readonly remove: readonly Pod[];
  readonly wakeAfterMs: number | undefined;
}

/** How many pods more or fewer. Follows: manageJob. */
function manage(job: Job, tally: JobTally, now: number): Managed {
  const { parallelism = 1, completions } = job.spec;
  const { active, succeeded } = tally;
  const useless = isIndexed(job) ? uselessIndexes(job, tally) : [];
  const useful = active.length - useless.length;
  const open =
    completions === undefined ? parallelism : Math.max(0, completions - succeeded - tally.failedIndexes.size);
  const wanted =
    completions === undefined && succeeded > 0 ? Math.min(useful, parallelism) : Math.min(parallelism, open);
  if (useful > wanted || useless.length > 0) {
    const candidates = active.filter((pod) => !useless.includes(pod)).sort(removalOrder(now));
    return {
      create: [],
      remove: [...useless, ...candidates.slice(0, Math.max(0, useful - wanted))],
      wakeAfterMs: undefined,
    };
  }
  const missing = Math.min(burst, wanted - useful - (waitsForFailure(job) ? tally.terminating.length : 0));
  if (missing <= 0) return { create: [], remove: [], wakeAfterMs: undefined };
  if (isIndexed(job) && job.spec.backoffLimitPerIndex !== undefined) return perIndex(job, tally, missing, now);
  const wait = backOffMs(tally, now);
  if (wait > 0) return { create: [], remove: [], wakeAfterMs: wait };
  const plain = { failures: 0, ignored: 0 };
  const create = isIndexed(job)
    ? pendingIndexes(job, tally)
        .slice(0, missing)
        .map((index) => ({ index, ...plain }))
    : Array.from({ length: missing }, () => plain);
  return { create, remove: [], wakeAfterMs: undefined };
}

/** Pods whose index is out of range, done, or worked on by another. */
function uselessIndexes(job: Job, tally: JobTally): readonly Pod[] {
  const taken = new Set<number>([...tally.succeededIndexes, ...tally.failedIndexes]);
  return [...tally.active]
    .sort((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''))
    .filter((pod) => {
      const index = indexOf(job, pod);
      if (index === undefined || taken.has(index)) return true;
      taken.add(index);
      return false;
    });
}

function pendingIndexes(job: Job, tally: JobTally): readonly number[] {
  const busy = new Set<number>([...tally.succeededIndexes, ...tally.failedIndexes]);
  for (const pod of [...tally.active, ...(waitsForFailure(job) ? tally.terminating : [])]) {
    const index = indexOf(job, pod);
    if (index !== undefined) busy.add(index);
  }
  return Array.from({ length: job.spec.completions ?? 0 }, (_, index) => index).filter((index) => !busy.has(index));
}

/** Each index waits for its own back-off. */
function perIndex(job: Job, tally: JobTally, missing: number, now: number): Managed {
  const create: JobPodWish[] = [];
  let wakeAfterMs: number | undefined;
  for (const index of pendingIndexes(job, tally)) {
    if (create.length === missing) break;
    const before = tally.indexFailures.get(index);
    const wait = before === undefined ? 0 : delayOf(before.failures, finishedAt(before.last, now), now);
    if (wait > 0) wakeAfterMs = Math.min(wakeAfterMs ?? wait, wait);
    else create.push({ index, failures: before?.failures ?? 0, ignored: before?.ignored ?? 0 });
  }
  return { create, remove: [], wakeAfterMs };
}

const delayOf = (failures: number, last: number, now: number): number =>
  failures === 0 ? 0 : Math.max(0, last + Math.min(lastBackOffMs, firstBackOffMs * 2 ** (failures - 1)) - now);

/** Failures since the last success make the next pod wait. Follows: 10 s, doubling, up to 10 min. */
function backOffMs(tally: JobTally, now: number): number {
  const times = tally.failedPods.map((pod) => finishedAt(pod, now));
  const since = Math.max(0, ...tally.succeededPods.map((pod) => finishedAt(pod, now)));
  const after = times.filter((time) => time > since);
  return after.length === 0 ? 0 : delayOf(after.length, Math.max(...after), now);
}

function statusOf(
  job: Job,
  tally: JobTally,
  verdict: Verdict | undefined,
  active: number,
  removed: number,
  now: number,
): JobStatus {
  const suspended = job.spec.suspend === true && verdict === undefined;
  const open = tally.uncounted.succeeded.length + tally.uncounted.failed.length;
  const over = verdict !== undefined && active === 0 && removed === 0 && tally.terminating.length === 0 && open === 0;
  const time = rfc3339(now);
  const conditions = conditionsOf(job, verdict, over, time);
  const resumed =
    !suspended && job.status?.conditions?.some(({ type, status }) => type === 'Suspended' && status === 'True');
  const startTime = suspended ? job.status?.startTime : resumed === true ? time : (job.status?.startTime ?? time);
  const optional = (name: string, value: unknown): object => (value === undefined ? {} : { [name]: value });
  return {
    ...optional('startTime', startTime),
    ...optional('completionTime', over && verdict.result === 'Complete' ? time : job.status?.completionTime),
    ...(active > 0 ? { active } : {}),
    ready: over ? 0 : tally.active.filter(isPodReady).length,
    terminating: tally.terminating.length,
    ...(tally.counted.succeeded > 0 ? { succeeded: tally.counted.succeeded } : {}),
    ...(tally.counted.failed > 0 ? { failed: tally.counted.failed } : {}),
    ...(tally.succeededIndexes.size > 0 ? { completedIndexes: formatIndexes(tally.succeededIndexes) } : {}),
    ...(job.spec.backoffLimitPerIndex === undefined ? {} : { failedIndexes: formatIndexes(tally.failedIndexes) }),
    uncountedTerminatedPods: {
      ...(tally.uncounted.succeeded.length > 0 ? { succeeded: tally.uncounted.succeeded } : {}),
      ...(tally.uncounted.failed.length > 0 ? { failed: tally.uncounted.failed } : {}),
    },
    ...(conditions.length === 0 ? {} : { conditions }),
  };
}

function conditionsOf(job: Job, verdict: Verdict | undefined, over: boolean, time: string): readonly JobCondition[] {
  const conditions = [...(job.status?.conditions ?? [])];
  const set = (type: string, status: 'True' | 'False', reason: string, message: string): void => {
    const at = conditions.findIndex((condition) => condition.type === type);
    if (conditions[at]?.status === status) return;
    const condition = { type, status, reason, message, lastProbeTime: time, lastTransitionTime: time };
    if (at === -1) conditions.push(condition);
    else conditions[at] = condition;
  };
  if (verdict !== undefined) {
    // First that it is decided, then, when nothing runs any more, the end.
    set(verdict.result === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet', 'True', verdict.reason, verdict.message);
    if (over) set(verdict.result, 'True', verdict.reason, verdict.message);
  } else if (job.spec.suspend === true) set('Suspended', 'True', 'JobSuspended', 'Job suspended');
  else if (conditions.some(({ type }) => type === 'Suspended')) set('Suspended', 'False', 'JobResumed', 'Job resumed');
  return conditions;
}
