import type { CronJob, Job } from '@geobuk/api';
import { cronJobs } from '@geobuk/api';
import { controllerReference } from '../controller-ref.js';
import { conditionOf, isFinished } from '../job/job-diff.js';
import { rfc3339 } from '../rfc3339.js';
import { CronSchedule } from './cron-schedule.js';

export interface CronJobDiff {
  /** The time of the run to start now. */
  readonly start: number | undefined;
  /** Running Jobs to be deleted first, so that the new one replaces them. */
  readonly replace: readonly Job[];
  /** Finished Jobs beyond the history limits, oldest first. */
  readonly expired: readonly Job[];
  readonly warning: { readonly reason: string; readonly message: string } | undefined;
  readonly wakeAfterMs: number | undefined;
}

const createdAt = (job: Job): string => job.metadata.creationTimestamp ?? '';
const startedAt = ({ status, metadata }: Job): string => status?.startTime ?? metadata.creationTimestamp ?? '';

/** A second run within one clock tick of the schedule would be early. */
const slackMs = 100;

/**
 * Which run is due. Pure. Follows: CronJob controller v2: of several missed runs only the latest starts; a deadline bounds how
 * late; the concurrency policy decides while another runs.
 * @throws {ScheduleError}
 */
export function diffCronJob(cron: CronJob, owned: readonly Job[], now: number): CronJobDiff {
  const { concurrencyPolicy = 'Allow', startingDeadlineSeconds, suspend } = cron.spec;
  const expired = beyondHistory(cron, owned);
  const idle = { start: undefined, replace: [], expired, warning: undefined };
  if (suspend === true || cron.metadata.deletionTimestamp !== undefined) return { ...idle, wakeAfterMs: undefined };
  const schedule = new CronSchedule(cron.spec.schedule, cron.spec.timeZone);
  const next = schedule.next(now);
  const wakeAfterMs = next === undefined ? undefined : next - now + slackMs;
  const known = Date.parse(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp ?? '') || now;
  const deadline = startingDeadlineSeconds === undefined ? undefined : now - startingDeadlineSeconds * 1000;
  const { latest, tooMany } = schedule.missed(Math.max(known, deadline ?? 0), now);
  const warning = tooMany
    ? {
        reason: 'TooManyMissedTimes',
        message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      }
    : undefined;
  if (latest === undefined) return { ...idle, wakeAfterMs };
  if (owned.some(({ metadata }) => metadata.name === jobName(cron, latest))) return { ...idle, wakeAfterMs };
  const running = owned.filter((job) => !isFinished(job) && job.metadata.deletionTimestamp === undefined);
  if (concurrencyPolicy === 'Forbid' && running.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { ...idle, warning: { reason: 'JobAlreadyActive', message }, wakeAfterMs };
  }
  return { start: latest, replace: concurrencyPolicy === 'Replace' ? running : [], expired, warning, wakeAfterMs };
}

function beyondHistory(cron: CronJob, owned: readonly Job[]): readonly Job[] {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cron.spec;
  const surplus = (jobs: readonly Job[], limit: number): readonly Job[] =>
    [...jobs]
      .sort((a, b) => startedAt(a).localeCompare(startedAt(b)) || createdAt(a).localeCompare(createdAt(b)))
      .slice(0, Math.max(0, jobs.length - limit));
  return [
    ...surplus(
      owned.filter((job) => conditionOf(job, 'Complete') !== undefined),
      successfulJobsHistoryLimit,
    ),
    ...surplus(
      owned.filter((job) => conditionOf(job, 'Failed') !== undefined),
      failedJobsHistoryLimit,
    ),
  ].filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** Fixed for each run, so that a run never starts twice. */
const jobName = (cron: CronJob, at: number): string => `${cron.metadata.name ?? ''}-${Math.floor(at / 60_000)}`;

/** The Job of one run. */
export function jobOfRun(cron: CronJob, at: number): Job {
  const { metadata: { labels, annotations } = {}, spec } = cron.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(cron, at),
      namespace: cron.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': zoned(at, cron.spec.timeZone) },
      ownerReferences: [controllerReference(cronJobs, cron)],
    },
    spec: spec ?? { template: {} },
  };
}

/** RFC 3339 with the offset of the zone. */
function zoned(at: number, timeZone = 'Etc/UTC'): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const name = format.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([+-])(\d\d):(\d\d)/.exec(name);
  if (match === null) return rfc3339(at);
  const sign = match[1] === '-' ? -1 : 1;
  const offsetMs = sign * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return rfc3339(at + offsetMs).replace('Z', name.slice(3));
}
