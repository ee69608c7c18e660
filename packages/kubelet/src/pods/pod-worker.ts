import type { Pod } from '@geobuk/api';
import { allSettledOrThrow } from '@geobuk/client';
import type { Clock, ReconcileContext, ReconcileResult } from '@geobuk/client';
import type { EventRecorder } from '../events/event-recorder.js';
import type { NodeFacts } from '../node/node-facts.js';
import type { PodProbes } from '../probes/pod-probes.js';
import type { ContainerRuntime, PodState } from '../runtime/runtime.js';
import { VolumeError, VolumeWaiting } from '../volumes/volume-error.js';
import type { MountedVolumes, VolumeManager } from '../volumes/volume-manager.js';
import { admissionRefusal } from './admission.js';
import { containerAnnotations } from './annotations.js';
import type { PodCleanup } from './pod-cleanup.js';
import { containerOf, isTerminal } from './pod-containers.js';
import { diffEndingPod, diffPod } from './pod-diff.js';
import type { PodEnding, PodPlan, PodView } from './pod-diff.js';
import { deadlineOf, endingOf } from './pod-ending.js';
import type { FailedStart, PodMemories, PodMemory } from './pod-memory.js';
import { referencesOf } from './pod-references.js';
import type { PodRuntimes } from './pod-runtimes.js';
import type { PodSource } from './pod-source.js';
import { podStatus } from './pod-status.js';
import { NetworkNotReadyError } from './pod-steps.js';
import type { PodSteps } from './pod-steps.js';
import {
  allocatedPod,
  pendingResize,
  resizeConditions,
  sameAllocation,
  sameAmounts,
  wishOf,
  writtenAllocation,
} from './resize.js';
import type { Resources } from './resize.js';
import type { ReferencedObjects } from './referenced-objects.js';
import type { StatusWriter } from './status-writer.js';
import { terminationMessage } from './termination-message.js';

export interface PodWorkerDeps {
  readonly source: PodSource;
  readonly runtimes: PodRuntimes;
  readonly steps: PodSteps;
  readonly status: StatusWriter;
  readonly volumes: VolumeManager;
  readonly objects: ReferencedObjects;
  readonly probes: PodProbes;
  readonly cleanup: PodCleanup;
  readonly memories: PodMemories;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly node: () => NodeFacts;
  readonly allowedUnsafeSysctls: readonly string[];
  /** The kernel confines by AppArmor. */
  readonly appArmor: boolean;
}

/** Far more than any pod needs; a plan that never comes to rest is a bug, and waits for the next pass. */
const turnsPerPass = 30;
const networkRetryMs = 10_000;
/** ErrImagePull is seen for a moment, then the wait for the next try is what matters. */
const shownMs = 2000;
const orphanGraceSeconds = 30;
/** Follows: podAttachAndMountTimeout. */
const volumeWaitMs = 123_000;
/** A node may read one VolumeAttachment, but not watch it. */
const volumeRetry = { leastMs: 500, maxMs: 7000 };

/**
 * Moves one pod, named by its UID, nearer to its spec, turn by turn until nothing is to be done now. Safe to call at
 * any moment, also after a crash: it believes the runtime, not its own memory.
 * Follows: kubelet pod workers (sync → terminating → terminated; a pod gone from the API is killed).
 */
export class PodWorker {
  readonly #deps: PodWorkerDeps;

  constructor(deps: PodWorkerDeps) {
    this.#deps = deps;
  }

  /**
   * @throws {RuntimeError} from the engine, {VolumeError}; the runner calls again. The crash-loop back-off of a
   *   container is no failure of this method: it is in the plan.
   */
  async reconcile(uid: string, context: ReconcileContext): Promise<ReconcileResult> {
    try {
      return await this.#turns(uid, context);
    } catch (error) {
      if (error instanceof VolumeWaiting) return { requeueAfterMs: this.#volumePatience(error) };
      throw error;
    }
  }

  async #turns(uid: string, { signal, log, trace }: ReconcileContext): Promise<ReconcileResult> {
    const { source, runtimes, memories } = this.#deps;
    const tracked = source.byUid(uid);
    if (tracked === undefined) return this.#endOrphan(uid, signal);
    const { gone } = tracked;
    const memory = memories.of(uid);
    const runtime = runtimes.of(tracked.pod);
    const pod = this.#allocate(tracked.pod, memory);
    for (let turn = 0; turn < turnsPerPass; turn++) {
      const state = await runtime.observe(uid, { signal }); // check
      this.#admit(pod, state, memory);
      const ending = this.#endingOf(pod, gone, memory);
      if (ending === undefined) this.#deps.probes.follow(pod, state, runtime);
      else this.#deps.probes.forget(uid);

      const plan =
        ending === undefined ? diffPod(pod, state, this.#view(pod, memory)) : diffEndingPod(pod, state, ending); // diff
      await this.#report(pod, state, plan, ending, memory, runtime);
      if (ending === undefined && plan.ended) continue; // Its phase is final now: the next turn brings it to its end.
      if (plan.steps.length === 0) return this.#rest(pod, gone, plan, ending, memory, signal);

      trace.found(plan.steps.map(({ kind }) => kind).join(', '));
      const volumes = ending === undefined ? await this.#mount(pod, state, signal) : undefined;
      for (const step of plan.steps) {
        log.debug({ uid, step: step.kind }, 'pod step');
        try {
          await this.#deps.steps.carryOut(step, { pod, state, runtime, memory, volumes }, signal); // act
        } catch (error) {
          if (error instanceof NetworkNotReadyError) return { requeueAfterMs: networkRetryMs };
          throw error;
        }
        trace.did(step.kind);
      }
    }
    log.warn({ uid, pod: `${pod.metadata.namespace}/${pod.metadata.name}` }, 'pod does not come to rest');
    return { requeueAfterMs: 1000 };
  }

  /** Nothing to do now: says when to look again, or does what remains when all has ended. */
  async #rest(
    pod: Pod,
    gone: boolean,
    plan: PodPlan,
    ending: PodEnding | undefined,
    memory: PodMemory,
    signal: AbortSignal,
  ): Promise<ReconcileResult> {
    const { cleanup, clock, status } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    if (gone) await cleanup.forget(uid, pod, signal);
    else if (ending?.remove === true) await cleanup.deleteObject(pod, signal);
    else if (ending !== undefined) await cleanup.releaseVolumes(uid, signal);
    if (ending !== undefined) return {};

    // Nothing is to be started, but files may have changed, and tokens grow old.
    const { refreshAt } = await this.#mount(pod, undefined, signal);
    const deadline = memory.verdict === undefined ? deadlineOf(pod, status.of(pod).startTime) : undefined;
    // What people see of a failed pull changes after a moment.
    const shown = [...memory.failedStarts.values()]
      .filter(({ reason, failedAt }) => reason === 'ErrImagePull' && clock.now() < failedAt + shownMs)
      .map(({ failedAt }) => failedAt + shownMs);
    const moments = [refreshAt, deadline, ...shown]
      .filter((moment) => moment !== undefined)
      .map((moment) => moment - clock.now());
    if (plan.wakeAfterMs !== undefined) moments.push(plan.wakeAfterMs);
    return moments.length === 0 ? {} : { requeueAfterMs: Math.max(0, Math.min(...moments)) };
  }

  /** Asks once, before anything of the pod exists, whether this node can take it. */
  #admit(pod: Pod, state: PodState | undefined, memory: PodMemory): void {
    const { node, allowedUnsafeSysctls, events } = this.#deps;
    if (memory.admitted) return;
    memory.admitted = true;
    if (state !== undefined || pod.metadata.deletionTimestamp !== undefined || isTerminal(pod)) return;
    if (pod.status?.startTime !== undefined) return; // An earlier kubelet has let it in.
    const others = this.#others(pod);
    const { node: object, allocatable, pressures, goesDown } = node();
    const { appArmor } = this.#deps;
    const facts = { node: object, others, allocatable, allowedUnsafeSysctls, pressures, goesDown, appArmor };
    const refusal = admissionRefusal(pod, facts);
    if (refusal === undefined) return;
    const message = goesDown ? refusal.message : `Pod was rejected: ${refusal.message}`;
    memory.verdict = { ...refusal, message, graceSeconds: 0 };
    events.pod(pod, 'Warning', refusal.reason, refusal.message);
  }

  /** The pod with what the node can give it now; more it gets when there is room. */
  #allocate(pod: Pod, memory: PodMemory): Pod {
    const { node, events, memories } = this.#deps;
    memory.allocation ??= writtenAllocation(pod);
    const wish = wishOf(pod);
    if (sameAllocation(wish, memory.allocation)) {
      memory.pendingResize = undefined;
      return allocatedPod(pod, memory.allocation);
    }
    const others = this.#others(pod).map((other) => {
      const { allocation } = memories.of(other.metadata.uid ?? '');
      return allocation === undefined ? other : allocatedPod(other, allocation);
    });
    const pending = pendingResize(pod, { allocatable: node().allocatable, others });
    if (pending === undefined) {
      memory.allocation = wish;
      events.pod(pod, 'Normal', 'ResizeStarted', 'Pod resize started');
    } else if (pending.reason !== memory.pendingResize?.reason) {
      events.pod(pod, 'Warning', `Resize${pending.reason}`, pending.message);
    }
    memory.pendingResize = pending;
    return allocatedPod(pod, memory.allocation);
  }

  /** Those that were let in and have not ended. */
  #others(pod: Pod): readonly Pod[] {
    const { source, status, memories } = this.#deps;
    return source
      .all()
      .filter((other) => other.metadata.uid !== pod.metadata.uid && !isTerminal({ ...other, status: status.of(other) }))
      .filter((other) => memories.known(other.metadata.uid ?? '')?.admitted === true);
  }

  #endingOf(pod: Pod, gone: boolean, memory: PodMemory): PodEnding | undefined {
    const { clock, status, events } = this.#deps;
    const now = clock.now();
    const { phase, startTime } = status.of(pod);
    const deadline = deadlineOf(pod, startTime);
    if (
      deadline !== undefined &&
      now >= deadline &&
      memory.verdict === undefined &&
      phase !== 'Succeeded' &&
      phase !== 'Failed'
    ) {
      const message = 'Pod was active on the node longer than the specified deadline';
      memory.verdict = { reason: 'DeadlineExceeded', message };
      events.pod(pod, 'Normal', 'DeadlineExceeded', message);
    }
    const ending = endingOf({ pod, gone, phase, memory, now });
    memory.endingSince = ending === undefined ? undefined : ending.since;
    return ending;
  }

  #view(pod: Pod, memory: PodMemory): PodView {
    const { clock, probes } = this.#deps;
    return {
      now: clock.now(),
      started: (id) => probes.started(id),
      unhealthy: (id) => probes.unhealthy(id),
      retryAt: (name) => memory.failedStarts.get(name)?.retryAt,
      applied: (id) => appliedTo(id, pod, memory),
      resizeRetryAt: memory.resizeFailed?.retryAt,
    };
  }

  async #mount(pod: Pod, state: PodState | undefined, signal: AbortSignal): Promise<MountedVolumes> {
    const { objects, volumes, events, node } = this.#deps;
    const { name, hostIPs, allocatable } = node();
    const uid = pod.metadata.uid ?? '';
    objects.hold(uid, referencesOf(pod));
    const podIPs = state?.sandboxes[0]?.ips ?? (pod.status?.podIPs ?? []).map(({ ip }) => ip);
    try {
      return await volumes.mount(pod, { nodeName: name, hostIPs, podIPs, allocatable }, signal);
    } catch (error) {
      if (error instanceof VolumeError) events.pod(pod, 'Warning', 'FailedMount', error.message);
      if (error instanceof VolumeWaiting) this.#waitedForVolume(pod, error);
      throw error;
    }
  }

  /** Soon at first, since most attachments take a moment; then now and then. */
  #volumePatience({ since }: VolumeWaiting): number {
    const waitedMs = this.#deps.clock.now() - since;
    return Math.min(volumeRetry.maxMs, Math.max(volumeRetry.leastMs, waitedMs / 4));
  }

  /** Others have to attach it first; people hear of it when that takes long. Follows: WaitForAttachAndMount. */
  #waitedForVolume(pod: Pod, { volume, since }: VolumeWaiting): void {
    const { events, clock, memories } = this.#deps;
    const memory = memories.of(pod.metadata.uid ?? '');
    const told = Math.max(since, memory.volumeWaitTold ?? 0);
    if (clock.now() - told < volumeWaitMs) return;
    memory.volumeWaitTold = clock.now();
    const message = `Unable to attach or mount volumes: unmounted volumes=[${volume}], unattached volumes=[${volume}], failed to process volumes=[]: context deadline exceeded`;
    events.pod(pod, 'Warning', 'FailedMount', message);
  }

  async #report(
    pod: Pod,
    state: PodState | undefined,
    plan: PodPlan,
    ending: PodEnding | undefined,
    memory: PodMemory,
    runtime: ContainerRuntime,
  ): Promise<void> {
    const { status, clock, probes, node } = this.#deps;
    await this.#readLastWords(state, memory);
    const now = clock.now();
    if (ending === undefined) this.#tellOfWaits(pod, plan, memory, now);
    const idle = (state?.containers ?? []).every((container) => container.state !== 'running');
    const next = podStatus(pod, state, status.of(pod), {
      now,
      hostIPs: node().hostIPs,
      runtimeName: runtime.name,
      // A pod that was to run until it is deleted ends when all its containers have, not before.
      ending: ending !== undefined && idle,
      // Others may take its place only when it runs no more.
      verdict: idle ? memory.verdict : undefined,
      trouble: (name) => this.#trouble(pod, name, memory, now),
      crashLoop: (name) => plan.crashLoops.get(name),
      started: (id) => probes.started(id),
      ready: (id) => ending === undefined && probes.ready(id),
      terminationMessage: (id) => memory.lastWords.get(id),
      applied: (id) => appliedTo(id, pod, memory),
      resize: ending === undefined ? resizeConditions(memory.pendingResize, inProgress(pod, state, memory)) : [],
    });
    status.report(pod, next);
  }

  /** Once for each wait. Follows: BackOff events of containers and images. */
  #tellOfWaits(pod: Pod, plan: PodPlan, memory: PodMemory, now: number): void {
    const { events } = this.#deps;
    const { name: podName, namespace, uid } = pod.metadata;
    const isNew = (name: string, wait: number): boolean => {
      if (memory.backOffTold.get(name) === wait) return false;
      memory.backOffTold.set(name, wait);
      return true;
    };
    for (const [name, { untilMs }] of plan.crashLoops) {
      if (!isNew(name, untilMs)) continue;
      const message = `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${uid})`;
      events.pod(pod, 'Warning', 'BackOff', message, name);
    }
    for (const [name, failed] of memory.failedStarts) {
      if (!isPullBackOff(failed, now) || !isNew(name, failed.failedAt)) continue;
      const image = containerOf(pod, name)?.spec.image ?? '';
      events.pod(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`, name);
      events.pod(pod, 'Warning', 'Failed', 'Error: ImagePullBackOff', name);
    }
  }

  /** While a pull waits for its next try, that is what people see. */
  #trouble(pod: Pod, name: string, memory: PodMemory, now: number): { reason: string; message: string } | undefined {
    const failed = memory.failedStarts.get(name);
    if (failed === undefined) return undefined;
    const image = containerOf(pod, name)?.spec.image ?? '';
    if (isPullBackOff(failed, now)) {
      return {
        reason: 'ImagePullBackOff',
        message: `Back-off pulling image "${image}": ErrImagePull: ${failed.message}`,
      };
    }
    return failed;
  }

  async #readLastWords(state: PodState | undefined, memory: PodMemory): Promise<void> {
    const ended = (state?.containers ?? []).filter((one) => one.state === 'exited' && !memory.lastWords.has(one.id));
    await allSettledOrThrow(
      ended.map(async (one) => void memory.lastWords.set(one.id, (await terminationMessage(one)) || one.message)),
    );
  }

  /** Runs here and is unknown to the API: it was deleted while no kubelet watched. */
  async #endOrphan(uid: string, signal: AbortSignal): Promise<ReconcileResult> {
    const { source, runtimes, steps, memories, clock, cleanup } = this.#deps;
    if (!source.synced) return {};
    const memory = memories.of(uid);
    for (let turn = 0; turn < turnsPerPass; turn++) {
      const found = await runtimes.find(uid, signal);
      if (found === undefined) break;
      const { runtime, state } = found;
      const written = state.containers.map(({ annotations }) =>
        Number(annotations[containerAnnotations.podGracePeriod]),
      );
      const graceSeconds = Math.max(
        1,
        ...written.filter((seconds) => seconds >= 0),
        written.length === 0 ? orphanGraceSeconds : 0,
      );
      memory.endingSince ??= clock.now();
      const ending = { graceSeconds, since: memory.endingSince, remove: true, message: '' };
      const plan = diffEndingPod(undefined, state, ending);
      if (plan.ended) break;
      for (const step of plan.steps)
        await steps.carryOut(step, { pod: undefined, state, runtime, memory, volumes: undefined }, signal);
    }
    await cleanup.forget(uid, undefined, signal);
    return {};
  }
}

const isPullBackOff = ({ reason, retryAt, failedAt }: FailedStart, now: number): boolean =>
  reason === 'ErrImagePull' && retryAt > now && now - failedAt >= shownMs;

/** What a running container was given: by this kubelet, or as an earlier one wrote it down. */
function appliedTo(id: string, pod: Pod, memory: PodMemory): Resources | undefined {
  const known = memory.applied.get(id);
  if (known !== undefined) return known;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses].find(
    ({ containerID }) => containerID?.endsWith(`//${id}`) === true,
  )?.resources;
}

/** Some container has not got yet what it was promised. */
function inProgress(
  pod: Pod,
  state: PodState | undefined,
  memory: PodMemory,
): { readonly error: string | undefined } | undefined {
  const differs = (state?.containers ?? []).some(({ id, name, state: is }) => {
    const applied = is === 'running' ? appliedTo(id, pod, memory) : undefined;
    const found = containerOf(pod, name);
    return applied !== undefined && found?.kind !== 'init' && !sameAmounts(applied, found?.spec.resources);
  });
  return differs ? { error: memory.resizeFailed?.message } : undefined;
}
