import { createHash, randomInt } from 'node:crypto';
import type { Event, KubernetesObject, ObjectReference } from '@geobuk/api';
import { ApiError, events, isAlreadyExists, isNotFound } from '@geobuk/api';
import type { Logger } from 'pino';
import type { Client } from './client.js';
import type { Clock } from './clock.js';
import { isConnectionError } from './connection-error.js';

export interface EventRecorderDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  /** Who tells, such as `kubelet` or `deployment-controller`. */
  readonly component: string;
  /** The node, where that matters. */
  readonly host?: string | undefined;
}

/** Tells people what happened to an object. */
export interface EventRecorder {
  /** Never throws and never waits; what cannot be stored is lost. `type` Warning is for what somebody should look at. */
  record(object: KubernetesObject | ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Writes what was recorded, until an abort. */
  run(signal: AbortSignal): Promise<void>;
}

/** What one object may say: a burst, and then one event each five minutes. */
const burst = 25;
const refillMs = 300_000;
/** Events that wait to be written; beyond it the oldest are lost. */
const queueLimit = 1_000;
/** Remembered events and buckets, each. */
const memoryLimit = 4_096;
const messageLimit = 1_024;

interface Known {
  readonly name: string;
  readonly namespace: string;
  readonly count: number;
  readonly firstTimestamp: string;
}

/**
 * Follows: client-go event recorder, broadcaster and correlator: core/v1 Events, the same event again counts up, one
 * object may not flood the rest.
 */
export function createEventRecorder(deps: EventRecorderDeps): EventRecorder {
  const { client, clock, log, component, host } = deps;
  const waiting: Event[] = [];
  const known = new Map<string, Known>();
  const buckets = new Map<string, { tokens: number; at: number }>();
  let wake: (() => void) | undefined;

  /** The object's name and a time in hex, in nanoseconds, of which we make up those that the clock does not know. */
  const eventName = (object: string): string =>
    `${object}.${(BigInt(Math.trunc(clock.now())) * 1_000_000n + BigInt(randomInt(1_000_000))).toString(16)}`;

  const mayTell = (about: string): boolean => {
    const now = clock.now();
    const bucket = buckets.get(about) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    bucket.at = now;
    remember(buckets, about, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };

  const write = async (event: Event, signal: AbortSignal): Promise<void> => {
    const id = identityOf(event);
    const before = known.get(id);
    if (before !== undefined) {
      const { name, namespace, count, firstTimestamp } = before;
      const body = { count: count + 1, lastTimestamp: event.lastTimestamp, message: event.message };
      try {
        await client.patch(events, { namespace, name }, { type: 'merge', body }, { signal });
        remember(known, id, { name, namespace, count: count + 1, firstTimestamp });
        return;
      } catch (error) {
        // Events live an hour; after that the same thing is news again.
        if (!isNotFound(error)) throw error;
      }
    }
    await client.create(events, event, { signal }).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
    const { name = '', namespace = '' } = event.metadata;
    remember(known, id, { name, namespace, count: 1, firstTimestamp: event.firstTimestamp ?? '' });
  };

  return {
    record(object, type, reason, message) {
      const involvedObject = 'metadata' in object ? referenceOf(object) : object;
      const { kind, namespace, name, uid } = involvedObject;
      if (!mayTell([kind, namespace, name, uid].join('/'))) {
        log.debug({ kind, namespace, name, reason }, 'event dropped: this object tells too much');
        return;
      }
      const now = `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
      waiting.push({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: eventName(name ?? ''), namespace: namespace ?? 'default' },
        involvedObject,
        reason,
        message: message.slice(0, messageLimit),
        type,
        count: 1,
        firstTimestamp: now,
        lastTimestamp: now,
        source: { component, ...(host === undefined ? {} : { host }) },
        reportingComponent: component,
        reportingInstance: host ?? '',
      });
      if (waiting.length > queueLimit) waiting.shift();
      wake?.();
    },

    async run(signal) {
      signal.addEventListener('abort', () => wake?.(), { once: true });
      while (!signal.aborted) {
        const event = waiting.shift();
        if (event === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
          wake = undefined;
          continue;
        }
        try {
          await write(event, signal);
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof ApiError || isConnectionError(error))) throw error;
          const { reason, involvedObject } = event;
          log.debug({ reason, object: involvedObject.name, err: error }, 'event lost');
        }
      }
    },
  };
}

/** Two events with the same identity are the same thing happening again. */
function identityOf({ involvedObject, reason, message, type, source }: Event): string {
  const { kind, namespace, name, uid, fieldPath } = involvedObject;
  const text = JSON.stringify([kind, namespace, name, uid, fieldPath, reason, message, type, source]);
  return createHash('sha256').update(text).digest('base64');
}

function referenceOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return { apiVersion, kind, namespace, name, uid, resourceVersion };
}

/** Keeps what was used last, and no more than the limit. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= memoryLimit) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
