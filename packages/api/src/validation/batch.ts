import { checkNotNegative, checkOneOf, checkUnchanged } from './rules.js';
import { deepEqual } from '../json/deep-equal.js';
import { immutable, invalid, notSupported, required } from '../fields/field-error.js';
import { validatePodTemplate } from './pod-spec.js';
import type { CronJob, Job, JobSpec, PodTemplateSpec } from '../generated/types.js';
import type { FieldError } from '../status.js';

const maxIndexedCompletions = 100_000;

/** Follows: ValidateJob. The selector is there once the server has generated it. */
export function validateJob({ spec }: Job): readonly FieldError[] {
  const errors: FieldError[] = [...validateJobSpec(spec, 'spec')];
  if (spec?.selector === undefined) errors.push(required('spec.selector'));
  else {
    const labels = spec.template?.metadata?.labels ?? {};
    const matches = Object.entries(spec.selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
    if (!matches)
      errors.push(invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  return errors;
}

function validateJobSpec(spec: JobSpec | undefined, path: string): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const field of [
    'parallelism',
    'completions',
    'activeDeadlineSeconds',
    'backoffLimit',
    'ttlSecondsAfterFinished',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
  ] as const) {
    errors.push(...checkNotNegative(spec?.[field], `${path}.${field}`));
  }
  if (spec?.completionMode !== undefined) {
    if (spec.completionMode !== 'Indexed' && spec.completionMode !== 'NonIndexed') {
      errors.push(notSupported(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']));
    }
    if (spec.completionMode === 'Indexed') {
      if (spec.completions === undefined) {
        errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
      }
      if ((spec.parallelism ?? 0) > maxIndexedCompletions) {
        errors.push(
          invalid(
            `${path}.parallelism`,
            spec.parallelism,
            `must be less than or equal to ${maxIndexedCompletions} when completion mode is Indexed`,
          ),
        );
      }
    }
  }
  if (spec?.backoffLimitPerIndex !== undefined && spec.completionMode !== 'Indexed') {
    errors.push(invalid(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex, 'requires indexed completion mode'));
  }
  errors.push(...validatePodTemplate(spec?.template, `${path}.template`), ...endsSomeTime(spec?.template, path));
  return errors;
}

function endsSomeTime(template: PodTemplateSpec | undefined, path: string): readonly FieldError[] {
  const policy = template?.spec?.restartPolicy ?? 'Always';
  if (policy === 'OnFailure' || policy === 'Never') return [];
  if (policy === 'Always') {
    return [required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')];
  }
  return [notSupported(`${path}.template.spec.restartPolicy`, policy, ['OnFailure', 'Never'])];
}

/** Follows: ValidateJobSpecUpdate: a suspended Job that never started may still choose where it runs. */
export function validateJobUpdate({ spec }: Job, { spec: old, status }: Job): readonly FieldError[] {
  const errors: FieldError[] = [];
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic || old.completionMode !== 'Indexed')
    errors.push(...checkUnchanged(spec.completions, old.completions, 'spec.completions'));
  else if (spec.completions === undefined && old.completions !== undefined) {
    errors.push(required('spec.completions', 'when completion mode is Indexed'));
  }
  errors.push(...checkUnchanged(spec.selector, old.selector, 'spec.selector'));
  const open = old.suspend === true && status?.startTime === undefined;
  if (!deepEqual(open ? placed(spec.template, old.template) : spec.template, old.template)) {
    errors.push(immutable('spec.template', spec.template));
  }
  for (const field of [
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
    'managedBy',
    'successPolicy',
  ] as const) {
    errors.push(...checkUnchanged(spec[field], old[field], `spec.${field}`));
  }
  return errors;
}

/** The template with what says where it runs taken from the old one. */
function placed(template: PodTemplateSpec, old: PodTemplateSpec): PodTemplateSpec {
  const { nodeSelector, affinity, tolerations, schedulingGates } = old.spec ?? {};
  const metadata = { ...template.metadata, labels: old.metadata?.labels, annotations: old.metadata?.annotations };
  return {
    ...template,
    metadata: old.metadata === undefined ? template.metadata : metadata,
    spec:
      template.spec === undefined
        ? undefined
        : { ...template.spec, nodeSelector, affinity, tolerations, schedulingGates },
  } as PodTemplateSpec;
}

/** One field of a schedule: its range and the names that stand for numbers. */
interface ScheduleField {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const scheduleFields: readonly ScheduleField[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const shorthands = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);

/** What is wrong with a cron schedule, or `undefined`. Follows: robfig/cron ParseStandard. */
export function scheduleProblem(schedule: string): string | undefined {
  if (shorthands.has(schedule)) return undefined;
  if (schedule.startsWith('@every ')) {
    const duration = schedule.slice('@every '.length);
    return /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(duration) ? undefined : `failed to parse duration ${schedule}`;
  }
  if (schedule.startsWith('@')) return `unrecognized descriptor: ${schedule}`;
  const parts = schedule.trim().split(/\s+/);
  if (schedule.trim() === '' || parts.length !== scheduleFields.length) {
    return `expected exactly 5 fields, found ${schedule.trim() === '' ? 0 : parts.length}: [${parts.join(' ')}]`;
  }
  for (const [index, part] of parts.entries()) {
    const problem = part
      .split(',')
      .map((range) => rangeProblem(range, scheduleFields[index]))
      .find(Boolean);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function rangeProblem(range: string, field: ScheduleField | undefined): string | undefined {
  if (field === undefined) return undefined;
  const match = /^(\*|\?|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:\/(\d+))?$/i.exec(range);
  if (match === null) return `failed to parse range: ${range}`;
  const [, , from, to, step] = match;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${range}`;
  if (from === undefined) return undefined;
  const low = numberOf(from, field);
  const high = to === undefined ? low : numberOf(to, field);
  if (low === undefined || high === undefined) return `failed to parse int from ${range}`;
  if (low < field.min) return `beginning of range (${low}) below minimum (${field.min}): ${range}`;
  if (high > field.max) return `end of range (${high}) above maximum (${field.max}): ${range}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${range}` : undefined;
}

function numberOf(text: string, { min, names }: ScheduleField): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.indexOf(text.toLowerCase());
  return index < 0 ? undefined : index + min;
}

/** Follows: ValidateCronJobSpec. */
export function validateCronJob({ metadata, spec }: CronJob): readonly FieldError[] {
  const errors: FieldError[] = [];
  if ((metadata.name?.length ?? 0) > 52) {
    errors.push(invalid('metadata.name', metadata.name, 'must be no more than 52 characters'));
  }
  const schedule = spec?.schedule ?? '';
  if (schedule === '') errors.push(required('spec.schedule'));
  else if (/TZ=/.test(schedule)) {
    errors.push(invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  } else {
    const problem = scheduleProblem(schedule);
    if (problem !== undefined) errors.push(invalid('spec.schedule', schedule, problem));
  }
  if (spec?.timeZone !== undefined && !isTimeZone(spec.timeZone)) {
    errors.push(invalid('spec.timeZone', spec.timeZone, `unknown time zone ${spec.timeZone}`));
  }
  errors.push(
    ...checkNotNegative(spec?.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'),
    ...checkNotNegative(spec?.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'),
    ...checkNotNegative(spec?.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'),
    ...checkOneOf(spec?.concurrencyPolicy, ['Allow', 'Forbid', 'Replace'], 'spec.concurrencyPolicy'),
    ...validateJobSpec(spec?.jobTemplate?.spec, 'spec.jobTemplate.spec'),
  );
  return errors;
}

function isTimeZone(name: string): boolean {
  if (name === '' || name.toLowerCase() === 'local') return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
