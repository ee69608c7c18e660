import type { Pod } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import { containerOf } from '../pods/pod-containers.js';
import type { PodRuntimes } from '../pods/pod-runtimes.js';
import type { PodSource } from '../pods/pod-source.js';
import type { ContainerRuntime, ContainerState, PodState } from '../runtime/runtime.js';

/** A pod of this node, as requests name it. */
export interface FoundPod {
  readonly pod: Pod;
  readonly state: PodState | undefined;
  readonly runtime: ContainerRuntime;
}

/** @throws {ApiError} NotFound. */
export async function findPod(
  { source, runtimes }: { readonly source: PodSource; readonly runtimes: PodRuntimes },
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<FoundPod> {
  const pod = source.byName(namespace, name);
  if (pod === undefined)
    throw ApiError.of(404, 'NotFound', `pod "${name}" not found in namespace "${namespace}" on this node`);
  const runtime = runtimes.of(pod);
  return { pod, runtime, state: await runtime.observe(pod.metadata.uid ?? '', { signal }) };
}

/** @throws {ApiError} NotFound: no such container, or it does not run. */
export function runningContainer({ pod, state }: FoundPod, name: string): ContainerState {
  const newest = state?.containers.find((container) => container.name === name);
  if (containerOf(pod, name) === undefined) throw ApiError.of(404, 'NotFound', `container not found ("${name}")`);
  if (newest?.state !== 'running') throw ApiError.of(500, 'InternalError', `container not found ("${name}")`);
  return newest;
}

/** @throws {ApiError} BadRequest: there is nothing to read yet, or no earlier run. */
export function loggedContainer({ pod, state }: FoundPod, name: string, previous: boolean): ContainerState {
  const podName = pod.metadata.name ?? '';
  if (containerOf(pod, name) === undefined) {
    throw ApiError.badRequest(`container "${name}" in pod "${podName}" is not available`);
  }
  const all = (state?.containers ?? []).filter((container) => container.name === name);
  const newest = all[0];
  if (previous) {
    const crashed = newest?.state === 'exited' && isWaiting(pod, name);
    const before = crashed ? newest : all.slice(1).find((one) => one.state === 'exited');
    if (before !== undefined) return before;
    throw ApiError.badRequest(`previous terminated container "${name}" in pod "${podName}" not found`);
  }
  if (newest === undefined || newest.state === 'created') {
    const waiting = statusOf(pod, name)?.state?.waiting?.reason ?? 'ContainerCreating';
    const trouble = /Err|Back|Invalid|Error/.test(waiting);
    const why = trouble ? `trying and failing to pull image` : waiting;
    throw ApiError.badRequest(`container "${name}" in pod "${podName}" is waiting to start: ${why}`);
  }
  return newest;
}

const statusOf = (
  pod: Pod,
  name: string,
): NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number] | undefined =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
    (one) => one.name === name,
  );

const isWaiting = (pod: Pod, name: string): boolean => statusOf(pod, name)?.state?.waiting !== undefined;
