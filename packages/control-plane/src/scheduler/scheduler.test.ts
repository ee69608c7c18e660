import type { KubernetesObject, Node, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '@geobuk/api';
import { nodes, persistentVolumeClaims, persistentVolumes, pods } from '@geobuk/api';
import { createInformers } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../controllers/testing/objects.js';
import { Scheduler } from './scheduler.js';
import type { KubeSchedulerConfiguration } from './scheduler-config.js';

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

const start = (...objects: readonly KubernetesObject[]) => startWith({}, ...objects);

async function startWith(config: KubeSchedulerConfiguration, ...objects: readonly KubernetesObject[]) {
  const clock = new FakeClock();
  const client = new FakeClient({ clock, objects });
  const log = pino({ level: 'silent' });
  const informers = createInformers({ client, log, clock, random: () => 0.5, freezeObjects: true });
  const events: string[] = [];
  const recorder = {
    record: (_object: unknown, type: string, reason: string, message: string) =>
      void events.push(`${type} ${reason} ${message}`),
  };
  const scheduler = new Scheduler({ client, informers, recorder, clock, log, random: () => 0.5, config });
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
  it('6.1.3 binds a pending pod and says so', async () => {
    await using world = await start(node('a'), waiting('p'));
    expect(world.places()).toEqual({ p: 'a' });
    expect(world.events).toEqual(['Normal Scheduled Successfully assigned default/p to a']);
  });

  it('6.1.4 never gives the same room twice', async () => {
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

  it('6.1.1 places the more important pod first', async () => {
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

  it('6.4.1 pushes less important pods out, gracefully and with a reason, and takes their place', async () => {
    const old: Pod = { ...waiting('old', '4', 1), spec: { ...waiting('old', '4', 1).spec, nodeName: 'a' } };
    await using world = await start(node('a'), old, waiting('vip', '4', 100));
    const stored = (name: string): Pod | undefined =>
      world.client.stored(pods).find(({ metadata }) => metadata.name === name);
    expect(stored('vip')?.status?.nominatedNodeName).toBe('a');
    expect(stored('old')?.metadata.deletionTimestamp).toBeDefined();
    expect(stored('old')?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget')).toMatchObject({
      status: 'True',
      reason: 'PreemptionByScheduler',
      message: 'default-scheduler: preempting to accommodate a higher priority pod',
    });
    expect(world.events).toContain('Normal Preempted Preempted by pod uid-vip on node a');
    await world.client.delete(pods, { namespace: 'default', name: 'old' }, { signal, gracePeriodSeconds: 0 });
    await world.clock.advance(1_100);
    expect(world.places()).toEqual({ vip: 'a' });
  });

  it('6.4.1 the freed place is kept from pods that matter less', async () => {
    const old: Pod = { ...waiting('old', '4', 1), spec: { ...waiting('old', '4', 1).spec, nodeName: 'a' } };
    await using world = await start(node('a'), old, waiting('vip', '4', 100));
    world.client.seed(waiting('late', '1', 5));
    await world.clock.advance(0);
    await world.client.delete(pods, { namespace: 'default', name: 'old' }, { signal, gracePeriodSeconds: 0 });
    await world.clock.advance(15_000);
    expect(world.places()).toEqual({ vip: 'a', late: undefined });
  });

  it('6.1.3 adds to the message why preemption did not help', async () => {
    await using world = await start(node('a'), waiting('big', '5'));
    expect(world.events).toEqual([
      'Warning FailedScheduling 0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    ]);
  });

  it('6.1.2 events wake only pods that they can help', async () => {
    await using world = await start(node('a'), waiting('big', '5'));
    expect(world.scheduler.queueSizes.unschedulable).toBe(1);
    world.client.seed(node('small')); // 4 CPU: as little help as the first
    await world.client.patch(
      nodes,
      { name: 'a' },
      { type: 'merge', body: { metadata: { labels: { x: 'y' } } } },
      { signal },
    );
    await world.clock.advance(15_000);
    expect(world.scheduler.queueSizes.unschedulable).toBe(1);
    expect(world.events).toHaveLength(1);
    const large: Node = { ...node('large'), status: { allocatable: { cpu: '8', memory: '8Gi', pods: '10' } } };
    world.client.seed(large);
    await world.clock.advance(0);
    expect(world.places()).toEqual({ big: 'large' });
  });

  it('6.1.1 says of gated pods that they are gated', async () => {
    const gated = { ...waiting('gated'), spec: { ...waiting('gated').spec, schedulingGates: [{ name: 'wait' }] } };
    await using world = await start(node('a'), gated);
    expect(world.client.stored(pods)[0]?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }),
    );
  });

  it('several schedulers work in one process, each by its profile', async () => {
    const packed = { ...waiting('packed'), spec: { ...waiting('packed').spec, schedulerName: 'packing' } };
    const running: Pod = { ...waiting('x'), spec: { ...waiting('x').spec, nodeName: 'b' } };
    const mostAllocated = { scoringStrategy: { type: 'MostAllocated' as const } };
    const profiles = [
      {},
      {
        schedulerName: 'packing',
        plugins: { score: { disabled: [{ name: '*' }], enabled: [{ name: 'NodeResourcesFit' }] } },
        pluginConfig: [{ name: 'NodeResourcesFit' as const, args: mostAllocated }],
      },
    ];
    await using world = await startWith({ profiles }, node('a'), node('b'), running, packed, waiting('plain'));
    expect(world.places()).toEqual({ x: 'b', packed: 'b', plain: 'a' });
  });

  it('keeps the scores of pods it placed', async () => {
    await using world = await start(node('a'), node('b'), waiting('p'));
    const placed = world.scheduler.placementOf('uid-p');
    expect(placed).toMatchObject({ evaluated: 2, feasible: 2 });
    expect(placed?.scores.map((score) => score.node).sort()).toEqual(['a', 'b']);
    // LeastAllocated: (75 + 97) / 2, where a container without memory request counts as 200 MiB of 8 GiB.
    expect(placed?.scores[0]?.byPlugin).toMatchObject({ NodeResourcesFit: 86, TaintToleration: 300 });
  });
});

describe('Scheduler with volumes', () => {
  const later: StorageClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'local' },
    provisioner: 'example.com/local',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
  const claim: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default', uid: 'uid-data' },
    spec: {
      storageClassName: 'local',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: 'Pending' },
  };
  const volume = (name: string, host: string, storage = '2Gi'): PersistentVolume => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      storageClassName: 'local',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] },
          ],
        },
      },
    },
    status: { phase: 'Available' },
  });
  const withClaim: Pod = {
    ...waiting('p'),
    spec: { ...waiting('p').spec, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
  };
  const message = async (...objects: readonly KubernetesObject[]): Promise<string | undefined> => {
    await using world = await start(...objects);
    return world.events[0];
  };

  it('6.2.1 says what is wrong with a claim', async () => {
    expect(await message(node('a'), withClaim)).toContain(
      '0/1 nodes are available: persistentvolumeclaim "data" not found.',
    );
    const immediate = { ...later, volumeBindingMode: 'Immediate' };
    expect(await message(node('a'), withClaim, claim, immediate)).toContain(
      '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
    );
    const bound: PersistentVolumeClaim = {
      ...claim,
      spec: { ...claim.spec, volumeName: 'v' },
      status: { phase: 'Bound' },
    };
    expect(await message(node('a'), withClaim, bound, later, volume('v', 'b'))).toContain(
      "1 node(s) didn't match PersistentVolume's node affinity.",
    );
    const manual = { ...later, provisioner: 'kubernetes.io/no-provisioner' };
    expect(await message(node('a'), withClaim, claim, manual, volume('v', 'b'))).toContain(
      "1 node(s) didn't find available persistent volumes to bind.",
    );
  });

  it('has a volume made on the chosen node, and binds the pod when it is there', async () => {
    await using world = await start(node('a'), later, claim, withClaim);
    expect(world.places()['p']).toBeUndefined();
    const [stored] = world.client.stored(persistentVolumeClaims);
    expect(stored?.metadata.annotations?.['volume.kubernetes.io/selected-node']).toBe('a');
    world.client.seed({
      ...(stored as PersistentVolumeClaim),
      spec: { ...claim.spec, volumeName: 'made' },
      status: { phase: 'Bound' },
    } as PersistentVolumeClaim);
    await world.clock.advance(0);
    expect(world.places()['p']).toBe('a');
  });

  it('promises the smallest volume that suffices, on a node that reaches it', async () => {
    const manual = { ...later, provisioner: 'kubernetes.io/no-provisioner' };
    const all = [volume('large', 'b', '9Gi'), volume('fits', 'b', '1Gi'), volume('small', 'a', '1Mi')];
    await using world = await start(node('a'), node('b'), manual, claim, ...all, withClaim);
    const promised = world.client.stored(persistentVolumes).filter(({ spec }) => spec?.claimRef !== undefined);
    expect(promised.map(({ metadata, spec }) => [metadata.name, spec?.claimRef?.uid])).toEqual([['fits', 'uid-data']]);
  });
});
