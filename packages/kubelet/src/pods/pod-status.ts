import type { ContainerStatus, Pod, PodCondition, PodStatus } from '@geobuk/api';
import type { PodState } from '../runtime/runtime.js';
import { containerStatus } from './container-status.js';
import type { ContainerFacts } from './container-status.js';
import { ObservedContainers } from './observed-containers.js';
import { ephemeralContainersOf, initContainersOf, mainContainersOf, restartPolicyOf } from './pod-containers.js';
import type { PodContainer } from './pod-containers.js';
import { podConditions } from './pod-conditions.js';
import type { resizeConditions } from './resize.js';
import { qosClassOf } from './resources.js';
import { rfc3339 } from './rfc3339.js';

/** The kubelet's own verdict over a pod, stronger than what its containers say: rejected, evicted, out of time. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
  /** Conditions that come with it, such as DisruptionTarget. */
  readonly conditions?: readonly PodCondition[] | undefined;
}

export interface PodFacts extends Omit<ContainerFacts, 'initialized'> {
  readonly now: number;
  readonly hostIPs: readonly string[];
  readonly verdict: Verdict | undefined;
  /** How a resize stands. */
  readonly resize: ReturnType<typeof resizeConditions>;
}

/** Follows: generateAPIPodStatus. Pure; a terminal phase never goes back. */
export function podStatus(pod: Pod, state: PodState | undefined, before: PodStatus, given: PodFacts): PodStatus {
  const seen = new ObservedContainers(state);
  const initialized = isInitialized(pod, seen, before);
  const facts: ContainerFacts = { ...withoutNow(given), initialized };
  const statuses = (
    containers: readonly PodContainer[],
    old: readonly ContainerStatus[] = [],
  ): readonly ContainerStatus[] =>
    containers.map((one) =>
      containerStatus(
        pod,
        one,
        seen,
        old.find(({ name }) => name === one.spec.name),
        facts,
      ),
    );
  const init = statuses(initContainersOf(pod), before.initContainerStatuses);
  const main = statuses(mainContainersOf(pod), before.containerStatuses);
  const ephemeral = statuses(ephemeralContainersOf(pod), before.ephemeralContainerStatuses);

  const computed = given.verdict === undefined ? phaseOf(pod, init, main, given.ending) : 'Failed';
  const terminal = before.phase === 'Succeeded' || before.phase === 'Failed';
  const phase = terminal ? (before.phase as string) : computed;
  const ips = ipsOf(pod, seen, given);
  const { now, verdict, hostIPs } = given;
  const conditions = podConditions(pod, {
    phase,
    init,
    main,
    before: before.conditions ?? [],
    now,
    initialized,
    sandboxReady: seen.sandboxReady,
    resize: given.resize,
  });
  const reason = verdict?.reason ?? (terminal ? before.reason : undefined);
  const message = verdict?.message ?? (terminal ? before.message : undefined);
  // A pod that was not let in has no containers to speak of, now and in every later report.
  const rejected =
    (verdict !== undefined || terminal) &&
    state === undefined &&
    before.containerStatuses === undefined &&
    before.initContainerStatuses === undefined;
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    conditions: mergeConditions(conditions, verdict?.conditions),
    ...(hostIPs.length === 0 ? {} : { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(ips.length === 0 ? keptIps(before) : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: before.startTime ?? rfc3339(now),
    qosClass: qosClassOf(pod),
    ...(rejected ? {} : { containerStatuses: main }),
    ...(init.length === 0 || rejected ? {} : { initContainerStatuses: init }),
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
  };
}

const withoutNow = ({
  now: _,
  hostIPs: __,
  verdict: ___,
  resize: ____,
  ...facts
}: PodFacts): Omit<ContainerFacts, 'initialized'> => facts;

const keptIps = ({ podIP, podIPs }: PodStatus): Pick<PodStatus, 'podIP' | 'podIPs'> => ({
  ...(podIP === undefined ? {} : { podIP }),
  ...(podIPs === undefined ? {} : { podIPs }),
});

function mergeConditions(own: readonly PodCondition[], more: readonly PodCondition[] = []): readonly PodCondition[] {
  const types = new Set(more.map(({ type }) => type));
  return [...own.filter(({ type }) => !types.has(type)), ...more];
}

function ipsOf(pod: Pod, seen: ObservedContainers, { hostIPs }: PodFacts): readonly string[] {
  if (pod.spec.hostNetwork === true || seen.sandbox?.hostNetwork === true)
    return seen.sandbox === undefined ? [] : hostIPs;
  return seen.sandboxReady ? (seen.sandbox?.ips ?? []) : [];
}

/** All init containers have succeeded and all sidecars have come up, now or before a main one started. */
function isInitialized(pod: Pod, seen: ObservedContainers, before: PodStatus): boolean {
  const init = initContainersOf(pod);
  if (init.length === 0) return true;
  if (mainContainersOf(pod).some(({ spec }) => seen.newest(spec.name) !== undefined)) return true;
  const removed = before.containerStatuses?.some(({ state }) => state?.waiting === undefined) ?? false;
  if (removed && seen.sandbox === undefined) return true;
  return init.every(({ kind, spec }) => {
    const newest = seen.current(spec.name);
    if (kind === 'sidecar') return newest?.state === 'running';
    return newest?.state === 'exited' && newest.exitCode === 0;
  });
}

const hasRun = ({ state, lastState }: ContainerStatus): boolean =>
  state?.terminated !== undefined || state?.running !== undefined || lastState?.terminated !== undefined;

/** Follows: getPhase. */
export function phaseOf(
  pod: Pod,
  init: readonly ContainerStatus[],
  main: readonly ContainerStatus[],
  ending: boolean,
): string {
  const policy = restartPolicyOf(pod);
  const specs = new Map((pod.spec.initContainers ?? []).map((spec) => [spec.name, spec]));
  const started = main.some(hasRun);
  for (const { name, state, lastState } of started ? [] : init) {
    const sidecar = specs.get(name)?.restartPolicy === 'Always';
    const ended = state?.terminated ?? (state?.waiting === undefined ? undefined : lastState?.terminated);
    if (sidecar) {
      if (!hasRun({ state, lastState } as ContainerStatus)) return 'Pending';
      continue;
    }
    if (ended !== undefined && ended.exitCode !== 0 && policy === 'Never') return 'Failed';
    if (ended?.exitCode !== 0) return ending ? 'Failed' : 'Pending';
  }
  let running = 0;
  let stopped = 0;
  let succeeded = 0;
  for (const status of main) {
    const { state, lastState } = status;
    if (state?.running !== undefined) running++;
    else if (state?.terminated !== undefined) {
      stopped++;
      if (state.terminated.exitCode === 0) succeeded++;
    } else if (lastState?.terminated !== undefined) stopped++;
    else return ending ? 'Failed' : 'Pending';
  }
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (ending) return stopped === succeeded ? 'Succeeded' : 'Failed';
  if (policy === 'Always') return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}
