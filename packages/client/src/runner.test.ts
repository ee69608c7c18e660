import type { ConfigMap, ObjectKey } from '@geobuk/api';
import { ApiError, configMaps, formatKey } from '@geobuk/api';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { primary } from './controller.js';
import type { Controller, ReconcileContext, ReconcileResult } from './controller.js';
import { createInformers } from './informers.js';
import { createKeyRunner } from './key-runner.js';
import type { KeyRunner } from './key-runner.js';
import { createRunner } from './runner.js';
import type { LoopState } from './pass-log.js';
import { FakeClient } from './testing/fake-client.js';
import { FakeClock } from './testing/fake-clock.js';

const log = pino({ enabled: false });
const configMap = (name: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'd' },
});

interface Running extends AsyncDisposable {
  readonly client: FakeClient;
  readonly clock: FakeClock;
  loop(): LoopState;
}

function runController(
  reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<ReconcileResult>,
  client = new FakeClient({ objects: [configMap('one')] }),
): Running {
  const clock = new FakeClock();
  const stop = new AbortController();
  const informers = createInformers({ client, clock, log });
  const controller: Controller = { name: 'test', watches: [primary(configMaps)], reconcile };
  const runner = createRunner({ controllers: [controller], informers, log, clock });
  const runs = Promise.all([informers.run(stop.signal), runner.run(stop.signal)]);
  return {
    client,
    clock,
    loop: () => runner.loops()[0] as LoopState,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await runs;
    },
  };
}

describe('runner', () => {
  it('reconciles what exists and what changes', async () => {
    const seen: string[] = [];
    await using running = runController(async (key) => {
      seen.push(formatKey(key));
      return {};
    });
    await running.clock.advance(0);
    await running.client.create(configMaps, configMap('two'), { signal: new AbortController().signal });
    await running.clock.advance(0);
    expect(seen).toEqual(['d/one', 'd/two']);
  });

  it('calls again after the time a reconcile asks for', async () => {
    let calls = 0;
    await using running = runController(async () => ((calls += 1), { requeueAfterMs: 1000 }));
    await running.clock.advance(2500);
    expect(calls).toBe(3);
  });

  it('backs off from failures and counts them, and shows every pass, the newest first', async () => {
    let calls = 0;
    await using running = runController(async (_key, { trace }) => {
      calls += 1;
      trace.found(`${calls} of 3`);
      if (calls < 3) throw ApiError.unavailable('try later');
      trace.did('created the third');
      return {};
    });
    await running.clock.advance(1000);
    const { passes, retries, total, queueLength, inFlight, name } = running.loop();
    expect({ retries, total, queueLength, inFlight, name }).toEqual({
      retries: 2,
      total: 3,
      queueLength: 0,
      inFlight: 0,
      name: 'test',
    });
    expect(passes.map(({ key, found, did, error }) => ({ key, found, did, error }))).toEqual([
      { key: 'd/one', found: ['3 of 3'], did: ['created the third'], error: undefined },
      { key: 'd/one', found: ['2 of 3'], did: [], error: 'try later' },
      { key: 'd/one', found: ['1 of 3'], did: [], error: 'try later' },
    ]);
  });

  it('starts no worker before everything it watches is known', async () => {
    const client = new FakeClient({ objects: [configMap('one')] });
    let reachable = false;
    client.intercept = () => {
      if (!reachable) throw ApiError.unavailable('starting');
    };
    let calls = 0;
    await using running = runController(async () => ((calls += 1), {}), client);
    await running.clock.advance(3000);
    expect(calls).toBe(0);
    reachable = true;
    await running.clock.advance(30_000);
    expect(calls).toBe(1);
  });
});

function runKeys(
  reconcile: (key: string, context: ReconcileContext) => Promise<ReconcileResult>,
  concurrency?: number,
): AsyncDisposable & { readonly runner: KeyRunner<string>; readonly clock: FakeClock } {
  const clock = new FakeClock();
  const stop = new AbortController();
  const runner = createKeyRunner<string>({ name: 'keys', clock, log, reconcile, concurrency });
  const run = runner.run(stop.signal);
  return {
    runner,
    clock,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await run;
    },
  };
}

describe('key runner', () => {
  it('works on as many keys at once as it may, and never twice on one', async () => {
    let now = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    await using running = runKeys(async () => {
      most = Math.max(most, (now += 1));
      await new Promise<void>((resolve) => ends.push(resolve));
      now -= 1;
      return {};
    }, 2);
    for (const key of ['a', 'b', 'c']) running.runner.add(key);
    await running.clock.advance(0);
    running.runner.add('a');
    expect([most, running.runner.loop().inFlight, running.runner.loop().queueLength]).toEqual([2, 2, 1]);
    while (ends.length > 0) {
      ends.shift()?.();
      await running.clock.advance(0);
    }
    expect([most, running.runner.loop().total]).toEqual([2, 4]);
  });

  it('ends the pass of an interrupted key and runs the key again at once, without counting a failure of it', async () => {
    const seen: string[] = [];
    await using running = runKeys(async (key, { signal }) => {
      seen.push(key);
      if (seen.length === 1) {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      }
      return {};
    });
    running.runner.add('a');
    await running.clock.advance(0);
    running.runner.interrupt('a');
    await running.clock.advance(0);
    expect(seen).toEqual(['a', 'a']);
    expect(running.runner.loop()).toMatchObject({ inFlight: 0, queueLength: 0, delayed: 0 });
  });

  it('waits for its passes when it is stopped', async () => {
    let ended = false;
    {
      await using running = runKeys(async (_key, { signal }) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)));
        ended = true;
        return {};
      });
      running.runner.add('a');
      await running.clock.advance(0);
    }
    expect(ended).toBe(true);
  });
});
