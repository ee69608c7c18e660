import type { Job, Pod } from '@geobuk/api';
import { restartsOf } from '../pod-state.js';
import { parseIndexes } from './index-ranges.js';
import { failuresBefore, ignoredBefore, indexOf, isIndexed, isTracked } from './job-pod.js';
import type { FailureVerdict } from './pod-failure-policy.js';
import { judgeFailure } from './pod-failure-policy.js';

/** How a Job stands, counting also what its status does not yet show. */
export interface JobTally {
  readonly active: readonly Pod[];
  /** Being deleted, not ended. */
  readonly terminating: readonly Pod[];
  readonly failedPods: readonly Pod[];
  /** Pods that succeeded and are still there. */
  readonly succeededPods: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly counted: { readonly succeeded: number; readonly failed: number };
  readonly uncounted: { readonly succeeded: readonly string[]; readonly failed: readonly string[] };
  readonly succeededIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** For each index that is to be tried again: how often it failed. */
  readonly indexFailures: ReadonlyMap<
    number,
    { readonly failures: number; readonly ignored: number; readonly last: Pod }
  >;
  /** The message of a failure that fails the whole Job. */
  readonly fatal: string | undefined;
  /** Their end is in this tally: the finalizer may go once the tally is stored. */
  readonly release: readonly Pod[];
}

/** One status holds at most this many uids. */
const maxUncounted = 500;

const ended = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const leaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

export const waitsForFailure = (job: Job): boolean => job.spec.podReplacementPolicy === 'Failed';

/**
 * Counts each pod's end exactly once, whatever crash comes between: first its uid goes into the status, then its finalizer goes,
 * then, when the cache shows that, the uid turns into a number. Pure. Follows: job tracking with finalizers.
 */
export function tallyJob(job: Job, pods: readonly Pod[], finishing: boolean): JobTally {
  const status = job.status;
  const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid ?? ''));
  const settledOf = (uids: readonly string[] = []) => uids.filter((uid) => !tracked.has(uid)).length;
  const openOf = (uids: readonly string[] = []) => uids.filter((uid) => tracked.has(uid));
  const uncounted = {
    succeeded: [...openOf(status?.uncountedTerminatedPods?.succeeded)],
    failed: [...openOf(status?.uncountedTerminatedPods?.failed)],
  };
  const counted = {
    succeeded: (status?.succeeded ?? 0) + settledOf(status?.uncountedTerminatedPods?.succeeded),
    failed: (status?.failed ?? 0) + settledOf(status?.uncountedTerminatedPods?.failed),
  };
  const known = new Set([...uncounted.succeeded, ...uncounted.failed]);
  const indexed = isIndexed(job);
  const succeededIndexes = parseIndexes(status?.completedIndexes);
  const isFailed = (pod: Pod): boolean =>
    pod.status?.phase === 'Failed' ||
    (leaving(pod) && isTracked(pod) && pod.status?.phase !== 'Succeeded' && (finishing || !waitsForFailure(job)));

  for (const pod of pods) {
    const index = indexed ? indexOf(job, pod) : undefined;
    if (index !== undefined && pod.status?.phase === 'Succeeded') succeededIndexes.add(index);
  }
  const failedPods = pods.filter(isFailed);
  const verdicts = new Map(failedPods.map((pod) => [pod, judgeFailure(job, pod)]));
  const perIndex = tallyIndexes(job, verdicts, succeededIndexes);
  const unfinishedIndexes = finishing ? new Set<Pod>() : lastOfIndex(job, pods, perIndex.indexFailures);
  const release: Pod[] = [];
  for (const pod of pods) {
    const uid = pod.metadata.uid ?? '';
    if (!isTracked(pod)) continue;
    if (known.has(uid)) {
      release.push(pod);
      continue;
    }
    const inRange = !indexed || indexOf(job, pod) !== undefined;
    if (pod.status?.phase === 'Succeeded') {
      if (!indexed && known.size < maxUncounted) {
        uncounted.succeeded.push(uid);
        known.add(uid);
      }
      if (indexed || known.has(uid)) release.push(pod);
    } else if (verdicts.has(pod)) {
      // The last failure of an index carries its count to the next pod: it stays until that one is made.
      if (unfinishedIndexes.has(pod)) continue;
      if (!inRange || verdicts.get(pod)?.action === 'Ignore') release.push(pod);
      else if (known.size < maxUncounted) {
        uncounted.failed.push(uid);
        known.add(uid);
        release.push(pod);
      }
    }
  }
  const waiting = [...unfinishedIndexes].filter(
    (pod) => isTracked(pod) && !known.has(pod.metadata.uid ?? '') && verdicts.get(pod)?.action !== 'Ignore',
  ).length;
  if (indexed) counted.succeeded = succeededIndexes.size;
  return {
    active: pods.filter((pod) => !ended(pod) && !leaving(pod)),
    terminating: pods.filter((pod) => !ended(pod) && leaving(pod)),
    failedPods,
    succeededPods: pods.filter(({ status: { phase } = {} }) => phase === 'Succeeded'),
    succeeded: counted.succeeded + uncounted.succeeded.length,
    failed: counted.failed + uncounted.failed.length + waiting,
    counted,
    uncounted,
    succeededIndexes,
    failedIndexes: perIndex.failedIndexes,
    indexFailures: perIndex.indexFailures,
    fatal: [...verdicts.values()].find((verdict) => verdict.action === 'FailJob')?.message,
    release,
  };
}

function tallyIndexes(
  job: Job,
  verdicts: ReadonlyMap<Pod, FailureVerdict>,
  succeeded: ReadonlySet<number>,
): Pick<JobTally, 'failedIndexes' | 'indexFailures'> {
  const failedIndexes = parseIndexes(job.status?.failedIndexes);
  const indexFailures = new Map<number, { failures: number; ignored: number; last: Pod }>();
  const limit = job.spec.backoffLimitPerIndex;
  if (limit === undefined) return { failedIndexes, indexFailures };
  for (const [pod, { action }] of verdicts) {
    const index = indexOf(job, pod);
    if (index === undefined || succeeded.has(index) || failedIndexes.has(index)) continue;
    const failures = failuresBefore(pod) + (action === 'Ignore' ? 0 : 1);
    const ignored = ignoredBefore(pod) + (action === 'Ignore' ? 1 : 0);
    if (action === 'FailIndex' || failures > limit) failedIndexes.add(index);
    const known = indexFailures.get(index);
    if (known === undefined || failures + ignored > known.failures + known.ignored)
      indexFailures.set(index, { failures, ignored, last: pod });
  }
  for (const index of failedIndexes) indexFailures.delete(index);
  return { failedIndexes, indexFailures };
}

/** Failed pods whose index has no later pod yet. */
function lastOfIndex(job: Job, pods: readonly Pod[], failures: JobTally['indexFailures']): ReadonlySet<Pod> {
  const held = new Set<Pod>();
  for (const [index, { last }] of failures) {
    const rank = failuresBefore(last) + ignoredBefore(last);
    const replaced = pods.some(
      (pod) => indexOf(job, pod) === index && failuresBefore(pod) + ignoredBefore(pod) > rank && pod !== last,
    );
    if (!replaced) held.add(last);
  }
  return held;
}

/** Restarts of containers in pods that are restarted in place. Follows: pastBackoffLimitOnFailure. */
export const restartsInPlace = (pods: readonly Pod[]): number =>
  pods
    .filter(({ status }) => status?.phase === 'Running' || status?.phase === 'Pending')
    .reduce((total, pod) => total + restartsOf(pod), 0);
