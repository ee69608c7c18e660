import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  KubernetesObject,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  StatefulSet,
} from '@geobuk/api';
import {
  cronJobs,
  daemonSets,
  deployments,
  formatLabelSelector,
  jobs,
  labelSelectorOf,
  replicaSets,
  statefulSets,
} from '@geobuk/api';
import { formatAge, parseTime } from '../table/age.js';
import { orNone } from './make-rows.js';
import type { Capabilities, Column } from './view.js';
import { tableView } from './view.js';

type Templated = KubernetesObject & { readonly spec: { readonly template?: PodTemplateSpec | undefined } };
type Selecting = KubernetesObject & { readonly spec: { readonly selector?: LabelSelector | undefined } };

const templateColumns = <T extends Templated>(): readonly Column<T>[] => [
  {
    title: 'CONTAINERS',
    wide: true,
    cell: ({ spec }) => (spec.template?.spec?.containers ?? []).map(({ name }) => name).join(','),
  },
  {
    title: 'IMAGES',
    wide: true,
    cell: ({ spec }) => (spec.template?.spec?.containers ?? []).map(({ image }) => image).join(','),
  },
];

const selectorColumn = <T extends Selecting>(): Column<T> => ({
  title: 'SELECTOR',
  wide: true,
  cell: ({ spec }) => (spec.selector === undefined ? '<none>' : formatLabelSelector(labelSelectorOf(spec.selector))),
});

const count = <T extends KubernetesObject>(title: string, value: (object: T) => number | undefined): Column<T> => ({
  title,
  align: 'right',
  kind: 'number',
  value: (object) => value(object) ?? 0,
  cell: (object) => String(value(object) ?? 0),
});

const running = <T extends Selecting>(more: Capabilities<T>): Capabilities<T> => ({
  pods: ({ spec }) => (spec.selector === undefined ? undefined : { by: 'selector', selector: spec.selector }),
  loggable: true,
  forwardable: true,
  explainable: true,
  ...more,
});

/** Why fewer pods are ready than wanted, if so. */
const shortOf = (ready: number | undefined, wanted: number): string =>
  (ready ?? 0) < wanted ? `${ready ?? 0}/${wanted} ready` : '';

const failedCondition = (
  conditions:
    readonly { readonly type: string; readonly status: string; readonly reason?: string | undefined }[] | undefined,
): string | undefined =>
  conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')?.reason ??
  conditions?.find(({ type, status }) => type === 'Progressing' && status === 'False')?.reason;

const deploymentProblem = (deployment: Deployment): string =>
  failedCondition(deployment.status?.conditions) ??
  shortOf(deployment.status?.readyReplicas, deployment.spec.replicas ?? 1);

/** `:deployments`. READY counts available over wanted pods. */
export const deploymentsView = tableView<Deployment>({
  resource: deployments,
  columns: [
    {
      title: 'READY',
      align: 'right',
      cell: (d) => `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 1}`,
      value: (d) => d.status?.readyReplicas ?? 0,
    },
    count('UP-TO-DATE', (d) => d.status?.updatedReplicas),
    count('AVAILABLE', (d) => d.status?.availableReplicas),
    ...templateColumns<Deployment>(),
    selectorColumn(),
  ],
  health: (d) => {
    if (failedCondition(d.status?.conditions) !== undefined) return 'error';
    if (d.spec.replicas === 0) return 'done';
    return deploymentProblem(d) === '' ? 'ok' : 'pending';
  },
  problem: deploymentProblem,
  opens: 'pods',
  capabilities: running<Deployment>({ scalable: true, restartable: true, hasImages: true }),
});

/** `:statefulsets`. */
export const statefulSetsView = tableView<StatefulSet>({
  resource: statefulSets,
  columns: [
    { title: 'READY', align: 'right', cell: (s) => `${s.status?.readyReplicas ?? 0}/${s.spec.replicas ?? 1}` },
    { title: 'SERVICE', cell: (s) => orNone(s.spec.serviceName) },
    ...templateColumns<StatefulSet>(),
    selectorColumn(),
  ],
  health: (s) =>
    s.spec.replicas === 0 ? 'done' : shortOf(s.status?.readyReplicas, s.spec.replicas ?? 1) === '' ? 'ok' : 'pending',
  problem: (s) => shortOf(s.status?.readyReplicas, s.spec.replicas ?? 1),
  opens: 'pods',
  capabilities: running<StatefulSet>({ scalable: true, restartable: true, hasImages: true }),
});

/** `:daemonsets`. */
export const daemonSetsView = tableView<DaemonSet>({
  resource: daemonSets,
  columns: [
    count('DESIRED', (d) => d.status?.desiredNumberScheduled),
    count('CURRENT', (d) => d.status?.currentNumberScheduled),
    count('READY', (d) => d.status?.numberReady),
    count('UP-TO-DATE', (d) => d.status?.updatedNumberScheduled),
    count('AVAILABLE', (d) => d.status?.numberAvailable),
    ...templateColumns<DaemonSet>(),
    selectorColumn(),
  ],
  health: (d) => (shortOf(d.status?.numberReady, d.status?.desiredNumberScheduled ?? 0) === '' ? 'ok' : 'pending'),
  problem: (d) => shortOf(d.status?.numberReady, d.status?.desiredNumberScheduled ?? 0),
  opens: 'pods',
  capabilities: running<DaemonSet>({ restartable: true, hasImages: true }),
});

/** `:replicasets`. An old revision wants no pods and is shown as done. */
export const replicaSetsView = tableView<ReplicaSet>({
  resource: replicaSets,
  columns: [
    count('DESIRED', (r) => r.spec.replicas ?? 1),
    count('CURRENT', (r) => r.status?.replicas),
    count('READY', (r) => r.status?.readyReplicas),
    ...templateColumns<ReplicaSet>(),
    selectorColumn(),
  ],
  health: (r) =>
    r.spec.replicas === 0 ? 'done' : shortOf(r.status?.readyReplicas, r.spec.replicas ?? 1) === '' ? 'ok' : 'pending',
  problem: (r) => failedCondition(r.status?.conditions) ?? shortOf(r.status?.readyReplicas, r.spec.replicas ?? 1),
  opens: 'pods',
  capabilities: running<ReplicaSet>({ scalable: true }),
});

const jobDuration = (job: Job): number | undefined => {
  const start = parseTime(job.status?.startTime);
  const end = parseTime(job.status?.completionTime);
  return start === undefined || end === undefined ? undefined : end - start;
};

const jobFailed = (job: Job): string | undefined =>
  job.status?.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True')?.reason;

/** `:jobs`. */
export const jobsView = tableView<Job>({
  resource: jobs,
  columns: [
    { title: 'COMPLETIONS', align: 'right', cell: (j) => `${j.status?.succeeded ?? 0}/${j.spec.completions ?? 1}` },
    {
      title: 'DURATION',
      align: 'right',
      kind: 'number',
      value: jobDuration,
      cell: (j) => {
        const ms = jobDuration(j);
        return ms === undefined ? '' : formatAge(ms);
      },
    },
    selectorColumn(),
    ...templateColumns<Job>(),
  ],
  health: (j) => {
    if (jobFailed(j) !== undefined) return 'error';
    if (j.spec.suspend === true) return 'pending';
    return j.status?.completionTime === undefined ? 'ok' : 'done';
  },
  problem: (j) =>
    jobFailed(j) ??
    ((j.status?.failed ?? 0) > 0 && j.status?.completionTime === undefined ? `${j.status?.failed} failed` : ''),
  opens: 'pods',
  capabilities: running<Job>({ forwardable: false, suspendable: true }),
});

/** `:cronjobs`. Enter shows the jobs it made. */
export const cronJobsView = tableView<CronJob>({
  resource: cronJobs,
  columns: [
    { title: 'SCHEDULE', cell: (c) => c.spec.schedule },
    { title: 'SUSPEND', cell: (c) => String(c.spec.suspend ?? false) },
    count('ACTIVE', (c) => c.status?.active?.length),
    { title: 'LAST_SCHEDULE', kind: 'time', cell: () => '', value: (c) => parseTime(c.status?.lastScheduleTime) },
    {
      title: 'IMAGES',
      wide: true,
      cell: (c) => (c.spec.jobTemplate.spec?.template.spec?.containers ?? []).map(({ image }) => image).join(','),
    },
  ],
  health: (c) => (c.spec.suspend === true ? 'done' : 'ok'),
  opens: 'jobs',
  capabilities: { suspendable: true, triggerable: true },
});
