import { formatKey, keyOf, pods, uidOf } from '@geobuk/api';
import type { ObjectKey, Pod } from '@geobuk/api';
import type { Informer, Informers } from '@geobuk/client';
import { staticAnnotations } from './static-manifests.js';

export interface TrackedPod {
  readonly pod: Pod;
  /** Deleted from the API; what is left of it here must go. */
  readonly gone: boolean;
}

export interface PodListener {
  /** `urgent`: the pod has to end, or to end sooner; whatever is being done for it gives way. */
  podChanged(uid: string, urgent: boolean): void;
  /** A static pod, or what shows it in the API, came, changed or went. */
  mirrorChanged(key: ObjectKey): void;
}

const isMirror = ({ metadata }: Pod): boolean => metadata.annotations?.[staticAnnotations.mirror] !== undefined;

/**
 * The pods of this node: those the API has, static ones, and those that are to be cleaned up after. A mirror stands for
 * a static pod and is none itself.
 */
export class PodSource {
  readonly #informer: Informer<Pod>;
  readonly #tracked = new Map<string, TrackedPod>();
  /** By name. */
  readonly #static = new Map<string, Pod>();
  readonly #listeners = new Set<PodListener>();

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
    const key = { namespace, name };
    const found = this.#static.get(formatKey(key));
    return found === undefined ? this.#informer.lister.get(key) : this.#withStatus(found);
  }

  /** Those that are to run here. */
  all(): readonly Pod[] {
    const known = this.#informer.lister.list().filter((pod) => !isMirror(pod));
    return [...known, ...[...this.#static.values()].map((pod) => this.#withStatus(pod))];
  }

  staticPod(key: ObjectKey): Pod | undefined {
    return this.#static.get(formatKey(key));
  }

  mirror(key: ObjectKey): Pod | undefined {
    const found = this.#informer.lister.get(key);
    return found !== undefined && isMirror(found) ? found : undefined;
  }

  /** The object that bears a pod's status: its own, or its mirror. */
  objectOf(uid: string): Pod | undefined {
    const tracked = this.#tracked.get(uid);
    if (tracked === undefined || tracked.gone) return undefined;
    return this.#static.has(formatKey(keyOf(tracked.pod))) ? this.mirror(keyOf(tracked.pod)) : tracked.pod;
  }

  /** All static pods there are from now on. */
  setStatic(wanted: readonly Pod[]): void {
    const before = new Map(this.#static);
    this.#static.clear();
    for (const pod of wanted) this.#static.set(formatKey(keyOf(pod)), pod);
    for (const [name, old] of before) {
      if (this.#static.get(name)?.metadata.uid === old.metadata.uid) continue;
      for (const listener of this.#listeners) this.#lost(uidOf(old) ?? '', old, listener);
      this.#tellMirror(old);
    }
    for (const pod of this.#static.values()) {
      const uid = uidOf(pod) ?? '';
      this.#tracked.set(uid, { pod: this.#withStatus(pod), gone: false });
      for (const listener of this.#listeners) listener.podChanged(uid, false);
      this.#tellMirror(pod);
    }
  }

  /** Nothing of it is left on the node. */
  forget(uid: string): void {
    if (this.#tracked.get(uid)?.gone === true) this.#tracked.delete(uid);
  }

  subscribe(listener: PodListener): Disposable {
    this.#listeners.add(listener);
    for (const pod of this.#static.values()) {
      listener.podChanged(uidOf(pod) ?? '', false);
      listener.mirrorChanged(keyOf(pod));
    }
    const subscription = this.#informer.subscribe({
      changed: (now, before) => {
        const mirror = [now, before].find((pod) => pod !== undefined && isMirror(pod));
        if (mirror !== undefined) {
          this.#mirrorChanged(mirror, listener);
          return;
        }
        const old = before === undefined ? undefined : uidOf(before);
        const uid = now === undefined ? undefined : uidOf(now);
        if (before !== undefined && old !== undefined && old !== uid) this.#lost(old, before, listener);
        if (now === undefined || uid === undefined) return;
        const known = this.#tracked.get(uid)?.pod;
        this.#tracked.set(uid, { pod: now, gone: false });
        listener.podChanged(uid, known !== undefined && endsSooner(now, known));
      },
    });
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(listener);
        subscription[Symbol.dispose]();
      },
    };
  }

  #mirrorChanged(mirror: Pod, listener: PodListener): void {
    const key = keyOf(mirror);
    listener.mirrorChanged(key);
    const shown = this.#static.get(formatKey(key));
    const uid = shown === undefined ? undefined : uidOf(shown);
    if (shown === undefined || uid === undefined) return;
    this.#tracked.set(uid, { pod: this.#withStatus(shown), gone: false });
    listener.podChanged(uid, false);
  }

  #tellMirror(pod: Pod): void {
    for (const listener of this.#listeners) listener.mirrorChanged(keyOf(pod));
  }

  /** A static pod remembers what it was in its mirror. */
  #withStatus(pod: Pod): Pod {
    const mirror = this.mirror(keyOf(pod));
    const own = mirror?.metadata.annotations?.[staticAnnotations.hash] === uidOf(pod);
    return own && mirror?.status !== undefined ? { ...pod, status: mirror.status } : pod;
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
