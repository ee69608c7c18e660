import { ApiError, leases } from '@geobuk/api';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LeaseLostError, runWithLeaderElection } from './leader-election.js';
import { FakeClient } from './testing/fake-client.js';
import { FakeClock } from './testing/fake-clock.js';

const lease = { namespace: 'kube-system', name: 'test' };
const log = pino({ enabled: false });

interface Candidate extends AsyncDisposable {
  readonly terms: string[];
  stop(): Promise<void>;
}

/** Leads until its term ends, and notes how it did. */
function stand(client: FakeClient, clock: FakeClock, identity: string): Candidate {
  const terms: string[] = [];
  const stopped = new AbortController();
  const run = runWithLeaderElection(
    { client, lease, identity, clock, log, random: () => 0 },
    (signal) => {
      terms.push('began');
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          terms.push(signal.reason instanceof LeaseLostError ? 'lost' : 'stopped');
          resolve();
        }),
      );
    },
    { signal: stopped.signal },
  );
  const stop = async (): Promise<void> => {
    stopped.abort(new Error('stop'));
    await clock.advance(0);
    await run;
  };
  return { terms, stop, [Symbol.asyncDispose]: stop };
}

describe('leader election', () => {
  it('5.0.6 lets one lead and the next one take over at once when it stops', async () => {
    const [client, clock] = [new FakeClient(), new FakeClock()];
    await using a = stand(client, clock, 'a');
    await clock.advance(0);
    await using b = stand(client, clock, 'b');
    await clock.advance(60_000);
    expect([a.terms, b.terms]).toEqual([['began'], []]);
    await a.stop();
    await clock.advance(2_000);
    expect([a.terms, b.terms]).toEqual([['began', 'stopped'], ['began']]);
    expect(client.stored(leases)[0]?.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('takes over from one that died after the time of the lease, not before', async () => {
    const [client, clock] = [new FakeClient(), new FakeClock()];
    client.seed({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: lease,
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2000-01-01T00:00:00.000000Z' },
    } as never);
    await using b = stand(client, clock, 'b');
    await clock.advance(14_000);
    expect(b.terms).toEqual([]);
    await clock.advance(3_000);
    expect(b.terms).toEqual(['began']);
  });

  it('stops leading when it cannot renew for ten seconds, and stands again', async () => {
    const [client, clock] = [new FakeClient(), new FakeClock()];
    await using a = stand(client, clock, 'a');
    await clock.advance(5_000);
    client.intercept = () => {
      throw ApiError.unavailable('gone');
    };
    await clock.advance(8_000);
    expect(a.terms).toEqual(['began']);
    await clock.advance(5_000);
    expect(a.terms).toEqual(['began', 'lost']);
    client.intercept = undefined;
    await clock.advance(5_000);
    expect(a.terms).toEqual(['began', 'lost', 'began']);
  });

  it('gives way when somebody else has taken the lease', async () => {
    const [client, clock] = [new FakeClient(), new FakeClock()];
    await using a = stand(client, clock, 'a');
    await clock.advance(0);
    const { signal } = new AbortController();
    const current = await client.read(leases, lease, { signal });
    await client.update(leases, { ...current, spec: { ...current.spec, holderIdentity: 'thief' } }, { signal });
    await clock.advance(3_000);
    expect(a.terms).toEqual(['began', 'lost']);
  });

  it('passes on what the work throws by itself, and frees the lease', async () => {
    const [client, clock] = [new FakeClient(), new FakeClock()];
    const run = runWithLeaderElection(
      { client, lease, identity: 'a', clock, log },
      () => Promise.reject(new Error('cannot go on')),
      { signal: new AbortController().signal },
    );
    await expect(run).rejects.toThrow('cannot go on');
    expect(client.stored(leases)[0]?.spec.holderIdentity).toBe('');
  });
});
