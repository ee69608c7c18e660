import { rm } from 'node:fs/promises';
import type { Pod } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { EventRecorder } from '../events/event-recorder.js';
import type { NodeFacts } from '../node/node-facts.js';
import { RuntimeError } from '../runtime/runtime.js';
import type { ContainerRuntime, PodState, SandboxSpec } from '../runtime/runtime.js';
import type { MountedVolumes } from '../volumes/volume-manager.js';
import { dnsConfigOf } from './environment/dns-config.js';
import type { ClusterDns, DnsConfig } from './environment/dns-config.js';
import { kernelHostnameOf } from './environment/hosts-file.js';
import type { PodCgroups } from './cgroups.js';
import type { PodDirectories } from './pod-directories.js';
import type { PodStep } from './pod-diff.js';
import type { PodMemory } from './pod-memory.js';
import type { PodRuntimes } from './pod-runtimes.js';
import { sandboxSpec } from './sandbox-spec.js';
import { Semaphore } from './semaphore.js';
import { resizeContainers } from './steps/resize-containers.js';
import type { StartContainer } from './steps/start-container.js';
import type { StopContainer } from './steps/stop-container.js';

export interface PodStepsDeps {
  readonly runtimes: PodRuntimes;
  readonly directories: PodDirectories;
  readonly events: EventRecorder;
  readonly starter: StartContainer;
  readonly stopper: StopContainer;
  readonly node: () => NodeFacts;
  readonly nodeDns: () => Promise<DnsConfig>;
  readonly clusterDns: ClusterDns;
  readonly cgroupRoot: string | undefined;
  readonly cgroups: PodCgroups | undefined;
  readonly allPods: () => readonly Pod[];
  readonly seccompRoot: string;
  readonly clock: Clock;
  /** More at once only make all of them late. */
  readonly parallelStarts: number;
}

export interface StepContext {
  /** Absent for an orphan that nobody knows any more. */
  readonly pod: Pod | undefined;
  readonly state: PodState | undefined;
  readonly runtime: ContainerRuntime;
  readonly memory: PodMemory;
  /** Absent while a pod is brought to its end. */
  readonly volumes: MountedVolumes | undefined;
}

/** Carries out the steps of a plan. */
export class PodSteps {
  readonly #deps: PodStepsDeps;
  readonly #starts: Semaphore;

  constructor(deps: PodStepsDeps) {
    this.#deps = deps;
    this.#starts = new Semaphore(deps.parallelStarts);
  }

  /** @throws {RuntimeError} the engine refused or does not answer. */
  async carryOut(step: PodStep, context: StepContext, signal: AbortSignal): Promise<void> {
    const { runtime } = context;
    switch (step.kind) {
      case 'runSandbox':
        return this.#runSandbox(step.attempt, context, signal);
      case 'stopSandbox':
        return this.#stopSandbox(step.id, context, signal);
      case 'removeSandbox':
        return this.#remove(containersIn(context.state, step.id), context, () =>
          runtime.removeSandbox(step.id, { signal }),
        );
      case 'removeContainer':
        await this.#remove([step.id], context, () => runtime.removeContainer(step.id, { signal }));
        if (step.logPath !== undefined) await rm(step.logPath, { force: true });
        return undefined;
      case 'stopContainers':
        return this.#deps.stopper.carryOut(step.containers, context, signal);
      case 'resizeContainers': {
        const { pod, memory } = context;
        if (pod === undefined) throw new Error('containers are resized for a known pod only');
        const { cgroups, node, clock, events, allPods } = this.#deps;
        const resize = { pod, runtime, memory, cgroups, nodeMemoryBytes: node().memoryBytes, now: clock.now() };
        await resizeContainers(step.containers, resize, signal);
        cgroups?.balance(allPods());
        const { resizeFailed } = memory;
        if (resizeFailed === undefined) events.pod(pod, 'Normal', 'ResizeCompleted', 'Pod resize completed');
        else events.pod(pod, 'Warning', 'ResizeError', `Pod resize failed: ${resizeFailed.message}`);
        return undefined;
      }
      case 'startContainer': {
        const { pod, volumes, state, memory } = context;
        if (pod === undefined || volumes === undefined) throw new Error('a container is started for a known pod only');
        const spec = await this.#sandboxSpec(pod, state?.sandboxes[0]?.pod.attempt ?? 0);
        const start = {
          pod,
          state,
          runtime,
          memory,
          volumes,
          sandboxSpec: spec,
          isHostPod: this.#deps.runtimes.isHost(pod),
        };
        using _turn = await this.#starts.enter(signal);
        return await this.#deps.starter.carryOut(step, start, signal);
      }
      default:
        return step satisfies never;
    }
  }

  /**
   * A start whose caller died half-way may leave a container that the engine takes for ended while it runs: it can neither
   * stop nor remove it, so the kernel ends its processes, and the next try removes it. Follows: tryKillingCgroupProcesses.
   */
  async #remove(
    containers: readonly string[],
    { pod, state }: StepContext,
    remove: () => Promise<void>,
  ): Promise<void> {
    try {
      await remove();
    } catch (error) {
      const uid = pod?.metadata.uid ?? state?.pod.uid;
      if (error instanceof RuntimeError && error.code === 'StillRunning' && uid !== undefined)
        await this.#deps.cgroups?.kill(uid, containers);
      throw error;
    }
  }

  async #sandboxSpec(pod: Pod, attempt: number): Promise<SandboxSpec> {
    const { runtimes, directories, clusterDns, nodeDns, cgroupRoot, seccompRoot } = this.#deps;
    return sandboxSpec(pod, {
      attempt,
      handler: runtimes.handlerOf(pod),
      hostname: kernelHostnameOf(pod, this.#deps.node().name, clusterDns.domain),
      dns: dnsConfigOf(pod, clusterDns, await nodeDns()),
      logDirectory: directories.logs(pod),
      cgroupRoot,
      seccompRoot,
    });
  }

  async #runSandbox(attempt: number, { pod, runtime }: StepContext, signal: AbortSignal): Promise<void> {
    if (pod === undefined) throw new Error('a sandbox is made for a known pod only');
    const { events, runtimes, directories } = this.#deps;
    const { networkReady, networkMessage } = this.#deps.node();
    if (!networkReady && pod.spec.hostNetwork !== true && !runtimes.isHost(pod)) {
      events.pod(pod, 'Warning', 'NetworkNotReady', `network is not ready: ${networkMessage}`);
      throw new NetworkNotReadyError(networkMessage);
    }
    if (pod.spec.hostUsers === false) {
      // Never without what was asked for: the pod relies on it.
      const message = `the handler "${runtimes.handlerOf(pod)}" does not support user namespaces`;
      events.pod(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${message}`);
      throw new RuntimeError('Sandbox', message);
    }
    await directories.make(pod);
    this.#deps.cgroups?.ensure(pod, this.#deps.allPods());
    try {
      const spec = await this.#sandboxSpec(pod, attempt);
      using _turn = await this.#starts.enter(signal);
      await runtime.runSandbox(spec, { signal });
    } catch (error) {
      if (error instanceof RuntimeError && !signal.aborted) {
        events.pod(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${error.message}`);
      }
      throw error;
    }
  }

  async #stopSandbox(id: string, { pod, runtime }: StepContext, signal: AbortSignal): Promise<void> {
    try {
      await runtime.stopSandbox(id, { signal });
    } catch (error) {
      if (pod !== undefined && error instanceof RuntimeError && !signal.aborted) {
        this.#deps.events.pod(pod, 'Warning', 'FailedKillPod', `error killing pod: ${error.message}`);
      }
      throw error;
    }
  }
}

/** Pods with a network of their own wait for one. */
export class NetworkNotReadyError extends Error {
  override readonly name = 'NetworkNotReadyError';
}

const containersIn = (state: PodState | undefined, sandbox: string): readonly string[] =>
  (state?.containers ?? []).filter(({ sandboxId }) => sandboxId === sandbox).map(({ id }) => id);
