import { ageCell, integer, nameCell, printer, wide } from './table.js';
import { ageOf, humanDuration } from './human-duration.js';
import {
  boolText,
  conditionStatus,
  containerImages,
  containerNames,
  labelsText,
  none,
  orNone,
  selectorText,
} from './cell-text.js';
import type {
  ControllerRevision,
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  LabelSelector,
  PodTemplateSpec,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../generated/types.js';

interface WithTemplate {
  readonly spec: { readonly template?: PodTemplateSpec | undefined; readonly selector?: LabelSelector | undefined };
}

const containersColumn = wide(({ spec }: WithTemplate) => containerNames(spec?.template?.spec?.containers));
const imagesColumn = wide(({ spec }: WithTemplate) => containerImages(spec?.template?.spec?.containers));
const selectorColumn = wide(({ spec }: WithTemplate) => selectorText(spec?.selector));

export const deploymentPrinter = printer<Deployment>({
  Name: nameCell,
  Ready: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
  'Up-to-date': integer(({ status }) => status?.updatedReplicas ?? 0),
  Available: integer(({ status }) => status?.availableReplicas ?? 0),
  Age: ageCell,
  Containers: containersColumn,
  Images: imagesColumn,
  Selector: selectorColumn,
});

export const replicaSetPrinter = printer<ReplicaSet>({
  Name: nameCell,
  Desired: integer(({ spec }) => spec?.replicas ?? 1),
  Current: integer(({ status }) => status?.replicas ?? 0),
  Ready: integer(({ status }) => status?.readyReplicas ?? 0),
  Age: ageCell,
  Containers: containersColumn,
  Images: imagesColumn,
  Selector: selectorColumn,
});

export const replicationControllerPrinter = printer<ReplicationController>({
  Name: nameCell,
  Desired: integer(({ spec }) => spec?.replicas ?? 1),
  Current: integer(({ status }) => status?.replicas ?? 0),
  Ready: integer(({ status }) => status?.readyReplicas ?? 0),
  Age: ageCell,
  Containers: wide(({ spec }) => containerNames(spec?.template?.spec?.containers)),
  Images: wide(({ spec }) => containerImages(spec?.template?.spec?.containers)),
  Selector: wide(({ spec }) => labelsText(spec?.selector)),
});

export const statefulSetPrinter = printer<StatefulSet>({
  Name: nameCell,
  Ready: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 1}`,
  Age: ageCell,
  Containers: containersColumn,
  Images: imagesColumn,
});

export const daemonSetPrinter = printer<DaemonSet>({
  Name: nameCell,
  Desired: integer(({ status }) => status?.desiredNumberScheduled ?? 0),
  Current: integer(({ status }) => status?.currentNumberScheduled ?? 0),
  Ready: integer(({ status }) => status?.numberReady ?? 0),
  'Up-to-date': integer(({ status }) => status?.updatedNumberScheduled ?? 0),
  Available: integer(({ status }) => status?.numberAvailable ?? 0),
  'Node Selector': ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector),
  Age: ageCell,
  Containers: containersColumn,
  Images: imagesColumn,
  Selector: selectorColumn,
});

export const jobPrinter = printer<Job>({
  Name: nameCell,
  Status: jobStatusText,
  Completions: jobCompletionsText,
  Duration: ({ status }, { now }) => {
    const start = status?.startTime;
    if (start === undefined) return '';
    const end = status?.completionTime === undefined ? now : Date.parse(status.completionTime);
    return humanDuration(end - Date.parse(start));
  },
  Age: ageCell,
  Containers: containersColumn,
  Images: imagesColumn,
  Selector: selectorColumn,
});

function jobStatusText({ metadata, status }: Job): string {
  const has = (type: string): boolean => conditionStatus(status?.conditions, type) === 'True';
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function jobCompletionsText({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

export const cronJobPrinter = printer<CronJob>({
  Name: nameCell,
  Schedule: ({ spec }) => spec?.schedule ?? '',
  Timezone: ({ spec }) => orNone(spec?.timeZone),
  Suspend: ({ spec }) => boolText(spec?.suspend),
  Active: integer(({ status }) => status?.active?.length ?? 0),
  'Last Schedule': ({ status }, { now }) =>
    status?.lastScheduleTime === undefined ? none : ageOf(status.lastScheduleTime, now),
  Age: ageCell,
  Containers: wide(({ spec }) => containerNames(spec?.jobTemplate?.spec?.template?.spec?.containers)),
  Images: wide(({ spec }) => containerImages(spec?.jobTemplate?.spec?.template?.spec?.containers)),
  Selector: wide(({ spec }) => selectorText(spec?.jobTemplate?.spec?.selector)),
});

export const controllerRevisionPrinter = printer<ControllerRevision>({
  Name: nameCell,
  Controller: ({ metadata }) => {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined) return none;
    const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
    return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
  },
  Revision: integer(({ revision }) => revision ?? 0),
  Age: ageCell,
});
