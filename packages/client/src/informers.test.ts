import type { ConfigMap } from '@geobuk/api';
import { ApiError, configMaps } from '@geobuk/api';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { ConnectionError } from './connection-error.js';
import { createInformers } from './informers.js';
import type { Informers } from './informer.js';
import { FakeClient } from './testing/fake-client.js';
import { FakeClock } from './testing/fake-clock.js';

const configMap = (name: string, a: string, namespace = 'd'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { a },
});

interface Setup extends AsyncDisposable {
  readonly client: FakeClient;
  readonly clock: FakeClock;
  readonly informers: Informers;
  readonly signal: AbortSignal;
  readonly changes: string[];
}

function start(client = new FakeClient()): Setup {
  const clock = new FakeClock();
  const stop = new AbortController();
  const { signal } = stop;
  const informers = createInformers({
    client,
    clock,
    log: pino({ enabled: false }),
    random: () => 0,
    freezeObjects: true,
  });
  const changes: string[] = [];
  informers.of(configMaps).subscribe({
    changed: (now, before) => changes.push(`${before?.data?.['a'] ?? '-'}>${now?.data?.['a'] ?? '-'}`),
  });
  const run = informers.run(signal);
  return {
    client,
    clock,
    informers,
    signal,
    changes,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await run;
    },
  };
}

describe('informers', () => {
  it('hold what exists and follow changes, telling handlers in order', async () => {
    await using setup = start(new FakeClient({ objects: [configMap('one', '1')] }));
    const { client, clock, informers, signal, changes } = setup;
    await informers.whenSynced(signal);
    await client.update(configMaps, configMap('one', '2'), { signal });
    await client.create(configMaps, configMap('two', '3'), { signal });
    await client.delete(configMaps, { namespace: 'd', name: 'one' }, { signal });
    await clock.advance(0);
    expect(changes).toEqual(['->1', '1>2', '->3', '2>-']);
    expect(
      informers
        .of(configMaps)
        .lister.list()
        .map(({ metadata }) => metadata.name),
    ).toEqual(['two']);
  });

  it('share one copy for each resource and scope', () => {
    const informers = createInformers({
      client: new FakeClient(),
      clock: new FakeClock(),
      log: pino({ enabled: false }),
    });
    expect(informers.of(configMaps)).toBe(informers.of(configMaps, {}));
    expect(informers.of(configMaps)).not.toBe(informers.of(configMaps, { namespace: 'd' }));
  });

  it('run those asked for later, and tell late subscribers of everything that is there', async () => {
    await using setup = start(new FakeClient({ objects: [configMap('one', '1'), configMap('other', '2', 'e')] }));
    const { informers, signal } = setup;
    const late = informers.of(configMaps, { namespace: 'e' });
    await late.whenSynced(signal);
    const seen: (string | undefined)[] = [];
    late.subscribe({ changed: (now) => seen.push(now?.metadata.name) });
    expect(seen).toEqual(['other']);
  });

  it('keep indexes current', async () => {
    await using setup = start(new FakeClient({ objects: [configMap('one', 'x'), configMap('two', 'x')] }));
    const { client, clock, informers, signal } = setup;
    const informer = informers.of(configMaps);
    informer.addIndex('a', ({ data }) => [data?.['a'] ?? '']);
    await informer.whenSynced(signal);
    expect(informer.lister.byIndex('a', 'x')).toHaveLength(2);
    await client.update(configMaps, configMap('two', 'y'), { signal });
    await clock.advance(0);
    expect(informer.lister.byIndex('a', 'x').map(({ metadata }) => metadata.name)).toEqual(['one']);
    expect(informer.lister.byIndex('a', 'y').map(({ metadata }) => metadata.name)).toEqual(['two']);
    expect(() => informer.lister.byIndex('b', 'y')).toThrow('no index b');
  });

  it('resume where the stream ended', async () => {
    await using setup = start(new FakeClient({ objects: [configMap('one', '1')] }));
    const { client, clock, informers, signal, changes } = setup;
    await informers.whenSynced(signal);
    // The server ends the stream; meanwhile something happens.
    await clock.advance(300_000);
    await client.update(configMaps, configMap('one', '2'), { signal });
    await clock.advance(1_000);
    expect(changes).toEqual(['->1', '1>2']);
  });

  it('list again when history is gone, and tell of the difference only', async () => {
    const client = new FakeClient({
      objects: [configMap('same', 's'), configMap('changed', '1'), configMap('gone', 'g')],
    });
    await using setup = start(client);
    const { clock, informers, signal, changes } = setup;
    await informers.whenSynced(signal);
    changes.length = 0;
    let refuse = true;
    client.intercept = ({ verb }) => {
      if (verb === 'watch' && refuse) throw new ConnectionError('no route');
    };
    await clock.advance(300_000);
    await client.update(configMaps, configMap('changed', '2'), { signal });
    await client.delete(configMaps, { namespace: 'd', name: 'gone' }, { signal });
    await client.create(configMaps, configMap('new', 'n'), { signal });
    client.compact();
    refuse = false;
    await clock.advance(60_000);
    expect(changes.toSorted()).toEqual(['->n', '1>2', 'g>-']);
  });

  it('list plainly where the server refuses the streaming list', async () => {
    const client = new FakeClient({ objects: [configMap('one', '1')] });
    let lists = 0;
    client.intercept = ({ verb }) => {
      if (verb === 'list') lists += 1;
      if (verb === 'watch' && lists === 0) throw ApiError.of(422, 'Invalid', 'sendInitialEvents: Forbidden');
    };
    await using setup = start(client);
    await setup.informers.whenSynced(setup.signal);
    expect([lists, setup.changes]).toEqual([1, ['->1']]);
  });

  it('wait longer and longer while the server cannot be reached', async () => {
    const client = new FakeClient({ objects: [configMap('one', '1')] });
    let calls = 0;
    client.intercept = () => {
      calls += 1;
      throw new ConnectionError('no route');
    };
    await using setup = start(client);
    await setup.clock.advance(5_000);
    expect(calls).toBe(3); // at 0, 0.8 and 2.4 seconds; the next would be at 5.6
    client.intercept = undefined;
    await setup.clock.advance(30_000);
    expect(setup.informers.of(configMaps).synced).toBe(true);
  });

  it('go on when a handler throws', async () => {
    await using setup = start();
    const { client, clock, informers, signal, changes } = setup;
    informers.of(configMaps).subscribe({
      changed: () => {
        throw new Error('bad handler');
      },
    });
    const after: string[] = [];
    informers.of(configMaps).subscribe({ changed: (now) => after.push(now?.metadata.name ?? '') });
    await informers.whenSynced(signal);
    await client.create(configMaps, configMap('one', '1'), { signal });
    await clock.advance(0);
    expect([changes, after]).toEqual([['->1'], ['one']]);
  });

  it('let waiters go at an abort', async () => {
    const informers = createInformers({
      client: new FakeClient(),
      clock: new FakeClock(),
      log: pino({ enabled: false }),
    });
    const waiting = informers.of(configMaps).whenSynced(AbortSignal.timeout(1));
    await expect(waiting).rejects.toThrow();
  });
});
