import type { ContainerState as ApiContainerState, ContainerStatus, Pod } from '@geobuk/api';
import type { ContainerState } from '../runtime/runtime.js';
import type { CrashLoop } from './pod-diff.js';
import type { ObservedContainers } from './observed-containers.js';
import type { PodContainer } from './pod-containers.js';
import type { Resources } from './resize.js';
import { rfc3339 } from './rfc3339.js';

/** Why a container does not run although it should. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerFacts {
  /** Scheme of container ids, such as `containerd`. */
  readonly runtimeName: string;
  trouble(container: string): Trouble | undefined;
  crashLoop(container: string): CrashLoop | undefined;
  started(containerId: string): boolean;
  ready(containerId: string): boolean;
  /** What it was given, where that is known. */
  applied(containerId: string): Resources | undefined;
  /** What it left for people when it ended. */
  terminationMessage(containerId: string): string | undefined;
  /** Init containers have to end first. */
  readonly initialized: boolean;
  /** The pod is coming to its end: nothing will be started any more. */
  readonly ending: boolean;
}

export function terminatedState(container: ContainerState, facts: ContainerFacts): ApiContainerState {
  const { exitCode = 137, reason, startedAt, finishedAt, createdAt } = container;
  const message = facts.terminationMessage(container.id) ?? container.message;
  return {
    terminated: {
      exitCode,
      reason: reason === '' ? (exitCode === 0 ? 'Completed' : 'Error') : reason,
      ...(message === '' ? {} : { message }),
      startedAt:
        startedAt === undefined ? (createdAt > 0 ? rfc3339(startedAt ?? createdAt) : null) : rfc3339(startedAt),
      finishedAt: rfc3339(finishedAt ?? createdAt),
      containerID: containerId(container, facts),
    } as NonNullable<ApiContainerState['terminated']>,
  };
}

const containerId = ({ id }: ContainerState, { runtimeName }: ContainerFacts): string => `${runtimeName}://${id}`;

const minutes = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
};

const nameOfPod = ({ metadata }: Pod): string => `${metadata.name}_${metadata.namespace}(${metadata.uid})`;

/** The text of Kubernetes for a container that waits out its crashes. */
export const crashLoopMessage = (pod: Pod, container: string, { delayMs }: CrashLoop): string =>
  `back-off ${minutes(delayMs)} restarting failed container=${container} pod=${nameOfPod(pod)}`;

/** Follows: convertToAPIContainerStatuses. */
export function containerStatus(
  pod: Pod,
  container: PodContainer,
  seen: ObservedContainers,
  before: ContainerStatus | undefined,
  facts: ContainerFacts,
): ContainerStatus {
  const { name, image = '' } = container.spec;
  const newest = seen.newest(name);
  const trouble = facts.trouble(name);
  const crashLoop = facts.crashLoop(name);
  if (newest === undefined) return unseenStatus(pod, container, before, facts);

  const previous = seen.previous(name);
  const lastState = previous === undefined ? (before?.lastState ?? {}) : terminatedState(previous, facts);
  const base = {
    name,
    image: newest.image === '' ? image : newest.image,
    imageID: newest.imageId,
    containerID: containerId(newest, facts),
    restartCount: Math.max(newest.attempt, before?.restartCount ?? 0),
    ...userOf(before),
    ...resourcesOf(container, facts.applied(newest.id)),
  };
  const waiting = (reason: string, message?: string): ApiContainerState => ({
    waiting: { reason, ...(message === undefined || message === '' ? {} : { message }) },
  });
  switch (newest.state) {
    case 'running':
      return {
        ...base,
        state: { running: { startedAt: rfc3339(newest.startedAt ?? newest.createdAt) } },
        lastState,
        ready: container.kind === 'ephemeral' || container.kind === 'init' ? false : facts.ready(newest.id),
        started: container.kind === 'init' ? true : facts.started(newest.id),
      };
    case 'exited': {
      const ended = terminatedState(newest, facts);
      const ready = container.kind === 'init' && newest.exitCode === 0;
      if (!facts.ending && crashLoop !== undefined && trouble === undefined) {
        const state = waiting('CrashLoopBackOff', crashLoopMessage(pod, name, crashLoop));
        return { ...base, state, lastState: ended, ready, started: false };
      }
      if (!facts.ending && trouble !== undefined) {
        return { ...base, state: waiting(trouble.reason, trouble.message), lastState: ended, ready, started: false };
      }
      return { ...base, state: ended, lastState, ready, started: false };
    }
    default: {
      const { containerID: _, ...rest } = base;
      return {
        ...rest,
        state: waiting(trouble?.reason ?? 'ContainerCreating', trouble?.message),
        lastState,
        ready: false,
        started: false,
      };
    }
  }
}

/** No trace of it in the runtime: not made yet, or removed long ago. */
function unseenStatus(
  pod: Pod,
  container: PodContainer,
  before: ContainerStatus | undefined,
  facts: ContainerFacts,
): ContainerStatus {
  const { name, image = '' } = container.spec;
  if (before?.state?.terminated !== undefined) return { ...before, ready: container.kind === 'init' && before.ready };
  if (before?.state?.running !== undefined) {
    const terminated = {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was terminated',
      startedAt: null,
      finishedAt: null,
    };
    const gone = { terminated } as unknown as ApiContainerState;
    if (facts.ending) return { ...before, state: gone, ready: false, started: false };
    const state = { waiting: { reason: 'ContainerCreating' } };
    return { ...before, state, lastState: gone, ready: false, started: false };
  }
  const trouble = facts.trouble(name);
  const mustWait = container.kind === 'main' && !facts.initialized && (pod.spec.initContainers ?? []).length > 0;
  const waitsForInit = mustWait || ((container.kind === 'init' || container.kind === 'sidecar') && !facts.initialized);
  const reason = trouble?.reason ?? (waitsForInit ? 'PodInitializing' : 'ContainerCreating');
  const message = trouble === undefined || trouble.message === '' ? {} : { message: trouble.message };
  return {
    name,
    image,
    imageID: '',
    state: { waiting: { reason, ...message } },
    lastState: before?.lastState ?? {},
    ready: false,
    started: false,
    restartCount: before?.restartCount ?? 0,
  };
}

const userOf = (before: ContainerStatus | undefined): Pick<ContainerStatus, 'user'> =>
  before?.user === undefined ? {} : { user: before.user };

/** What it has, and what it was promised. */
function resourcesOf(
  { spec }: PodContainer,
  applied: Resources | undefined,
): Pick<ContainerStatus, 'resources' | 'allocatedResources'> {
  const { resources } = spec;
  if (resources === undefined || Object.keys(resources).length === 0) return {};
  const { requests } = resources;
  return { resources: applied ?? resources, ...(requests === undefined ? {} : { allocatedResources: requests }) };
}
