import type { ContainerStatus, Pod } from '@geobuk/api';

/** An event as this needs it: core/v1 Event, newest last. */
export interface PodEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly at: number;
}

/** One thing that keeps a pod from running, worst first in a list of them. */
export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'problem' | 'waiting' | 'fine';
  /** Fills the sentence of its code. */
  readonly values: Readonly<Record<string, string>>;
  /** What the cluster said, word by word. */
  readonly evidence?: string | undefined;
}

export type FindingCode =
  | 'unschedulable'
  | 'gated'
  | 'notScheduled'
  | 'image'
  | 'config'
  | 'volume'
  | 'sandbox'
  | 'outOfMemory'
  | 'crash'
  | 'liveness'
  | 'startup'
  | 'readiness'
  | 'init'
  | 'evicted'
  | 'terminating'
  | 'starting'
  | 'finished'
  | 'failed'
  | 'running';

const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull', 'ImageInspectError'];
const configReasons = ['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'];

/** Why a pod does not run, from its status and its events. Pure. */
export function explainPod(pod: Pod, events: readonly PodEvent[], now: number): readonly Finding[] {
  const findings = [
    ...terminating(pod, now),
    ...scheduling(pod, events),
    ...volumes(pod, events),
    ...containers(pod, events),
  ];
  if (findings.length > 0)
    return findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  const { phase, reason, message } = pod.status ?? {};
  switch (phase) {
    case 'Succeeded':
      return [{ code: 'finished', severity: 'fine', values: {} }];
    case 'Failed':
      return [
        reason === 'Evicted'
          ? { code: 'evicted', severity: 'problem', values: {}, evidence: message }
          : { code: 'failed', severity: 'problem', values: { reason: reason ?? '' }, evidence: message },
      ];
    case 'Running':
      return [{ code: 'running', severity: 'fine', values: {} }];
    default:
      return [{ code: 'starting', severity: 'waiting', values: {} }];
  }
}

const severities: readonly Finding['severity'][] = ['problem', 'waiting', 'fine'];

const lastOf = (events: readonly PodEvent[], ...reasons: readonly string[]): PodEvent | undefined =>
  events.findLast(({ reason }) => reasons.includes(reason));

function* terminating({ metadata }: Pod, now: number): Generator<Finding> {
  if (metadata.deletionTimestamp === undefined) return;
  const lateSeconds = Math.floor((now - Date.parse(metadata.deletionTimestamp)) / 1000);
  const finalizers = metadata.finalizers ?? [];
  yield {
    code: 'terminating',
    severity: lateSeconds > 30 ? 'problem' : 'waiting',
    values: { finalizers: finalizers.join(', ') || '–' },
  };
}

function* scheduling({ spec, status }: Pod, events: readonly PodEvent[]): Generator<Finding> {
  if (spec.nodeName !== undefined || status?.phase !== 'Pending') return;
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  const evidence = scheduled?.message ?? lastOf(events, 'FailedScheduling')?.message;
  if (scheduled?.reason === 'SchedulingGated') yield { code: 'gated', severity: 'waiting', values: {}, evidence };
  else if (evidence !== undefined) yield { code: 'unschedulable', severity: 'problem', values: {}, evidence };
  else yield { code: 'notScheduled', severity: 'waiting', values: {} };
}

function* volumes({ spec, status }: Pod, events: readonly PodEvent[]): Generator<Finding> {
  if (spec.nodeName === undefined || status?.phase !== 'Pending') return;
  const volume = lastOf(events, 'FailedMount', 'FailedAttachVolume', 'FailedMapVolume');
  if (volume !== undefined) yield { code: 'volume', severity: 'problem', values: {}, evidence: volume.message };
  const sandbox = lastOf(events, 'FailedCreatePodSandBox', 'NetworkNotReady');
  const started = lastOf(events, 'Started', 'Pulling', 'Created');
  if (sandbox !== undefined && (started === undefined || started.at < sandbox.at))
    yield { code: 'sandbox', severity: 'problem', values: {}, evidence: sandbox.message };
}

function* containers({ spec, status }: Pod, events: readonly PodEvent[]): Generator<Finding> {
  if (status?.phase === 'Succeeded') return;
  const inits = status?.initContainerStatuses ?? [];
  for (const each of [...inits, ...(status?.containerStatuses ?? [])]) yield* container(each, events);
  const current = inits.find(({ state }) => state?.running !== undefined);
  const isSidecar = spec.initContainers?.some(
    ({ name, restartPolicy }) => name === current?.name && restartPolicy === 'Always',
  );
  if (current !== undefined && isSidecar !== true && status?.phase === 'Pending')
    yield { code: 'init', severity: 'waiting', values: { container: current.name } };
}

function* container(status: ContainerStatus, events: readonly PodEvent[]): Generator<Finding> {
  const { name, image, state, lastState, restartCount = 0 } = status;
  const { waiting, running, terminated } = state ?? {};
  const ended = terminated ?? lastState?.terminated;
  const values = { container: name, image, restarts: String(restartCount), exitCode: String(ended?.exitCode ?? '') };
  const reason = waiting?.reason ?? '';
  if (imageReasons.includes(reason)) {
    yield {
      code: 'image',
      severity: 'problem',
      values,
      evidence: lastOf(events, 'Failed')?.message ?? waiting?.message,
    };
  } else if (configReasons.includes(reason)) {
    yield {
      code: 'config',
      severity: 'problem',
      values,
      evidence: waiting?.message ?? lastOf(events, 'Failed')?.message,
    };
  } else if (ended?.reason === 'OOMKilled' && running === undefined) {
    yield { code: 'outOfMemory', severity: 'problem', values, evidence: ended.message };
  } else if (reason === 'CrashLoopBackOff' || (terminated !== undefined && terminated.exitCode !== 0)) {
    const killed = lastOf(events, 'Killing', 'Unhealthy');
    const isLiveness = killed !== undefined && /liveness/i.test(killed.message);
    yield {
      code: isLiveness ? 'liveness' : 'crash',
      severity: 'problem',
      values,
      evidence: isLiveness ? killed.message : (ended?.message ?? waiting?.message),
    };
  } else if (running !== undefined && status.started === false) {
    yield { code: 'startup', severity: 'waiting', values, evidence: unhealthy(events, /startup/i) };
  } else if (running !== undefined && !status.ready) {
    const evidence = unhealthy(events, /readiness/i);
    yield { code: 'readiness', severity: evidence === undefined ? 'waiting' : 'problem', values, evidence };
  }
}

const unhealthy = (events: readonly PodEvent[], probe: RegExp): string | undefined =>
  events.findLast(({ reason, message }) => reason === 'Unhealthy' && probe.test(message))?.message;
