import type { Pod, ReplicaSet } from '@geobuk/api';
import { nodes, pods, replicaSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { ReplicaSetController } from '../../controllers/replica-set/replica-set-controller.js';
import { removePod, startPod } from '../../controllers/testing/fake-kubelet.js';
import { node, pod, replicaSet } from '../../controllers/testing/objects.js';
import type { TurningControllers, World } from '../../controllers/testing/turn-controllers.js';
import { turnControllers } from '../../controllers/testing/turn-controllers.js';
import { Scheduler } from '../scheduler.js';

const signal = new AbortController().signal;
const gpu = 'example.com/fakecpu';
const scheduler = (world: World) => new Scheduler({ ...world, random: () => 0.5 });
const asking = (amount: string, priority: number): Pod['spec'] => ({
  schedulerName: 'default-scheduler',
  priority,
  containers: [{ name: 'c', image: 'i', resources: { requests: { [gpu]: amount } } }],
});
const waiting = (name: string, amount: string, priority: number): Pod =>
  pod(name, { phase: 'Pending', ready: false, spec: asking(amount, priority) });

/** What kubelets do: start what is bound, let go of what is deleted. */
async function turnNodes(world: TurningControllers): Promise<void> {
  for (const each of world.client.stored(pods)) {
    if (each.metadata.deletionTimestamp !== undefined) await removePod(world, each);
    else if (each.status?.phase !== 'Running' && (each.spec.nodeName ?? '') !== '') await startPod(world, each);
  }
}
const run = async (world: TurningControllers, rounds: number): Promise<void> => {
  for (let round = 0; round < rounds; round += 1) {
    await world.settle(1_500);
    await turnNodes(world);
  }
};
const placed = (world: TurningControllers): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(world.client.stored(pods).map(({ metadata, spec }) => [metadata.name, spec.nodeName]));

describe('preemption', () => {
  it('6.4.2 frees an extended resource that a node got later, for a pod that matters more', async () => {
    await using world = await turnControllers(
      [node('a'), waiting('low', '4', 1)],
      () => [],
      (deps) => [scheduler(deps)],
    );
    await run(world, 2);
    expect(placed(world)).toEqual({ low: undefined });
    const allocatable = { cpu: '4', memory: '8Gi', pods: '110', [gpu]: '5' };
    await world.client.patch(
      nodes,
      { name: 'a' },
      { type: 'merge', body: { status: { allocatable } } },
      { signal, subresource: 'status' },
    );
    await run(world, 10);
    expect(placed(world)).toEqual({ low: 'a' });
    world.client.seed(waiting('critical', '3', 2_000_001_000)); // system-node-critical
    await run(world, 4);
    expect(placed(world)).toEqual({ critical: 'a' });
  });

  it('6.4.3 four ReplicaSets of four priorities come to rest with the most important ones whole', async () => {
    const allocatable = { cpu: '40', memory: '80Gi', pods: '110', [gpu]: '10' };
    const host = { ...node('a'), status: { ...node('a').status, allocatable } };
    const set = (name: string, replicas: number, amount: string, priority: number): ReplicaSet => {
      const made = replicaSet(name, replicas);
      return { ...made, spec: { ...made.spec, template: { ...made.spec.template, spec: asking(amount, priority) } } };
    };
    const sets = [set('pod1', 1, '1', 1), set('pod2', 2, '1', 2), set('pod3', 3, '1', 3)];
    await using world = await turnControllers(
      [host, ...sets],
      (deps) => [new ReplicaSetController(deps)],
      (deps) => [scheduler(deps)],
    );
    await run(world, 6);
    const running = () =>
      Object.fromEntries(
        world.client.stored(replicaSets).map(({ metadata, status }) => [metadata.name, status?.readyReplicas]),
      );
    expect(running()).toEqual({ pod1: 1, pod2: 2, pod3: 3 });
    world.client.seed(set('pod4', 2, '3', 4)); // 6 of 10: two of the six before have to go
    await run(world, 12);
    expect(running()).toEqual({ pod1: 0, pod2: 1, pod3: 3, pod4: 2 });
    const before = world.client
      .stored(pods)
      .map(({ metadata }) => metadata.uid)
      .sort();
    await run(world, 12);
    expect(
      world.client
        .stored(pods)
        .map(({ metadata }) => metadata.uid)
        .sort(),
    ).toEqual(before); // at rest
  });

  it('6.1.5 forgets a nomination when the pod fits nowhere any more', async () => {
    const allocatable = { cpu: '4', memory: '8Gi', pods: '110', [gpu]: '4' };
    const host = { ...node('a'), status: { ...node('a').status, allocatable } };
    const low = { ...waiting('low', '4', 1), spec: { ...asking('4', 1), nodeName: 'a' } };
    await using world = await turnControllers(
      [host, low, waiting('vip', '4', 100)],
      () => [],
      (deps) => [scheduler(deps)],
    );
    await world.settle(100);
    const nominated = () =>
      world.client.stored(pods).find(({ metadata }) => metadata.name === 'vip')?.status?.nominatedNodeName;
    expect(nominated()).toBe('a');
    await world.client.patch(
      nodes,
      { name: 'a' },
      { type: 'merge', body: { spec: { unschedulable: true } } },
      { signal },
    );
    await turnNodes(world);
    await world.settle(10 * 60_000); // the time after which pods are tried that nothing woke
    expect(nominated() ?? '').toBe('');
  });
});

describe('a decision', () => {
  it('can be read: which node failed which plugin, and how the best compared', async () => {
    const cordoned = { ...node('c'), spec: { unschedulable: true } };
    const made = new Map<string, Scheduler>();
    await using world = await turnControllers(
      [node('a'), cordoned, waiting('gpu', '1', 0)],
      () => [],
      (deps) => {
        made.set('it', scheduler(deps));
        return [...made.values()];
      },
    );
    await world.settle(100);
    const decisionOf = (uid: string) => made.get('it')?.decisionOf(uid);
    expect(decisionOf('uid-gpu')).toMatchObject({
      outcome: 'Unschedulable',
      nodes: {
        a: { plugin: 'NodeResourcesFit', reasons: [`Insufficient ${gpu}`] },
        c: { plugin: 'NodeUnschedulable', reasons: ['node(s) were unschedulable'] },
      },
    });
    world.client.seed(node('b'));
    world.client.seed(pod('plain', { phase: 'Pending', ready: false, spec: { schedulerName: 'default-scheduler' } }));
    await world.settle(100);
    const decision = decisionOf('uid-plain');
    expect(decision).toMatchObject({ outcome: 'Scheduled', feasible: 2 });
    expect(decision?.outcome === 'Scheduled' && decision.scores[0]?.byPlugin).toHaveProperty('NodeResourcesFit');
    expect(decisionOf('uid-nobody')).toBeUndefined();
  });
});
