import { describe, expect, it } from 'vitest';
import { startTestServer } from '../../testing/test-server.js';
import { createWatchCaches } from '../../watch-cache/create-watch-caches.js';
import { createMemoryStore } from '../../store/memory/memory-store.js';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { EventExpiry, eventLifeMs, lastSeen } from './event-expiry.js';

const event = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' },
  ...more,
});

describe('EventExpiry', () => {
  it.each([
    ['its creation', {}, '2026-01-01T00:00:00Z'],
    ['its last repetition', { lastTimestamp: '2026-01-01T00:30:00Z' }, '2026-01-01T00:30:00Z'],
    ['the newer form', { eventTime: '2026-01-01T00:20:00.000000Z', lastTimestamp: null }, '2026-01-01T00:20:00Z'],
    ['a series', { series: { lastObservedTime: '2026-01-01T00:40:00Z' } }, '2026-01-01T00:40:00Z'],
  ])('an event is as old as %s', (_what, more, expected) => {
    expect(lastSeen(event('a', more))).toBe(Date.parse(expected));
  });

  it('events go an hour after they were last heard of, others stay', async () => {
    await using store = createMemoryStore();
    const stop = new AbortController();
    const { signal } = stop;
    const caches = createWatchCaches({ store, clock: systemClock, log: pino({ level: 'silent' }) });
    const running = caches.run(signal).catch(() => undefined);
    const cache = caches.cache('/registry/core/events/');
    await caches.whenReady({ signal });
    await cache.create({ namespace: 'default', name: 'old' }, event('old'), { signal });
    const repeated = event('repeated', { lastTimestamp: '2026-01-01T00:30:00Z' });
    await cache.create({ namespace: 'default', name: 'repeated' }, repeated, { signal });
    const expiry = new EventExpiry({ caches, now: () => Date.parse('2026-01-01T00:00:01Z') + eventLifeMs });
    expect(await expiry.sweep(signal)).toBe(1);
    expect((await cache.list({ signal })).items.map(({ name }) => name)).toEqual(['repeated']);
    stop.abort();
    await running;
  });
});

describe('writes that keep or bind', () => {
  it('a node is created with the status that it brings; 1.14.3 legacy bindings bind once', async () => {
    await using server = await startTestServer();
    const node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n1' },
      status: { capacity: { pods: '110' }, allocatable: { pods: '110' } },
    };
    const created = await server.call('/api/v1/nodes', { body: node });
    expect(created.json).toMatchObject({ status: { allocatable: { pods: '110' } } });

    await server.call('/api/v1/namespaces/default/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
    });
    const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'example.test/a:1' }] } };
    const pods = '/api/v1/namespaces/default/pods';
    expect((await server.call(pods, { body: { apiVersion: 'v1', kind: 'Pod', ...pod } })).status).toBe(201);
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n1' },
    };
    const bind = () => server.call('/api/v1/namespaces/default/bindings', { body: binding });
    expect(await bind()).toMatchObject({ status: 201, json: { status: 'Success' } });
    expect((await server.call(`${pods}/p`)).json).toMatchObject({
      metadata: { generation: 1 },
      spec: { nodeName: 'n1' },
    });
    expect((await bind()).json).toMatchObject({ reason: 'Conflict' });
  });
});
