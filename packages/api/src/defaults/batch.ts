import { defaultPodTemplate } from './pod.js';
import { fill, within, withinEach } from './fill.js';
import type { CronJob, Job, JobSpec } from '../generated/types.js';

const noLimit = 2 ** 31 - 1;

/** Follows: SetDefaults_Job. The selector is generated on creation, since it needs the uid. */
export function defaultJob(job: Job): Job {
  const labels = job.spec?.template?.metadata?.labels;
  const labelled =
    labels === undefined || Object.keys(job.metadata.labels ?? {}).length > 0
      ? job
      : { ...job, metadata: { ...job.metadata, labels } };
  return within(labelled, 'spec', (spec) => {
    const countsOnce = spec.completions === undefined && spec.parallelism === undefined;
    const result = fill(spec, {
      ...(countsOnce ? { completions: 1 } : {}),
      parallelism: 1,
      backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : noLimit,
      completionMode: 'NonIndexed',
      manualSelector: false,
      suspend: false,
      podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
    });
    return within(withPodFailurePolicy(result), 'template', defaultPodTemplate);
  });
}

const withPodFailurePolicy = (spec: JobSpec): JobSpec =>
  within(spec, 'podFailurePolicy', (policy) =>
    withinEach(policy, 'rules', (rule) =>
      withinEach(rule, 'onPodConditions', (condition) => fill(condition, { status: 'True' })),
    ),
  );

/** Follows: SetDefaults_CronJob. The job's own defaults come when a Job is made of it. */
export const defaultCronJob = (cronJob: CronJob): CronJob =>
  within(cronJob, 'spec', (spec) =>
    within(
      fill(spec, {
        concurrencyPolicy: 'Allow',
        suspend: false,
        successfulJobsHistoryLimit: 3,
        failedJobsHistoryLimit: 1,
      }),
      'jobTemplate',
      (template) =>
        within(template, 'spec', (job) => within(withPodFailurePolicy(job), 'template', defaultPodTemplate)),
    ),
  );
