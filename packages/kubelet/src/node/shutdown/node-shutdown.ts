import type { Pod, PodCondition } from '@geobuk/api';
import { allSettledOrThrow, deadline } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../../events/event-recorder.js';
import { isTerminal } from '../../pods/pod-containers.js';
import type { PodMemory } from '../../pods/pod-memory.js';
import { rfc3339 } from '../../pods/rfc3339.js';
import { shutdownGroups } from './shutdown-plan.js';
import type { ShutdownGroup, ShutdownPriority } from './shutdown-plan.js';

export interface NodeShutdownDeps {
  readonly priorities: readonly ShutdownPriority[];
  /** With their newest status. */
  readonly pods: () => readonly Pod[];
  readonly memoryOf: (uid: string) => PodMemory;
  /** Writes what is known of a pod. */
  readonly flush: (uid: string, signal: AbortSignal) => Promise<void>;
  readonly events: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the node goes down is another answer now. */
  readonly changed: () => void;
  /** This pod has a verdict: whatever is being done for it gives way. */
  readonly ended: (uid: string) => void;
}

const defaultGraceSeconds = 30;
/** For the last words to the API server, which may go down too. */
const flushTimeoutMs = 2000;
const message = 'Pod was terminated in response to imminent node shutdown.';

/** Ends the pods of a machine that goes down, critical ones last. Follows: nodeshutdown manager. */
export class NodeShutdown {
  readonly #deps: NodeShutdownDeps;
  readonly #waiting = new Map<string, () => void>();
  #active = false;

  constructor(deps: NodeShutdownDeps) {
    this.#deps = deps;
  }

  /** The machine goes down: the node is not Ready and takes no pods. */
  get active(): boolean {
    return this.#active;
  }

  /** Nothing of this pod runs any more, and its volumes are released. */
  released(uid: string): void {
    this.#waiting.get(uid)?.();
  }

  /** The machine does not go down after all. What was ended stays ended. */
  cancel(): void {
    if (!this.#active) return;
    this.#active = false;
    this.#deps.log.info('the machine does not go down after all');
    this.#deps.changed();
  }

  /** Resolves when all pods have ended or had their time. */
  async end(signal: AbortSignal): Promise<void> {
    const { priorities, pods, events, log, changed } = this.#deps;
    if (this.#active) return;
    this.#active = true;
    changed();
    events.node('Normal', 'NodeShutdown', 'Shutdown manager detected shutdown event');
    const running = pods().filter((pod) => !isTerminal(pod));
    log.warn({ pods: running.length }, 'the machine goes down: pods are ended');
    for (const group of shutdownGroups(priorities, running)) await this.#endGroup(group, signal);
    log.info('pods were ended for the shutdown of the machine');
  }

  async #endGroup({ gracePeriodSeconds, pods }: ShutdownGroup, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    const released = pods.map((pod) => this.#endPod(pod, gracePeriodSeconds));
    using late = clock.timer(gracePeriodSeconds * 1000, () => {
      if (this.#waiting.size > 0) log.warn({ pods: this.#waiting.size }, 'pods did not end in time');
      for (const resolve of [...this.#waiting.values()]) resolve();
    });
    void late;
    await Promise.all(released);
    using limit = deadline(signal, flushTimeoutMs, clock);
    await allSettledOrThrow(
      pods.map((pod) =>
        this.#deps.flush(pod.metadata.uid ?? '', limit.signal).catch((error: unknown) => {
          log.warn({ pod: `${pod.metadata.namespace}/${pod.metadata.name}`, err: error }, 'last status not written');
        }),
      ),
    );
  }

  /** @returns when it has ended, or its time is over. */
  #endPod(pod: Pod, groupSeconds: number): Promise<void> {
    const { memoryOf, clock, ended } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    const own = pod.spec.terminationGracePeriodSeconds ?? defaultGraceSeconds;
    const condition: PodCondition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'TerminationByKubelet',
      message,
      lastTransitionTime: rfc3339(clock.now()),
    };
    const memory = memoryOf(uid);
    memory.verdict ??= {
      reason: 'Terminated',
      message,
      graceSeconds: Math.min(own, groupSeconds),
      conditions: [condition],
    };
    const done = new Promise<void>((resolve) => {
      this.#waiting.set(uid, () => {
        this.#waiting.delete(uid);
        resolve();
      });
    });
    ended(uid);
    return done;
  }
}
