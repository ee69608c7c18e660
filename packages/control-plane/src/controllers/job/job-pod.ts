import type { Container, Job, Pod } from '@geobuk/api';
import { jobs } from '@geobuk/api';
import { podFromTemplate } from '../pod-template.js';

/** Keeps a pod until its end has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';
const indexKey = 'batch.kubernetes.io/job-completion-index';
const failureCountKey = 'batch.kubernetes.io/job-index-failure-count';
const ignoredCountKey = 'batch.kubernetes.io/job-index-ignored-failure-count';

export const isTracked = (pod: Pod): boolean => pod.metadata.finalizers?.includes(trackingFinalizer) ?? false;
export const isIndexed = (job: Job): boolean => job.spec.completionMode === 'Indexed';

/** The index a pod works on, or undefined when it has none that counts. */
export function indexOf(job: Job, pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[indexKey] ?? '';
  const index = /^\d+$/.test(text) ? Number(text) : undefined;
  return index === undefined || index >= (job.spec.completions ?? 0) ? undefined : index;
}

/** How often an index had failed before this pod. */
export const failuresBefore = (pod: Pod): number => Number(pod.metadata.annotations?.[failureCountKey] ?? 0) || 0;
export const ignoredBefore = (pod: Pod): number => Number(pod.metadata.annotations?.[ignoredCountKey] ?? 0) || 0;

/** What a pod to be made is for. */
export interface JobPodWish {
  /** Absent for a Job whose pods are alike. */
  readonly index?: number | undefined;
  readonly failures: number;
  readonly ignored: number;
}

/** A pod of a Job, with the finalizer that keeps its end from being missed. */
export function jobPod(job: Job, { index, failures, ignored }: JobPodWish): Pod {
  const pod = podFromTemplate(jobs, job, job.spec.template);
  const metadata = { ...pod.metadata, finalizers: [...(pod.metadata.finalizers ?? []), trackingFinalizer] };
  if (index === undefined) return { ...pod, metadata };
  const name = `${job.metadata.name ?? ''}-${index}`;
  const counts =
    job.spec.backoffLimitPerIndex === undefined
      ? {}
      : { [failureCountKey]: String(failures), ...(ignored === 0 ? {} : { [ignoredCountKey]: String(ignored) }) };
  return {
    ...pod,
    metadata: {
      ...metadata,
      generateName: `${name}-`,
      annotations: { ...metadata.annotations, [indexKey]: String(index), ...counts },
      labels: { ...metadata.labels, [indexKey]: String(index) },
    },
    spec: {
      ...pod.spec,
      hostname: pod.spec.hostname === undefined || pod.spec.hostname === '' ? name : pod.spec.hostname,
      containers: pod.spec.containers.map(withIndex),
      ...(pod.spec.initContainers === undefined ? {} : { initContainers: pod.spec.initContainers.map(withIndex) }),
    },
  };
}

function withIndex(container: Container): Container {
  const name = 'JOB_COMPLETION_INDEX';
  if (container.env?.some((variable) => variable.name === name) === true) return container;
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } };
  return { ...container, env: [...(container.env ?? []), { name, valueFrom }] };
}

/** When a pod ended: epoch milliseconds. */
export function finishedAt(pod: Pod, now: number): number {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const times = statuses.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? '')).filter(Number.isFinite);
  if (times.length > 0) return Math.max(...times);
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime;
  const { deletionTimestamp, creationTimestamp } = pod.metadata;
  return (
    [ready, deletionTimestamp, creationTimestamp].map((text) => Date.parse(text ?? '')).find(Number.isFinite) ?? now
  );
}
