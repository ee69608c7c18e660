import type { Pod, PodDisruptionBudget } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../../controllers/testing/objects.js';
import { podInfo } from '../node-info.js';
import { decideOn, testCluster, testFramework } from '../testing/decide-with.js';
import { NominatedPods } from './nominated-pods.js';
import { findVictims } from './preemption.js';

const runs = (
  name: string,
  nodeName: string,
  cpu: string,
  priority: number,
  startTime = '2029-12-31T00:00:00Z',
): Pod => {
  const made = pod(name, {
    nodeName,
    labels: { app: name },
    spec: { priority, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
  });
  return { ...made, status: { ...made.status, startTime } };
};
const wish = (cpu: string, priority: number, extra: Partial<Pod['spec']> = {}): Pod =>
  pod('new', {
    phase: 'Pending',
    spec: { priority, containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }], ...extra },
  });
const budget = (app: string, disruptionsAllowed: number): PodDisruptionBudget => ({
  metadata: { name: app, namespace: 'default' },
  spec: { selector: { matchLabels: { app } } },
  status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
});

function preempt(
  pending: Pod,
  nodes: readonly string[],
  pods: readonly Pod[],
  budgets: readonly PodDisruptionBudget[] = [],
) {
  const cluster = testCluster(
    nodes.map((name) => node(name)),
    pods,
  );
  const before = nodes.map((name) => cluster.byName.get(name)?.requested.cpuMillis);
  const framework = testFramework();
  const decision = decideOn(pending, cluster, framework);
  if (decision.kind !== 'unschedulable') throw new Error('it fits');
  const nominations = new NominatedPods();
  const found = findVictims({ pod: podInfo(pending), cluster, framework, decision, nominations, budgets, start: 0 });
  expect(nodes.map((name) => cluster.byName.get(name)?.requested.cpuMillis)).toEqual(before); // all put back
  return found.kind === 'victims'
    ? `${found.victims.node}: ${found.victims.pods.map((info) => info.pod.metadata.name).join(' ')}`
    : found.message;
}

describe('6.4.1 preemption', () => {
  it.each<[string, Pod, readonly string[], readonly Pod[], readonly PodDisruptionBudget[], string]>([
    ['takes the place of a less important pod', wish('4', 10), ['a'], [runs('x', 'a', '4', 1)], [], 'a: x'],
    [
      'spares what need not go: the more important first',
      wish('2', 10),
      ['a'],
      [runs('x', 'a', '2', 1), runs('y', 'a', '2', 5)],
      [],
      'a: x',
    ],
    [
      'never takes the place of an equal',
      wish('4', 10),
      ['a'],
      [runs('x', 'a', '4', 10)],
      [],
      '0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    ],
    [
      'preemptionPolicy Never waits',
      wish('4', 10, { preemptionPolicy: 'Never' }),
      ['a'],
      [runs('x', 'a', '4', 1)],
      [],
      'not eligible due to preemptionPolicy=Never.',
    ],
    [
      'says where it cannot help: a node that would be too small when empty',
      wish('5', 10),
      ['a'],
      [runs('x', 'a', '4', 1)],
      [],
      '0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    ],
    [
      'fewest broken budgets come first',
      wish('4', 10),
      ['a', 'b'],
      [runs('x', 'a', '4', 1), runs('y', 'b', '4', 2)],
      [budget('x', 0), budget('y', 1)],
      'b: y',
    ],
    [
      'a broken budget is no bar when there is no other way',
      wish('4', 10),
      ['a'],
      [runs('x', 'a', '4', 1)],
      [budget('x', 0)],
      'a: x',
    ],
    [
      'on one node the protected pod is spared',
      wish('2', 10),
      ['a'],
      [runs('x', 'a', '2', 1), runs('y', 'a', '2', 5)],
      [budget('x', 0)],
      'a: y',
    ],
    [
      'then the lowest highest priority',
      wish('4', 10),
      ['a', 'b'],
      [runs('x', 'a', '4', 5), runs('y', 'b', '2', 4), runs('z', 'b', '2', 4)],
      [],
      'b: y z',
    ],
    [
      'then the lowest sum of priorities',
      wish('4', 10),
      ['a', 'b'],
      [runs('w', 'a', '2', 5), runs('x', 'a', '2', 4), runs('y', 'b', '2', 5), runs('z', 'b', '2', 3)],
      [],
      'b: y z',
    ],
    [
      'then the one that started last',
      wish('4', 10),
      ['a', 'b'],
      [runs('x', 'a', '4', 1, '2029-12-01T00:00:00Z'), runs('y', 'b', '4', 1, '2029-12-02T00:00:00Z')],
      [],
      'b: y',
    ],
  ])('%s', (_title, pending, nodes, pods, budgets, expected) =>
    expect(preempt(pending, nodes, pods, budgets)).toBe(expected),
  );
});
