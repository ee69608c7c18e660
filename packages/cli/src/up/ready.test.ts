import { addons, nodes } from '@geobuk/api';
import type { Addon, Node } from '@geobuk/api';
import { createInformers } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { waitingFor, whenClusterReady } from './ready.js';

const node = (name: string, ready: string, message?: string): Node => ({
  metadata: { name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready, message }] },
});
const addon = (name: string, enabled: boolean, phase?: 'Ready' | 'Installing' | 'Degraded'): Addon => ({
  metadata: { name },
  spec: { enabled },
  ...(phase === undefined ? {} : { status: { phase } }),
});
const failing = (name: string, message: string): Addon => ({
  ...addon(name, true),
  status: { phase: 'Installing', lastError: { reason: 'NotHealthy', message, at: '2026-11-28T00:00:00Z' } },
});

describe('waitingFor', () => {
  it.each<[string, readonly Node[], readonly Addon[], readonly string[]]>([
    ['nothing there yet', [], [], ['node a to register', 'the addons to be listed']],
    [
      'a node not ready says why',
      [node('a', 'False', 'no network')],
      [addon('dns', false)],
      ['node a to be Ready (no network)'],
    ],
    ['an enabled addon', [node('a', 'True')], [addon('dns', true)], ['addon dns to be Ready']],
    [
      'addons on their way in one, those that say why apart',
      [node('a', 'True')],
      [
        addon('dns', true, 'Installing'),
        failing('network', 'DaemonSet network: 0 of 1 available'),
        addon('proxy', true),
      ],
      ['addons dns, proxy to be Ready', 'addon network to be Ready (DaemonSet network: 0 of 1 available)'],
    ],
    [
      'an addon in trouble',
      [node('a', 'True')],
      [addon('dns', true, 'Degraded')],
      ['addon dns to be Ready (Degraded)'],
    ],
    ['a disabled addon holds nobody up', [node('a', 'True')], [addon('dns', false)], []],
    ['all is there', [node('a', 'True')], [addon('dns', true, 'Ready')], []],
  ])('%s', (_title, nodes, addons, expected) => {
    expect(waitingFor(['a'], nodes, addons, true)).toEqual(expected);
  });
});

describe('whenClusterReady', () => {
  it('tells of all changes of a moment in one line, of the same state once, and ends when all is there', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const { signal } = stop;
    const client = new FakeClient();
    const informers = createInformers({ client, log: pino({ level: 'silent' }), clock });
    const running = informers.run(signal).catch(() => undefined);
    const lines: string[] = [];
    const ready = whenClusterReady(informers, ['a'], true, (line) => lines.push(line), clock, signal);
    await clock.advance(5_000);
    for (const name of ['dns', 'network', 'proxy']) await client.create(addons, addon(name, true), { signal });
    await clock.advance(5_000);
    await client.create(nodes, node('a', 'True'), { signal });
    for (const name of ['dns', 'network', 'proxy']) {
      const seen = await client.read(addons, { name }, { signal });
      await client.updateStatus(addons, { ...seen, status: { phase: 'Ready' } }, { signal });
    }
    await clock.advance(5_000);
    await ready;
    expect(lines).toEqual([
      'waiting for node a to register, the addons to be listed',
      'waiting for node a to register, addons dns, network, proxy to be Ready',
    ]);
    stop.abort();
    await running;
  });
});
