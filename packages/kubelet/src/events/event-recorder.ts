import { randomBytes } from 'node:crypto';
import type { Event, Node, ObjectReference, Pod } from '@geobuk/api';
import { events, isForbidden, isNotFound, pods } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import { fieldPathOf } from '../pods/pod-containers.js';
import { rfc3339 } from '../pods/rfc3339.js';

export type EventType = 'Normal' | 'Warning';

/** Tells people what happens to an object. Never waits and never fails: what cannot be told is lost, and logged. */
export interface EventRecorder {
  /** `container`: the event is about this container of the pod. */
  pod(pod: Pod, type: EventType, reason: string, message: string, container?: string): void;
  node(type: EventType, reason: string, message: string): void;
}

export interface EventRecorderDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
}

interface QueuedEvent {
  readonly about: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly at: number;
}

interface Recorded {
  readonly name: string;
  readonly namespace: string;
  count: number;
  seenAt: number;
}

const queueLimit = 1000;
const rememberedMs = 600_000;
const rememberedLimit = 4096;
const messageLimit = 1024;

/** Writes Events one after the other; a repetition raises the count of the first. Follows: client-go tools/record. */
export class ApiEventRecorder implements EventRecorder {
  readonly #deps: EventRecorderDeps;
  readonly #queue: QueuedEvent[] = [];
  readonly #recorded = new Map<string, Recorded>();
  #wake: (() => void) | undefined;

  constructor(deps: EventRecorderDeps) {
    this.#deps = deps;
  }

  pod(pod: Pod, type: EventType, reason: string, message: string, container?: string): void {
    const { name, namespace, uid, resourceVersion } = pod.metadata;
    const fieldPath = container === undefined ? {} : { fieldPath: fieldPathOf(pod, container) };
    this.#add(
      { apiVersion: 'v1', kind: pods.kind, name, namespace, uid, resourceVersion, ...fieldPath },
      type,
      reason,
      message,
    );
  }

  node(type: EventType, reason: string, message: string): void {
    const { nodeName } = this.#deps;
    const kind: Node['kind'] = 'Node';
    this.#add({ apiVersion: 'v1', kind, name: nodeName, uid: nodeName }, type, reason, message);
  }

  #add(about: ObjectReference, type: EventType, reason: string, message: string): void {
    if (this.#queue.length >= queueLimit) {
      this.#deps.log.warn({ reason, object: about.name }, 'event lost: too many wait to be written');
      return;
    }
    this.#queue.push({ about, type, reason, message: message.slice(0, messageLimit), at: this.#deps.clock.now() });
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const aborted = (): void => this.#wake?.();
    signal.addEventListener('abort', aborted);
    try {
      while (!signal.aborted) {
        const next = this.#queue.shift();
        if (next === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else await this.#write(next, signal);
      }
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  async #write(event: QueuedEvent, signal: AbortSignal): Promise<void> {
    const { about, type, reason, message, at } = event;
    const id = JSON.stringify([about.uid, about.fieldPath, type, reason, message]);
    const known = this.#recorded.get(id);
    const { client, log } = this.#deps;
    try {
      if (known !== undefined && at - known.seenAt < rememberedMs) {
        known.count += 1;
        known.seenAt = at;
        const body = { count: known.count, lastTimestamp: rfc3339(at) };
        const { name, namespace } = known;
        const found = await client
          .patch(events, { name, namespace }, { type: 'merge', body }, { signal })
          .catch((error: unknown) => {
            if (isNotFound(error)) return undefined;
            throw error;
          });
        if (found !== undefined) return;
      }
      const created = this.#eventOf(event);
      await client.create(events, created, { signal });
      this.#remember(id, {
        name: created.metadata.name as string,
        namespace: created.metadata.namespace as string,
        count: 1,
        seenAt: at,
      });
    } catch (error) {
      if (signal.aborted) return;
      // A namespace that is being deleted takes no events; nobody will miss them.
      const level = isForbidden(error) || isNotFound(error) ? 'debug' : 'warn';
      log[level]({ reason, object: about.name, err: error }, 'event lost');
    }
  }

  #remember(id: string, recorded: Recorded): void {
    this.#recorded.delete(id);
    this.#recorded.set(id, recorded);
    const oldest = this.#recorded.keys().next().value;
    if (this.#recorded.size > rememberedLimit && oldest !== undefined) this.#recorded.delete(oldest);
  }

  #eventOf({ about, type, reason, message, at }: QueuedEvent): Event {
    const namespace = about.namespace ?? 'default';
    const { nodeName } = this.#deps;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${about.name ?? nodeName}.${randomBytes(8).toString('hex')}`, namespace },
      involvedObject: about,
      type,
      reason,
      message,
      count: 1,
      firstTimestamp: rfc3339(at),
      lastTimestamp: rfc3339(at),
      source: { component: 'kubelet', host: nodeName },
      reportingComponent: 'kubelet',
      reportingInstance: nodeName,
    };
  }
}
