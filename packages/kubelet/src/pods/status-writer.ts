import { deepEqual, isConflict, isForbidden, isNotFound, pods } from '@geobuk/api';
import type { Pod, PodStatus } from '@geobuk/api';
import { createKeyRunner, settled } from '@geobuk/client';
import type { Client, Clock, KeyRunner, ReconcileResult } from '@geobuk/client';
import type { Logger } from 'pino';
import { ownConditions } from './pod-conditions.js';
import type { PodSource } from './pod-source.js';

export interface StatusWriterDeps {
  readonly client: Client;
  readonly source: PodSource;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Carries the pods' statuses to the API: the newest only, and only when it differs from what is there.
 * Follows: status.Manager.
 */
export class StatusWriter {
  readonly #deps: StatusWriterDeps;
  readonly #runner: KeyRunner<string>;
  /** As this kubelet sees it now. */
  readonly #wanted = new Map<string, PodStatus>();
  /** As the API answered last: the watch may be behind it. */
  readonly #written = new Map<string, Pod>();

  constructor(deps: StatusWriterDeps) {
    this.#deps = deps;
    this.#runner = createKeyRunner<string>({
      name: 'pod-status',
      clock: deps.clock,
      log: deps.log,
      concurrency: 10,
      backOff: { initialMs: 100, maxMs: 10_000 },
      reconcile: (uid, { signal }) => this.#reconcile(uid, signal),
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#runner.run(signal);
  }

  /** The newest there is: this kubelet's own, else the API's. */
  of(pod: Pod): PodStatus {
    const uid = pod.metadata.uid ?? '';
    return this.#wanted.get(uid) ?? pod.status ?? {};
  }

  report(pod: Pod, status: PodStatus): void {
    const uid = pod.metadata.uid ?? '';
    const before = this.#wanted.get(uid);
    // Also when nothing is new here but the API says something else: a controller may have spoken for a node that was silent.
    const differs =
      before === undefined ||
      !deepEqual(before, status) ||
      statusPatch(newest(pod, this.#written.get(uid)), status) !== undefined;
    if (!differs) return;
    this.#wanted.set(uid, status);
    this.#runner.add(uid);
  }

  /** The object that bears the status is another: it may know nothing yet. */
  again(uid: string): void {
    this.#runner.add(uid);
  }

  forget(uid: string): void {
    this.#wanted.delete(uid);
    this.#written.delete(uid);
  }

  /** Writes what is wanted now. @throws {ApiError} a refusal, {ConnectionError}. */
  async flush(uid: string, signal: AbortSignal): Promise<void> {
    await this.#reconcile(uid, signal);
  }

  async #reconcile(uid: string, signal: AbortSignal): Promise<ReconcileResult> {
    const tracked = this.#deps.source.byUid(uid);
    const wanted = this.#wanted.get(uid);
    const object = this.#deps.source.objectOf(uid);
    if (wanted === undefined || tracked === undefined || object === undefined) return settled;
    const current = newest(object, this.#written.get(uid));
    const status = statusPatch(current, wanted);
    if (status === undefined) return settled;
    const { namespace, name = '', resourceVersion } = current.metadata;
    // With conditions of others in the list, nobody's must be lost: then the write is a compare-and-swap.
    const shared = (current.status?.conditions ?? []).some(
      ({ type }) => !wanted.conditions?.some((one) => one.type === type && isOwn(type)),
    );
    const body = { metadata: { uid: object.metadata.uid, ...(shared ? { resourceVersion } : {}) }, status };
    try {
      const written = await this.#deps.client.patch(
        pods,
        { namespace, name },
        { type: 'merge', body },
        { signal, subresource: 'status' },
      );
      this.#written.set(uid, written);
    } catch (error) {
      if (isNotFound(error)) return settled;
      if (isConflict(error) && !shared) return settled; // Another pod has that name now.
      if (isForbidden(error)) this.#written.delete(uid);
      throw error;
    }
    return settled;
  }
}

const isOwn = (type: string): boolean => ownConditions.has(type);

const revisionOf = ({ metadata }: Pod): bigint => {
  const { resourceVersion = '0' } = metadata;
  return /^\d+$/.test(resourceVersion) ? BigInt(resourceVersion) : 0n;
};

const newest = (seen: Pod, written: Pod | undefined): Pod =>
  written !== undefined && written.metadata.uid === seen.metadata.uid && revisionOf(written) > revisionOf(seen)
    ? written
    : seen;

/** Follows: RFC 7386. @returns the fields that differ, `null` for those to go, or nothing. Pure. */
export function statusPatch(current: Pod, wanted: PodStatus): Readonly<Record<string, unknown>> | undefined {
  const before = (current.status ?? {}) as Readonly<Record<string, unknown>>;
  const after = withForeignConditions(wanted, current) as Readonly<Record<string, unknown>>;
  const patch: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(after)) if (!deepEqual(value, before[field])) patch[field] = value;
  for (const field of ownFields) if (after[field] === undefined && before[field] !== undefined) patch[field] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

const ownFields = ['reason', 'message', 'podIP', 'podIPs', 'hostIP', 'hostIPs', 'ephemeralContainerStatuses'];

/** Conditions that somebody else set while this kubelet thought about its own. */
function withForeignConditions(wanted: PodStatus, current: Pod): PodStatus {
  const own = wanted.conditions ?? [];
  const foreign = (current.status?.conditions ?? []).filter(
    ({ type }) => !isOwn(type) && !own.some((one) => one.type === type),
  );
  const fresh = own.map((one) =>
    isOwn(one.type) ? one : (current.status?.conditions?.find(({ type }) => type === one.type) ?? one),
  );
  return { ...wanted, conditions: [...fresh, ...foreign] };
}
