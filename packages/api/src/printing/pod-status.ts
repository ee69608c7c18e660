import { conditionStatus } from './cell-text.js';
import type { Container, ContainerState, ContainerStatus, Pod } from '../generated/types.js';

export interface PodSummary {
  /** The STATUS column: `Running`, `Init:0/1`, `CrashLoopBackOff`, `Terminating`, ... */
  readonly status: string;
  readonly readyContainers: number;
  readonly totalContainers: number;
  readonly restarts: number;
  /** When the last container died that was started again. */
  readonly lastRestartAt: string | undefined;
}

/** The STATUS column of `kubectl get pods`. */
export const podStatusText = (pod: Pod): string => summarizePod(pod).status;

/**
 * What `kubectl get pods` says about a pod.
 * Follows: printPod of the stock printers.
 */
export function summarizePod(pod: Pod): PodSummary {
  const { spec, status, metadata } = pod;
  const initContainers = spec?.initContainers ?? [];
  const sidecars = new Set(initContainers.filter(isSidecar).map(({ name }) => name));
  const init = followInit(status?.initContainerStatuses ?? [], initContainers.length, sidecars);

  let text = status?.reason || status?.phase || '';
  if (status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')) {
    text = 'SchedulingGated';
  }
  text = init.blockedBy ?? text;
  let { restarts, lastRestartAt } = init;
  let readyContainers = init.readySidecars;

  if (init.blockedBy === undefined || conditionStatus(status?.conditions, 'Initialized') === 'True') {
    const main = followMain(status?.containerStatuses ?? []);
    restarts = init.sidecarRestarts + main.restarts;
    lastRestartAt = later(init.lastSidecarRestartAt, main.lastRestartAt);
    readyContainers += main.ready;
    text = main.reason ?? text;
    if (text === 'Completed' && main.ready > 0) {
      text = conditionStatus(status?.conditions, 'Ready') === 'True' ? 'Running' : 'NotReady';
    }
  }
  if (metadata.deletionTimestamp !== undefined) {
    if (status?.reason === 'NodeLost') text = 'Unknown';
    else if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') text = 'Terminating';
  }
  return {
    status: text,
    readyContainers,
    totalContainers: (spec?.containers?.length ?? 0) + sidecars.size,
    restarts,
    lastRestartAt,
  };
}

const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';

interface InitProgress {
  /** What initialisation waits for or failed with. */
  readonly blockedBy: string | undefined;
  readonly readySidecars: number;
  readonly restarts: number;
  readonly lastRestartAt: string | undefined;
  readonly sidecarRestarts: number;
  readonly lastSidecarRestartAt: string | undefined;
}

function followInit(statuses: readonly ContainerStatus[], total: number, sidecars: ReadonlySet<string>): InitProgress {
  let readySidecars = 0;
  let restarts = 0;
  let sidecarRestarts = 0;
  let lastRestartAt: string | undefined;
  let lastSidecarRestartAt: string | undefined;
  let blockedBy: string | undefined;
  for (const [index, status] of statuses.entries()) {
    const died = status.lastState?.terminated?.finishedAt;
    restarts += status.restartCount ?? 0;
    lastRestartAt = later(lastRestartAt, died);
    const sidecar = sidecars.has(status.name);
    if (sidecar) {
      sidecarRestarts += status.restartCount ?? 0;
      lastSidecarRestartAt = later(lastSidecarRestartAt, died);
    }
    if (status.state?.terminated?.exitCode === 0) continue;
    if (sidecar && status.started === true) {
      if (status.ready) readySidecars++;
      continue;
    }
    blockedBy = `Init:${initReason(status.state) ?? `${index}/${total}`}`;
    break;
  }
  return { blockedBy, readySidecars, restarts, lastRestartAt, sidecarRestarts, lastSidecarRestartAt };
}

function initReason(state: ContainerState | undefined): string | undefined {
  if (state?.terminated !== undefined) return terminatedText(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting === undefined || waiting === '' || waiting === 'PodInitializing' ? undefined : waiting;
}

const terminatedText = (state: NonNullable<ContainerState['terminated']>): string =>
  state.reason || (state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`);

interface MainProgress {
  readonly reason: string | undefined;
  readonly ready: number;
  readonly restarts: number;
  readonly lastRestartAt: string | undefined;
}

/** The first container that does not run gives the reason. */
function followMain(statuses: readonly ContainerStatus[]): MainProgress {
  let reason: string | undefined;
  let ready = 0;
  let restarts = 0;
  let lastRestartAt: string | undefined;
  for (const status of statuses.toReversed()) {
    restarts += status.restartCount ?? 0;
    lastRestartAt = later(lastRestartAt, status.lastState?.terminated?.finishedAt);
    const { waiting, terminated, running } = status.state ?? {};
    if (waiting?.reason) reason = waiting.reason;
    else if (terminated !== undefined) reason = terminatedText(terminated);
    else if (status.ready && running !== undefined) ready++;
  }
  return { reason, ready, restarts, lastRestartAt };
}

function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Date.parse(b) > Date.parse(a) ? b : a;
}
