import type { Container, Pod } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { allSettledOrThrow } from '@geobuk/client';
import type { EventRecorder } from '../../events/event-recorder.js';
import type { ContainerRuntime, PodState } from '../../runtime/runtime.js';
import { runHook } from '../lifecycle-hook.js';
import { containerOf } from '../pod-containers.js';
import type { ContainerToStop } from '../pod-diff.js';
import type { PodMemory } from '../pod-memory.js';

export interface StopContainerDeps {
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly hostIP: () => string | undefined;
}

export interface StopContext {
  /** Absent for an orphan that nobody knows any more. */
  readonly pod: Pod | undefined;
  readonly state: PodState | undefined;
  readonly runtime: ContainerRuntime;
  readonly memory: PodMemory;
}

/** A hook that took it all still leaves the container this much. Follows: minimumGracePeriodInSeconds. */
const leastGraceSeconds = 2;

/** preStop hook, then the image's stop signal, then KILL. Follows: killContainer. */
export class StopContainer {
  readonly #deps: StopContainerDeps;

  constructor(deps: StopContainerDeps) {
    this.#deps = deps;
  }

  async carryOut(containers: readonly ContainerToStop[], context: StopContext, signal: AbortSignal): Promise<void> {
    await allSettledOrThrow(containers.map((container) => this.#stop(container, context, signal)));
  }

  async #stop(
    { id, name, message, killAt, graceSeconds }: ContainerToStop,
    context: StopContext,
    signal: AbortSignal,
  ): Promise<void> {
    const { pod, runtime, memory } = context;
    const { events, clock } = this.#deps;
    if (pod !== undefined && !memory.killing.has(id)) events.pod(pod, 'Normal', 'Killing', message, name);
    memory.killing.add(id);
    const left = (): number => Math.max(0, Math.ceil((killAt - clock.now()) / 1000));
    if (pod !== undefined && graceSeconds > 0 && !memory.hooked.has(id)) {
      await this.#preStop(pod, id, name, left() * 1000, context, signal);
      memory.hooked.add(id);
    }
    const seconds = graceSeconds === 0 ? 0 : Math.max(left(), Math.min(leastGraceSeconds, graceSeconds));
    await runtime.stopContainer(id, seconds, { signal });
  }

  async #preStop(
    pod: Pod,
    id: string,
    name: string,
    timeoutMs: number,
    context: StopContext,
    signal: AbortSignal,
  ): Promise<void> {
    const container = containerOf(pod, name)?.spec as Container | undefined;
    const hook = container?.lifecycle?.preStop;
    if (hook === undefined || container === undefined || timeoutMs === 0) return;
    const { runtime, state } = context;
    const { clock, events, hostIP } = this.#deps;
    const podIP = state?.sandboxes[0]?.ips[0] ?? hostIP();
    try {
      await runHook(hook, { runtime, containerId: id, container, podIP, clock }, timeoutMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      events.pod(pod, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${(error as Error).message}`, name);
    }
  }
}
