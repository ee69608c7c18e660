import type {
  AddonHealthCheck,
  DaemonSet,
  Deployment,
  KubernetesObject,
  ObjectKey,
  Pod,
  StatefulSet,
} from '@geobuk/api';
import { formatKey, keyOf } from '@geobuk/api';

/** What one check found. `down`: nothing of it works; `partly`: some does; `starting`: it is on its way. */
export interface HealthFinding {
  readonly state: 'ok' | 'starting' | 'partly' | 'down';
  /** Which check, for people: `DaemonSet network`. */
  readonly check: string;
  readonly message: string;
}

type WorkloadCheck = Extract<AddonHealthCheck, { readonly kind: 'workloadAvailable' }>;

/** A workload's own word, compared with its spec. Follows: `kubectl rollout status`. */
export function workloadHealth(check: WorkloadCheck, live: KubernetesObject | undefined): HealthFinding {
  const name = `${check.workload} ${check.name}`;
  if (live === undefined) return { state: 'starting', check: name, message: 'is not there yet' };
  const { wanted, updated, available, observed } = countsOf(check, live);
  if (!observed) return { state: 'starting', check: name, message: 'is not looked at yet by its controller' };
  const message = `${available} of ${wanted} available`;
  if (available >= wanted && updated >= wanted) return { state: 'ok', check: name, message };
  if (available >= wanted) return { state: 'starting', check: name, message: `${updated} of ${wanted} updated` };
  return { state: available > 0 ? 'partly' : 'down', check: name, message };
}

function countsOf({ workload }: WorkloadCheck, live: KubernetesObject) {
  const observedGeneration =
    (live as { readonly status?: { readonly observedGeneration?: number } }).status?.observedGeneration ?? 0;
  const observed = observedGeneration >= (live.metadata.generation ?? 0);
  switch (workload) {
    case 'DaemonSet': {
      const { status } = live as DaemonSet;
      return {
        observed: observed && status !== undefined,
        wanted: status?.desiredNumberScheduled ?? 0,
        updated: status?.updatedNumberScheduled ?? 0,
        available: status?.numberAvailable ?? 0,
      };
    }
    case 'Deployment':
    case 'StatefulSet': {
      const { spec, status } = live as Deployment | StatefulSet;
      return {
        observed,
        wanted: spec.replicas ?? 1,
        updated: status?.updatedReplicas ?? 0,
        available: status?.availableReplicas ?? 0,
      };
    }
    default:
      return workload satisfies never;
  }
}

/** A container that does not come up, and why. */
export interface FailingContainer {
  readonly pod: ObjectKey;
  readonly uid: string;
  readonly container: string;
  readonly restarts: number;
  /** It ran before: its words are in the log of the container before this one. */
  readonly crashed: boolean;
  /** The kubelet has given it up for a while: it did not merely fall over once. */
  readonly backsOff: boolean;
  readonly reason: string;
  readonly message: string;
}

const hopeless = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);

/** The first container of these pods that cannot run. */
export function failingContainer(pods: readonly Pod[]): FailingContainer | undefined {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue;
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const { name, restartCount, state, lastState, ready } of statuses) {
      const ended = state?.terminated ?? lastState?.terminated;
      const reason = state?.waiting?.reason ?? (ended !== undefined && ended.exitCode !== 0 ? 'Error' : undefined);
      if (ready || reason === undefined || !(hopeless.has(reason) || reason === 'Error')) continue;
      const words = state?.waiting?.message ?? '';
      const exit = ended === undefined ? '' : `exit code ${ended.exitCode}`;
      return {
        pod: keyOf(pod),
        uid: pod.metadata.uid ?? '',
        container: name,
        restarts: restartCount,
        crashed: ended !== undefined,
        backsOff: hopeless.has(reason) && reason !== 'ErrImagePull',
        reason,
        message: [words, exit].filter((part) => part !== '').join(', '),
      };
    }
  }
  return undefined;
}

/** `pod kube-system/dns-x: CrashLoopBackOff (exit code 1): port taken`. */
export function failureText(failing: FailingContainer, firstLogLine: string | undefined): string {
  const { pod, reason, message } = failing;
  const details = message === '' ? '' : ` (${message})`;
  const line = firstLogLine === undefined || firstLogLine === '' ? '' : `: ${firstLogLine}`;
  return `pod ${formatKey(pod)}: ${reason}${details}${line}`;
}
