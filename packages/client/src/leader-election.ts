import type { Lease, LeaseSpec, ObjectKey } from '@geobuk/api';
import { ApiError, isAlreadyExists, isConflict, isNotFound, leases } from '@geobuk/api';
import type { Logger } from 'pino';
import type { Client } from './client.js';
import type { Clock } from './clock.js';
import { isConnectionError } from './connection-error.js';
import { deadline, followSignal } from './deadline.js';

export interface LeaderElectionOptions {
  readonly client: Client;
  readonly lease: ObjectKey;
  /** Who we are, and nobody else at any time: such as host name and a random part. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Others take over this long after the last renewal they saw; 15 s unless said. */
  readonly leaseDurationMs?: number | undefined;
  /** The leader gives up when it could not renew for so long; 10 s unless said, and less than the duration. */
  readonly renewDeadlineMs?: number | undefined;
  /** Between tries; 2 s unless said. */
  readonly retryPeriodMs?: number | undefined;
  readonly random?: (() => number) | undefined;
}

/** The reason of the signal that the work of a leader sees when its lease is gone. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

/**
 * Runs `lead` while this process holds the lease; its signal aborts when the lease is lost or `signal` fires. Stands for
 * election again after each loss. Resolves after an abort; rejects with what `lead` throws by itself.
 * Follows: client-go leader election on coordination.k8s.io/v1 Leases (15 s, 10 s, 2 s; released when stopped).
 */
export async function runWithLeaderElection(
  options: LeaderElectionOptions,
  lead: (signal: AbortSignal) => Promise<void>,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const election = new Election(options);
  while (!signal.aborted) {
    try {
      await election.win(signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await election.reign(signal, lead);
  }
}

class Election {
  readonly #options: LeaderElectionOptions;
  readonly #durationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryMs: number;
  /** What was last seen of the lease, and when by our own clock: other machines' clocks may be wrong. */
  #seen: { readonly revision: string | undefined; readonly at: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#durationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryMs = options.retryPeriodMs ?? 2_000;
    if (this.#renewDeadlineMs >= this.#durationMs)
      throw new TypeError('the renew deadline must be below the lease duration');
  }

  /** Resolves when the lease is ours. */
  async win(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#options;
    while (!(await this.#tryOnce(signal))) await clock.after(this.#retryMs * (1 + 0.2 * random()), { signal });
  }

  async reign(signal: AbortSignal, lead: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { log, lease, identity } = this.#options;
    log.info({ lease, identity }, 'leading');
    using term = followSignal(signal);
    using renewal = followSignal(signal);
    const renewing = this.#keep(renewal.signal).then(
      () => undefined,
      (error: unknown) => {
        if (!renewal.signal.aborted) term.abort(error);
      },
    );
    try {
      await lead(term.signal);
    } catch (error) {
      if (!term.signal.aborted) throw error;
    } finally {
      renewal.abort(new Error('leading has ended'));
      await renewing;
      if (term.signal.reason instanceof LeaseLostError) log.warn({ lease, identity }, 'lease lost');
      else await this.#release();
    }
  }

  /** Renews for ever. @throws {LeaseLostError} when that could not be done in time. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let renewedAt = clock.now();
    for (;;) {
      await clock.after(this.#retryMs, { signal });
      using limit = deadline(signal, Math.max(0, renewedAt + this.#renewDeadlineMs - clock.now()), clock);
      const startedAt = clock.now();
      const renewed = await this.#tryOnce(limit.signal).catch((error: unknown) => {
        if (signal.aborted || !limit.signal.aborted) throw error;
        return false;
      });
      if (renewed) renewedAt = startedAt;
      else if (clock.now() - renewedAt >= this.#renewDeadlineMs)
        throw new LeaseLostError('the lease could not be renewed');
      else if (await this.#heldByOther(signal)) throw new LeaseLostError('somebody else holds the lease');
    }
  }

  /** Takes or renews the lease if that is ours to do. @returns whether it is held now. */
  async #tryOnce(signal: AbortSignal): Promise<boolean> {
    const { client, lease, log } = this.#options;
    try {
      const current = await client.read(leases, lease, { signal }).catch((error: unknown) => {
        if (isNotFound(error)) return undefined;
        throw error;
      });
      if (current === undefined) {
        await client.create(leases, { metadata: lease, spec: this.#record(undefined) }, { signal });
        return true;
      }
      if (!this.#mayTake(current)) return false;
      await client.update(leases, { ...current, spec: this.#record(current.spec) }, { signal });
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      if (isConflict(error) || isAlreadyExists(error)) return false;
      if (!(error instanceof ApiError || isConnectionError(error))) throw error;
      log.warn({ lease, err: error }, 'cannot take or renew the lease, trying again');
      return false;
    }
  }

  #mayTake({ metadata, spec }: Lease): boolean {
    const { clock, identity } = this.#options;
    if (this.#seen === undefined || this.#seen.revision !== metadata.resourceVersion) {
      this.#seen = { revision: metadata.resourceVersion, at: clock.now() };
    }
    const holder = spec.holderIdentity ?? '';
    if (holder === '' || holder === identity) return true;
    const durationMs = (spec.leaseDurationSeconds ?? this.#durationMs / 1000) * 1000;
    return clock.now() - this.#seen.at >= durationMs;
  }

  #record(before: LeaseSpec | undefined): LeaseSpec {
    const { clock, identity } = this.#options;
    const now = new Date(clock.now()).toISOString().replace('Z', '000Z');
    const mine = before?.holderIdentity === identity;
    const transitions = before?.leaseTransitions ?? 0;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: mine ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: mine || before === undefined ? transitions : transitions + 1,
    };
  }

  async #heldByOther(signal: AbortSignal): Promise<boolean> {
    const { client, lease, identity } = this.#options;
    const current = await client.read(leases, lease, { signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    const holder = current?.spec.holderIdentity ?? '';
    return holder !== '' && holder !== identity;
  }

  /** Lets the next one in at once instead of after the lease's time. */
  async #release(): Promise<void> {
    const { client, lease, identity, log, clock } = this.#options;
    using limit = deadline(new AbortController().signal, this.#retryMs, clock);
    const { signal } = limit;
    try {
      const current = await client.read(leases, lease, { signal });
      if (current.spec.holderIdentity !== identity) return;
      const spec = { ...this.#record(current.spec), holderIdentity: '', leaseDurationSeconds: 1 };
      await client.update(leases, { ...current, spec }, { signal });
    } catch (error) {
      // The others wait for the lease's time then; that is what it is for.
      log.debug({ lease, err: error }, 'lease not released');
    }
  }
}
