import { pods, uidOf } from '@geobuk/api';
import type { Pod } from '@geobuk/api';
import type { Informer, Informers } from '@geobuk/client';

export interface TrackedPod {
  readonly pod: Pod;
  /** Deleted from the API; what is left of it here must go. */
  readonly gone: boolean;
}

export interface PodListener {
  /** `urgent`: the pod has to end, or to end sooner; whatever is being done for it gives way. */
  podChanged(uid: string, urgent: boolean): void;
}

/** The pods of this node: those the API has and those that are to be cleaned up after. */
export class PodSource {
  readonly #informer: Informer<Pod>;
  readonly #tracked = new Map<string, TrackedPod>();

  constructor(informers: Informers, nodeName: string) {
    this.#informer = informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  }

  /** Before this is true, nobody may conclude that a pod is gone. */
  get synced(): boolean {
    return this.#informer.synced;
  }

  whenSynced(signal: AbortSignal): Promise<void> {
    return this.#informer.whenSynced(signal);
  }

  byUid(uid: string): TrackedPod | undefined {
    return this.#tracked.get(uid);
  }

  byName(namespace: string, name: string): Pod | undefined {
    return this.#informer.lister.get({ namespace, name });
  }

  /** Those the API has. */
  all(): readonly Pod[] {
    return this.#informer.lister.list();
  }

  /** Nothing of it is left on the node. */
  forget(uid: string): void {
    if (this.#tracked.get(uid)?.gone === true) this.#tracked.delete(uid);
  }

  subscribe(listener: PodListener): Disposable {
    return this.#informer.subscribe({
      changed: (now, before) => {
        const old = before === undefined ? undefined : uidOf(before);
        const uid = now === undefined ? undefined : uidOf(now);
        if (before !== undefined && old !== undefined && old !== uid) this.#lost(old, before, listener);
        if (now === undefined || uid === undefined) return;
        const known = this.#tracked.get(uid)?.pod;
        this.#tracked.set(uid, { pod: now, gone: false });
        listener.podChanged(uid, known !== undefined && endsSooner(now, known));
      },
    });
  }

  #lost(uid: string, last: Pod, listener: PodListener): void {
    this.#tracked.set(uid, { pod: last, gone: true });
    listener.podChanged(uid, true);
  }
}

function endsSooner(now: Pod, before: Pod): boolean {
  if (now.metadata.deletionTimestamp === undefined) return false;
  if (before.metadata.deletionTimestamp === undefined) return true;
  return (now.metadata.deletionGracePeriodSeconds ?? 0) < (before.metadata.deletionGracePeriodSeconds ?? 0);
}
