import type { Trouble } from './container-status.js';
import type { Verdict } from './pod-status.js';
import type { Allocation, PendingResize, Resources } from './resize.js';

/** A start that failed and when it is tried again. */
export interface FailedStart extends Trouble {
  readonly retryAt: number;
  readonly failures: number;
  /** Since when; the reason that people see changes once the first moments are over. */
  readonly failedAt: number;
  /** Might work as soon as an object the pod refers to changes. */
  readonly waitsForObjects: boolean;
}

/**
 * What the world does not tell about a pod on this node. Small on purpose: all of it can be lost with the process and
 * the pod still comes to where it should be, only a little later or with a repeated event.
 */
export class PodMemory {
  admitted = false;
  verdict: (Verdict & { readonly graceSeconds?: number | undefined }) | undefined;
  endingSince: number | undefined;
  volumesGone = false;
  /** When people were told last that a volume is not attached. Epoch milliseconds. */
  volumeWaitTold: number | undefined;
  /** What the node agreed to; absent until the pod was looked at first. */
  allocation: Allocation | undefined;
  pendingResize: PendingResize | undefined;
  resizeFailed: { readonly message: string; readonly retryAt: number } | undefined;
  /** What running containers have, by id. */
  readonly applied = new Map<string, Resources>();
  /** By container name. */
  readonly failedStarts = new Map<string, FailedStart>();
  /** Containers whose preStop hook has run. */
  readonly hooked = new Set<string>();
  /** Containers that were told to stop, and an event said so. */
  readonly killing = new Set<string>();
  /** Waits that people were told of, by container name: the moment they end, or began. */
  readonly backOffTold = new Map<string, number>();
  readonly lastWords = new Map<string, string>();

  failed(container: string, trouble: Trouble, now: number, retryAt: number, waitsForObjects = false): void {
    const failures = (this.failedStarts.get(container)?.failures ?? 0) + 1;
    this.failedStarts.set(container, { ...trouble, failedAt: now, retryAt, failures, waitsForObjects });
  }

  /** An object it refers to changed. */
  objectsChanged(): void {
    for (const [name, failed] of this.failedStarts) {
      if (failed.waitsForObjects) this.failedStarts.set(name, { ...failed, retryAt: 0 });
    }
  }
}

export class PodMemories {
  readonly #byUid = new Map<string, PodMemory>();

  of(uid: string): PodMemory {
    const known = this.#byUid.get(uid);
    if (known !== undefined) return known;
    const fresh = new PodMemory();
    this.#byUid.set(uid, fresh);
    return fresh;
  }

  known(uid: string): PodMemory | undefined {
    return this.#byUid.get(uid);
  }

  /** Pods that wait for room to grow. */
  deferred(): readonly string[] {
    return [...this.#byUid].filter(([, { pendingResize }]) => pendingResize?.reason === 'Deferred').map(([uid]) => uid);
  }

  forget(uid: string): void {
    this.#byUid.delete(uid);
  }
}
