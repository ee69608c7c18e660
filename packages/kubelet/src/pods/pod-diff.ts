import type { Container, Pod } from '@geobuk/api';
import type { ContainerState, PodState } from '../runtime/runtime.js';
import { containerAnnotations } from './annotations.js';
import { containerHash } from './container-hash.js';
import { crashDelayMs } from './crash-back-off.js';
import { ObservedContainers } from './observed-containers.js';
import {
  ephemeralContainersOf,
  initContainersOf,
  mainContainersOf,
  restartPolicyOf,
  restarts,
} from './pod-containers.js';
import type { PodContainer } from './pod-containers.js';
import { needsRestart, sameAmounts } from './resize.js';
import type { Resources } from './resize.js';
import type { ContainerToResize } from './steps/resize-containers.js';

export interface ContainerToStop {
  readonly id: string;
  readonly name: string;
  /** For people, in the Killing event. */
  readonly message: string;
  /** At its end the container is killed. Epoch milliseconds. */
  readonly killAt: number;
  /** The whole time it was given, hook included. */
  readonly graceSeconds: number;
}

export type PodStep =
  | { readonly kind: 'runSandbox'; readonly attempt: number }
  | { readonly kind: 'stopSandbox'; readonly id: string }
  | { readonly kind: 'removeSandbox'; readonly id: string }
  | {
      readonly kind: 'startContainer';
      readonly container: PodContainer;
      readonly sandboxId: string;
      readonly attempt: number;
      readonly crashDelayMs: number;
    }
  | {
      readonly kind: 'removeContainer';
      readonly id: string;
      readonly name: string;
      readonly logPath?: string | undefined;
    }
  | { readonly kind: 'resizeContainers'; readonly containers: readonly ContainerToResize[] }
  /** At the same time. */
  | { readonly kind: 'stopContainers'; readonly containers: readonly ContainerToStop[] };

export interface CrashLoop {
  readonly delayMs: number;
  readonly untilMs: number;
}

export interface PodPlan {
  readonly steps: readonly PodStep[];
  /** Containers that wait out their crashes, by name. */
  readonly crashLoops: ReadonlyMap<string, CrashLoop>;
  /** Nothing of the pod runs any more and nothing is to be started. */
  readonly ended: boolean;
  /** When the clock alone changes the plan. */
  readonly wakeAfterMs: number | undefined;
}

/** What diff knows besides wish and world. */
export interface PodView {
  readonly now: number;
  /** Its startup probe has passed, or it has none. */
  started(containerId: string): boolean;
  /** A probe wants it dead. */
  unhealthy(containerId: string): { readonly message: string; readonly graceSeconds?: number | undefined } | undefined;
  /** A start failed; not again before this moment. */
  retryAt(container: string): number | undefined;
  /** What a container was given, where that is known. */
  applied(containerId: string): Resources | undefined;
  /** A resize failed; not again before this moment. */
  readonly resizeRetryAt: number | undefined;
}

/** Why a pod must not run, and how long its containers have. */
export interface PodEnding {
  readonly graceSeconds: number;
  /** Epoch milliseconds; the grace counts from here. */
  readonly since: number;
  /** Sandboxes and containers go too; else the dead ones stay for their logs. */
  readonly remove: boolean;
  readonly message: string;
}

const defaultGraceSeconds = 30;

/** Steps that bring a pod to its end. Follows: killPod: main containers at once, then sidecars from the last to the first. */
export function diffEndingPod(pod: Pod | undefined, state: PodState | undefined, ending: PodEnding): PodPlan {
  const steps: PodStep[] = [];
  const sidecars = (pod?.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const order = new Map(sidecars.map(({ name }, index) => [name, index]));
  const alive = (state?.containers ?? []).filter(isAlive);
  const toStop = (container: ContainerState): ContainerToStop => ({
    id: container.id,
    name: container.name,
    message: ending.message === '' ? `Stopping container ${container.name}` : ending.message,
    killAt: ending.since + ending.graceSeconds * 1000,
    graceSeconds: ending.graceSeconds,
  });
  const main = alive.filter(({ name }) => !order.has(name));
  if (main.length > 0) steps.push({ kind: 'stopContainers', containers: main.map(toStop) });
  const late = alive.filter(({ name }) => order.has(name));
  late.sort((a, b) => (order.get(b.name) as number) - (order.get(a.name) as number));
  for (const container of late) steps.push({ kind: 'stopContainers', containers: [toStop(container)] });
  // How containers ended is seen and told before they are removed: whoever holds the pod up has to know.
  const remove = ending.remove && alive.length === 0;
  for (const { id, state: is } of state?.sandboxes ?? []) {
    if (is === 'ready') steps.push({ kind: 'stopSandbox', id });
    if (remove) steps.push({ kind: 'removeSandbox', id });
  }
  if (remove && state !== undefined) {
    const sandboxes = new Set(state.sandboxes.map(({ id }) => id));
    for (const { id, name, sandboxId } of state.containers) {
      if (!sandboxes.has(sandboxId)) steps.push({ kind: 'removeContainer', id, name });
    }
  }
  return { steps, crashLoops: new Map(), ended: steps.length === 0, wakeAfterMs: undefined };
}

const isAlive = ({ state }: ContainerState): boolean => state === 'running' || state === 'unknown';

/**
 * Steps that bring a pod nearer to its spec: sandbox, init containers in order, then the rest.
 * Follows: computePodActions, computeInitContainerActions.
 */
export function diffPod(pod: Pod, state: PodState | undefined, view: PodView): PodPlan {
  const seen = new ObservedContainers(state);
  const { sandbox } = seen;
  const wish = sandbox !== undefined && seen.sandboxReady ? diffContainers(pod, seen, sandbox.id, view) : undefined;
  if (wish !== undefined) return wish;

  if (sandbox !== undefined && hasFinished(pod, seen)) return { ...nothing, ended: true };
  const steps: PodStep[] = [];
  const alive = (state?.containers ?? []).filter(isAlive);
  if (alive.length > 0) {
    const graceSeconds = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
    const message = 'Pod sandbox changed, it will be killed and re-created.';
    const killAt = view.now + graceSeconds * 1000;
    steps.push({
      kind: 'stopContainers',
      containers: alive.map(({ id, name }) => ({ id, name, message, killAt, graceSeconds })),
    });
  }
  if (sandbox !== undefined) steps.push({ kind: 'stopSandbox', id: sandbox.id });
  steps.push({ kind: 'runSandbox', attempt: sandbox === undefined ? 0 : sandbox.pod.attempt + 1 });
  return { ...nothing, steps };
}

const nothing: PodPlan = { steps: [], crashLoops: new Map(), ended: false, wakeAfterMs: undefined };

/** All has run that was to run; a new sandbox would only wake the dead. */
function hasFinished(pod: Pod, seen: ObservedContainers): boolean {
  const finished = (container: PodContainer): boolean => {
    const newest = seen.newest(container.spec.name);
    return newest?.state === 'exited' && !restarts(pod, container, newest.exitCode ?? 0);
  };
  if (mainContainersOf(pod).every(finished)) return true;
  return initFailed(pod, seen);
}

/** An init container failed and is not tried again. */
export function initFailed(pod: Pod, seen: ObservedContainers): boolean {
  if (restartPolicyOf(pod) !== 'Never') return false;
  return initContainersOf(pod).some(({ kind, spec }) => {
    const newest = seen.newest(spec.name);
    return kind === 'init' && newest?.state === 'exited' && newest.exitCode !== 0;
  });
}

function diffContainers(pod: Pod, seen: ObservedContainers, sandboxId: string, view: PodView): PodPlan {
  if (hasFinished(pod, seen)) return { ...nothing, ended: true };
  const steps: PodStep[] = [];
  const stops: ContainerToStop[] = [];
  const resizes: ContainerToResize[] = [];
  const crashLoops = new Map<string, CrashLoop>();
  const wakes: number[] = [];
  const podGrace = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;

  const stop = ({ id, name }: ContainerState, message: string, graceSeconds = podGrace): void => {
    stops.push({ id, name, message, killAt: view.now + graceSeconds * 1000, graceSeconds });
  };

  /** Starts it, or says when that may be. */
  const start = (container: PodContainer): void => {
    const { name } = container.spec;
    const newest = seen.newest(name);
    const delayMs = newest === undefined || newest.state !== 'exited' ? 0 : crashDelayMs(newest);
    const crashedUntil = delayMs === 0 ? 0 : (newest?.finishedAt ?? 0) + delayMs;
    const until = Math.max(crashedUntil, view.retryAt(name) ?? 0);
    if (until > view.now) {
      if (crashedUntil === until) crashLoops.set(name, { delayMs, untilMs: until });
      wakes.push(until - view.now);
      return;
    }
    // What was made and never started stood in the way of a crash; nobody knows what it was made from.
    if (newest?.state === 'created') steps.push({ kind: 'removeContainer', id: newest.id, name });
    const past = countedRestarts(pod, name);
    const before = newest === undefined ? past : Math.max(newest.attempt, past ?? 0);
    const attempt = before === undefined ? 0 : newest?.state === 'created' ? before : before + 1;
    steps.push({ kind: 'startContainer', container, sandboxId, attempt, crashDelayMs: delayMs });
  };

  /** A long-running one: alive as the spec wants it, or to be stopped, or to be started. @returns whether it is up. */
  const keep = (container: PodContainer): boolean => {
    const current = seen.current(container.spec.name);
    if (current === undefined) {
      const newest = seen.newest(container.spec.name);
      if (newest?.state !== 'exited' || restartsInNewSandbox(pod, container, newest)) start(container);
      return false;
    }
    if (current.state === 'exited') {
      const again = restarts(pod, container, current.exitCode ?? 0) || wasReplaced(container, current);
      if (again || resizeOf(container, current.id, view) === 'restart') start(container);
      return false;
    }
    if (current.state !== 'running') {
      if (current.state === 'created') start(container);
      else stop(current, `Container ${current.name} is in unknown state, try killing it before restart`);
      return false;
    }
    if (wasReplaced(container, current)) {
      stop(current, `Container ${current.name} definition changed, will be restarted`);
      return false;
    }
    const resize = resizeOf(container, current.id, view);
    if (resize === 'restart') {
      stop(current, `Container ${current.name} resize requires restart`);
      return false;
    }
    if (resize !== undefined) resizes.push({ id: current.id, container, applied: resize });
    const sick = view.unhealthy(current.id);
    if (sick !== undefined) stop(current, sick.message, sick.graceSeconds ?? podGrace);
    return sick === undefined && view.started(current.id);
  };

  const initialized = mainContainersOf(pod).some(({ spec }) => seen.current(spec.name) !== undefined);
  let ready = true;
  for (const container of initContainersOf(pod)) {
    const up = container.kind === 'sidecar' ? keep(container) : initialized || runOnce(container);
    if (!up && !initialized) {
      ready = false;
      break;
    }
  }
  for (const container of ephemeralContainersOf(pod)) {
    if (seen.newest(container.spec.name) === undefined && countedRestarts(pod, container.spec.name) === undefined) {
      start(container);
    }
  }
  if (ready) for (const container of mainContainersOf(pod)) keep(container);

  for (const { id, name, logPath } of seen.outdated()) steps.push({ kind: 'removeContainer', id, name, logPath });
  const resizeWaitMs = (view.resizeRetryAt ?? 0) - view.now;
  if (resizes.length > 0 && resizeWaitMs > 0) wakes.push(resizeWaitMs);
  else if (resizes.length > 0) steps.push({ kind: 'resizeContainers', containers: resizes });
  if (stops.length > 0) steps.unshift({ kind: 'stopContainers', containers: stops });
  return { steps, crashLoops, ended: false, wakeAfterMs: wakes.length === 0 ? undefined : Math.min(...wakes) };

  /** An init container that has to succeed once. @returns whether it has. */
  function runOnce(container: PodContainer): boolean {
    const current = seen.current(container.spec.name);
    if (current?.state === 'exited' && current.exitCode === 0) return true;
    if (current?.state === 'running') return false;
    if (current?.state === 'unknown')
      stop(current, `Init container is in unknown state, try killing it before restart`);
    else start(container);
    return false;
  }
}

/** What it has where that is not what it shall have. Follows: computePodResizeAction. */
function resizeOf({ spec, kind }: PodContainer, id: string, view: PodView): Resources | 'restart' | undefined {
  const applied = kind === 'ephemeral' ? undefined : view.applied(id);
  if (applied === undefined || sameAmounts(applied, spec.resources)) return undefined;
  return needsRestart(spec as Container, applied) ? 'restart' : applied;
}

const wasReplaced = ({ spec, kind }: PodContainer, { annotations }: ContainerState): boolean => {
  const written = annotations[containerAnnotations.hash];
  return kind !== 'ephemeral' && written !== undefined && written !== containerHash(spec as Container);
};

/** One that ended in an earlier sandbox. What had succeeded and is not restarted stays ended. */
const restartsInNewSandbox = (pod: Pod, container: PodContainer, ended: ContainerState): boolean =>
  restarts(pod, container, ended.exitCode ?? 0);

/** What the API remembers of a container whose dead ones were removed. */
function countedRestarts(pod: Pod, name: string): number | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const known = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (one) => one.name === name,
  );
  return known?.containerID === undefined && known?.lastState?.terminated === undefined
    ? undefined
    : known.restartCount;
}
