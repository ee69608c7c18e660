import type { Container, ContainerStatus, Pod } from '@geobuk/api';
import type { Health } from '../screen/paint.js';

const isSidecar = (container: Container): boolean => container.restartPolicy === 'Always';

/**
 * The STATUS word of a pod.
 * Follows: kubectl's pod printer (phase, then the first telling init container, then the last telling container,
 * then Terminating).
 */
export function podStatus(pod: Pod): string {
  const { status } = pod;
  let word = status?.reason ?? status?.phase ?? 'Unknown';
  const gated = status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  if (gated === true) word = 'SchedulingGated';
  const init = initWord(pod);
  if (init !== undefined) word = init;
  else word = containersWord(pod, word);
  if (pod.metadata.deletionTimestamp === undefined) return word;
  return status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function initWord(pod: Pod): string | undefined {
  const inits = pod.spec.initContainers ?? [];
  const statuses = new Map(pod.status?.initContainerStatuses?.map((status) => [status.name, status]));
  for (const [index, container] of inits.entries()) {
    const state = statuses.get(container.name);
    if (state === undefined) continue;
    const { terminated, waiting } = state.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (isSidecar(container) && state.started === true) continue;
    if (terminated !== undefined) {
      if (terminated.reason !== undefined && terminated.reason !== '') return `Init:${terminated.reason}`;
      return terminated.signal === undefined || terminated.signal === 0
        ? `Init:ExitCode:${terminated.exitCode}`
        : `Init:Signal:${terminated.signal}`;
    }
    if (waiting?.reason !== undefined && waiting.reason !== '' && waiting.reason !== 'PodInitializing') {
      return `Init:${waiting.reason}`;
    }
    return `Init:${index}/${inits.length}`;
  }
  return undefined;
}

function containersWord(pod: Pod, phase: string): string {
  let word = phase;
  let running = false;
  for (const status of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    const { waiting, terminated, running: now } = status.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== '') word = waiting.reason;
    else if (terminated !== undefined) word = terminatedWord(terminated);
    else if (now !== undefined && status.ready) running = true;
  }
  if (word !== 'Completed' || !running) return word;
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready === true ? 'Running' : 'NotReady';
}

const terminatedWord = ({
  reason,
  signal,
  exitCode,
}: NonNullable<NonNullable<ContainerStatus['state']>['terminated']>): string => {
  if (reason !== undefined && reason !== '') return reason;
  return signal === undefined || signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
};

/** Ready containers (sidecars counted) and how many there are. */
export function podReadiness(pod: Pod): { readonly ready: number; readonly total: number } {
  const sidecars = new Set((pod.spec.initContainers ?? []).filter(isSidecar).map(({ name }) => name));
  const statuses = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)),
  ];
  return {
    ready: statuses.filter(({ ready }) => ready).length,
    total: pod.spec.containers.length + sidecars.size,
  };
}

export const podRestarts = (pod: Pod): number =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].reduce(
    (sum, { restartCount }) => sum + restartCount,
    0,
  );

/** Why a pod is not well: '' for one that is, or that has done its work. */
export function podProblem(pod: Pod): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'terminating';
  const word = podStatus(pod);
  if (pod.status?.phase === 'Succeeded') return '';
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) return unscheduled.reason ?? 'not scheduled';
  const { ready, total } = podReadiness(pod);
  if (word !== 'Running') return word;
  if (ready < total) return `container ready: ${ready}/${total}`;
  const unready = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False');
  return unready === undefined ? '' : (unready.reason ?? 'not ready');
}

const starting = new Set(['Pending', 'ContainerCreating', 'PodInitializing', 'SchedulingGated']);

export function podHealth(pod: Pod): Health {
  const word = podStatus(pod);
  if (word === 'Terminating') return 'killing';
  if (word === 'Completed' || pod.status?.phase === 'Succeeded') return 'done';
  if (starting.has(word) || /^Init:\d/.test(word)) return 'pending';
  return podProblem(pod) === '' ? 'ok' : 'error';
}
