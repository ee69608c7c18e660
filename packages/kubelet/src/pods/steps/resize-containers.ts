import type { Container, Pod } from '@geobuk/api';
import { RuntimeError } from '../../runtime/runtime.js';
import type { ContainerRuntime, LinuxResources } from '../../runtime/runtime.js';
import type { PodCgroups } from '../cgroups.js';
import type { PodContainer } from '../pod-containers.js';
import type { PodMemory } from '../pod-memory.js';
import { allocatedPod } from '../resize.js';
import type { Resources } from '../resize.js';
import { containerResources, podResources } from '../resources.js';

export interface ContainerToResize {
  readonly id: string;
  readonly container: PodContainer;
  /** What it has now. */
  readonly applied: Resources;
}

export interface ResizeContext {
  readonly pod: Pod;
  readonly runtime: ContainerRuntime;
  readonly memory: PodMemory;
  readonly cgroups: PodCgroups | undefined;
  readonly nodeMemoryBytes: number;
  readonly now: number;
}

const retryMs = 10_000;

/** 0 is no limit. */
const wider = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.max(a, b));

/** A group that holds what is and what shall be. */
const either = (a: LinuxResources, b: LinuxResources): LinuxResources => ({
  ...b,
  cpuShares: Math.max(a.cpuShares, b.cpuShares),
  cpuQuota: wider(a.cpuQuota, b.cpuQuota),
  memoryLimitBytes: wider(a.memoryLimitBytes, b.memoryLimitBytes),
});

/**
 * Gives running containers other limits: the pod's group is wide enough before and narrow enough after. What the kernel
 * refuses, as a limit below what is in use, is remembered and tried again.
 * Follows: doPodResizeAction. @throws {RuntimeError} Unavailable.
 */
export async function resizeContainers(
  containers: readonly ContainerToResize[],
  { pod, runtime, memory, cgroups, nodeMemoryBytes, now }: ResizeContext,
  signal: AbortSignal,
): Promise<void> {
  const applied = new Map(containers.map(({ container, applied: has }) => [container.spec.name, has]));
  const before = podResources(allocatedPod(pod, applied));
  const after = podResources(pod);
  try {
    cgroups?.limit(pod, either(before, after));
    for (const { id, container } of containers) {
      const spec = container.spec as Container;
      await runtime.updateResources(id, containerResources(pod, spec, nodeMemoryBytes), { signal });
      memory.applied.set(id, spec.resources ?? {});
    }
    cgroups?.limit(pod, after);
    memory.resizeFailed = undefined;
  } catch (error) {
    const kernel = (error as NodeJS.ErrnoException).code !== undefined && !(error instanceof RuntimeError);
    if (!kernel && !(error instanceof RuntimeError && error.code !== 'Unavailable' && error.code !== 'Timeout'))
      throw error;
    memory.resizeFailed = { message: (error as Error).message, retryAt: now + retryMs };
  }
}
