import type { ContainerStatus, Pod, PodCondition } from '@geobuk/api';
import type { resizeConditions } from './resize.js';
import { rfc3339 } from './rfc3339.js';

export interface ConditionFacts {
  readonly phase: string;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  readonly before: readonly PodCondition[];
  readonly now: number;
  readonly initialized: boolean;
  readonly sandboxReady: boolean;
  /** How a resize stands. */
  readonly resize: ReturnType<typeof resizeConditions>;
}

interface Wanted {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** The conditions that are the kubelet's to set; others keep what they set. */
export const ownConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
  'PodResizePending',
  'PodResizeInProgress',
]);

const terminalReason = (phase: string): string | undefined =>
  phase === 'Succeeded' ? 'PodCompleted' : phase === 'Failed' ? 'PodFailed' : undefined;

/** Follows: status.GeneratePodReadyCondition and its kin. */
export function podConditions(pod: Pod, facts: ConditionFacts): readonly PodCondition[] {
  const sidecars = new Set(
    (pod.spec.initContainers ?? []).filter((one) => one.restartPolicy === 'Always').map(({ name }) => name),
  );
  const long = [...facts.main, ...facts.init.filter(({ name }) => sidecars.has(name))];
  const foreign = facts.before.filter(({ type }) => !ownConditions.has(type));
  const containersReady = readyCondition('ContainersReady', facts.phase, long);
  const wanted: Wanted[] = [
    { type: 'PodReadyToStartContainers', status: facts.sandboxReady ? 'True' : 'False' },
    initializedCondition(facts),
    gatedCondition(pod, foreign, { ...containersReady, type: 'Ready' }),
    containersReady,
    { type: 'PodScheduled', status: 'True' },
    ...facts.resize,
  ];
  return [...wanted.map((one) => dated(pod, one, facts)), ...foreign];
}

function dated(pod: Pod, wanted: Wanted, { before, now }: ConditionFacts): PodCondition {
  const old = before.find(({ type }) => type === wanted.type);
  const { type, status, reason, message } = wanted;
  const since = old?.status === status ? (old.lastTransitionTime ?? rfc3339(now)) : rfc3339(now);
  const { generation } = pod.metadata;
  return {
    type,
    status,
    lastProbeTime: null as unknown as string,
    lastTransitionTime: since,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function readyCondition(type: string, phase: string, statuses: readonly ContainerStatus[]): Wanted {
  const reason = terminalReason(phase);
  if (reason !== undefined) return { type, status: 'False', reason };
  const unready = statuses.filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0) return { type, status: 'True' };
  const message = `containers with unready status: [${unready.join(' ')}]`;
  return { type, status: 'False', reason: 'ContainersNotReady', message };
}

/** Ready needs what readinessGates name as well. */
function gatedCondition(pod: Pod, foreign: readonly PodCondition[], ready: Wanted): Wanted {
  if (ready.status === 'False') return ready;
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const gate = foreign.find(({ type }) => type === conditionType);
    if (gate?.status === 'True') continue;
    const message =
      gate === undefined
        ? `corresponding condition of pod readiness gate "${conditionType}" does not exist.`
        : `the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`;
    return { type: ready.type, status: 'False', reason: 'ReadinessGatesNotReady', message };
  }
  return ready;
}

function initializedCondition({ phase, init, initialized }: ConditionFacts): Wanted {
  const type = 'Initialized';
  if (initialized)
    return phase === 'Succeeded' ? { type, status: 'True', reason: 'PodCompleted' } : { type, status: 'True' };
  const incomplete = init.filter(({ ready, started }) => !ready && started !== true).map(({ name }) => name);
  const names = incomplete.length === 0 ? init.map(({ name }) => name) : incomplete;
  const message = `containers with incomplete status: [${names.join(' ')}]`;
  return { type, status: 'False', reason: 'ContainersNotInitialized', message };
}
