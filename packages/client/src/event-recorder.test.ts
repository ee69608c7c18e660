import type { Pod } from '@geobuk/api';
import { ApiError, events } from '@geobuk/api';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createEventRecorder } from './event-recorder.js';
import type { EventRecorder } from './event-recorder.js';
import { FakeClient } from './testing/fake-client.js';
import { FakeClock } from './testing/fake-clock.js';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' },
  spec: { containers: [] },
};

function start(client = new FakeClient()): AsyncDisposable & {
  readonly client: FakeClient;
  readonly clock: FakeClock;
  readonly recorder: EventRecorder;
} {
  const clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  const stop = new AbortController();
  const log = pino({ enabled: false });
  const recorder = createEventRecorder({ client, clock, log, component: 'kubelet', host: 'n1' });
  const run = recorder.run(stop.signal);
  return {
    client,
    clock,
    recorder,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await run;
    },
  };
}

describe('event recorder', () => {
  it('writes a core/v1 event that names the object', async () => {
    await using setup = start();
    setup.recorder.record(pod, 'Normal', 'Started', 'Started container main');
    await setup.clock.advance(0);
    const [event] = setup.client.stored(events);
    expect(event).toMatchObject({
      metadata: { namespace: 'shop' },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1' },
      type: 'Normal',
      reason: 'Started',
      message: 'Started container main',
      count: 1,
      firstTimestamp: '2030-01-01T00:00:00Z',
      source: { component: 'kubelet', host: 'n1' },
    });
    expect(event?.metadata.name).toMatch(/^web\.[0-9a-f]+$/);
  });

  it('counts up when the same thing happens again', async () => {
    await using setup = start();
    setup.recorder.record(pod, 'Warning', 'BackOff', 'Back-off');
    await setup.clock.advance(5_000);
    setup.recorder.record(pod, 'Warning', 'BackOff', 'Back-off');
    await setup.clock.advance(0);
    const stored = setup.client.stored(events);
    expect(stored).toHaveLength(1);
    expect(stored[0]).toMatchObject({
      count: 2,
      firstTimestamp: '2030-01-01T00:00:00Z',
      lastTimestamp: '2030-01-01T00:00:05Z',
    });
  });

  it('tells of it anew when the counted event has died of age', async () => {
    await using setup = start();
    setup.recorder.record(pod, 'Warning', 'BackOff', 'Back-off');
    await setup.clock.advance(0);
    await setup.client.deleteCollection(events, { namespace: 'shop', signal: new AbortController().signal });
    setup.recorder.record(pod, 'Warning', 'BackOff', 'Back-off');
    await setup.clock.advance(0);
    expect(setup.client.stored(events)).toMatchObject([{ count: 1 }]);
  });

  it('lets no object flood the others', async () => {
    await using setup = start();
    for (let index = 0; index < 100; index += 1) setup.recorder.record(pod, 'Normal', 'Noise', `number ${index}`);
    const other = { ...pod, metadata: { ...pod.metadata, name: 'quiet', uid: 'u2' } };
    setup.recorder.record(other, 'Normal', 'Started', 'Started');
    await setup.clock.advance(0);
    const stored = setup.client.stored(events);
    expect(stored.filter(({ involvedObject }) => involvedObject.name === 'web')).toHaveLength(25);
    expect(stored.filter(({ involvedObject }) => involvedObject.name === 'quiet')).toHaveLength(1);
    await setup.clock.advance(300_000);
    setup.recorder.record(pod, 'Normal', 'Noise', 'later');
    await setup.clock.advance(0);
    expect(setup.client.stored(events)).toHaveLength(27);
  });

  it('loses what the server refuses and goes on', async () => {
    const client = new FakeClient();
    client.intercept = () => {
      throw ApiError.unavailable('no room');
    };
    await using setup = start(client);
    setup.recorder.record(pod, 'Normal', 'A', 'a');
    await setup.clock.advance(0);
    client.intercept = undefined;
    setup.recorder.record(pod, 'Normal', 'B', 'b');
    await setup.clock.advance(0);
    expect(client.stored(events).map(({ reason }) => reason)).toEqual(['B']);
  });
});
