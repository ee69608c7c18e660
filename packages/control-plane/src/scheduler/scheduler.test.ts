import type { KubernetesObject, Node, Pod } from '@geobuk/api';
import { nodes, pods } from '@geobuk/api';
import { createInformers } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../controllers/testing/objects.js';
import { Scheduler } from './scheduler.js';

const signal = new AbortController().signal;
const waiting = (name: string, cpu = '1', priority = 0): Pod =>
  pod(name, {
    phase: 'Pending',
    ready: false,
    spec: {
      schedulerName: 'default-scheduler',
      priority,
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }],
    },
  });

async function start(...objects: readonly KubernetesObject[]) {
  const clock = new FakeClock();
  const client = new FakeClient({ clock, objects });
  const log = pino({ level: 'silent' });
  const informers = createInformers({ client, log, clock, random: () => 0.5, freezeObjects: true });
  const events: string[] = [];
  const recorder = {
    record: (_object: unknown, type: string, reason: string, message: string) =>
      void events.push(`${type} ${reason} ${message}`),
  };
  const scheduler = new Scheduler({ client, informers, recorder, clock, log, random: () => 0.5 });
  const stop = new AbortController();
  const runs = [informers.run(stop.signal), scheduler.run(stop.signal)];
  await clock.advance(0);
  const places = (): Record<string, string | undefined> =>
    Object.fromEntries(client.stored(pods).map(({ metadata, spec }) => [metadata.name, spec.nodeName]));
  return {
    client,
    clock,
    events,
    scheduler,
    places,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await clock.advance(0);
      await Promise.allSettled(runs);
    },
  };
}

describe('Scheduler', () => {
  it('binds a pending pod and says so', async () => {
    await using world = await start(node('a'), waiting('p'));
    expect(world.places()).toEqual({ p: 'a' });
    expect(world.events).toEqual(['Normal Scheduled Successfully assigned default/p to a']);
  });

  it('never gives the same room twice', async () => {
    await using world = await start(node('a'), ...Array.from({ length: 10 }, (_, i) => waiting(`p${i}`)));
    expect(Object.values(world.places()).filter((place) => place === 'a')).toHaveLength(4);
  });

  it('tells in condition, Event and record why nothing fits, and tries again when a node comes', async () => {
    await using world = await start(waiting('p'));
    const [before] = world.client.stored(pods);
    expect(before?.status?.conditions?.find(({ type }) => type === 'PodScheduled')).toMatchObject({
      status: 'False',
      reason: 'Unschedulable',
      message: 'no nodes available to schedule pods',
    });
    world.client.seed(node('a'));
    await world.clock.advance(1_100);
    expect(world.places()).toEqual({ p: 'a' });
    expect(world.scheduler.refusalOf('uid-p')).toBeUndefined();
  });

  it('tries again when a pod leaves', async () => {
    const old: Pod = { ...waiting('old', '4'), spec: { ...waiting('old', '4').spec, nodeName: 'a' } };
    await using world = await start(node('a'), old, waiting('new', '4'));
    expect(world.places()['new']).toBeUndefined();
    await world.client.delete(pods, { namespace: 'default', name: 'old' }, { signal, gracePeriodSeconds: 0 });
    await world.clock.advance(1_100);
    expect(world.places()).toEqual({ new: 'a' });
  });

  it('places the more important pod first', async () => {
    await using world = await start(waiting('low', '4', 1), waiting('high', '4', 100));
    world.client.seed(node('a'));
    await world.clock.advance(1_100);
    expect(world.places()).toEqual({ low: undefined, high: 'a' });
  });

  it('leaves pods of other schedulers and gated pods alone', async () => {
    const other = { ...waiting('other'), spec: { ...waiting('other').spec, schedulerName: 'mine' } };
    const gated = { ...waiting('gated'), spec: { ...waiting('gated').spec, schedulingGates: [{ name: 'wait' }] } };
    await using world = await start(node('a'), other, gated);
    expect(world.places()).toEqual({ other: undefined, gated: undefined });
    await world.client.patch(
      pods,
      { namespace: 'default', name: 'gated' },
      { type: 'merge', body: { spec: { schedulingGates: null } } },
      { signal },
    );
    await world.clock.advance(0);
    expect(world.places()['gated']).toBe('a');
  });

  it('waits for a cordoned node to come back', async () => {
    const cordoned: Node = { ...node('a'), spec: { unschedulable: true } };
    await using world = await start(cordoned, waiting('p'));
    expect(world.places()).toEqual({ p: undefined });
    await world.client.patch(
      nodes,
      { name: 'a' },
      { type: 'merge', body: { spec: { unschedulable: null } } },
      { signal },
    );
    await world.clock.advance(1_100);
    expect(world.places()).toEqual({ p: 'a' });
  });
});
