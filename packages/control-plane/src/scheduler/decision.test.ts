import type { Node, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../controllers/testing/objects.js';
import { ClusterState } from './cluster-state.js';
import { enoughNodes } from './decision.js';
import { podInfo } from './node-info.js';
import { outcomeOf as outcome, testCluster as cluster } from './testing/decide-with.js';

const pending = (spec: Partial<Pod['spec']> = {}): Pod => ({ ...pod('new', { phase: 'Pending', spec }) });
const asks = (requests: Record<string, string>): Partial<Pod['spec']> => ({
  containers: [{ name: 'c', image: 'i', resources: { requests } }],
});
const withSpec = (name: string, spec: Node['spec'], labels: Record<string, string> = {}): Node => {
  const made = node(name);
  return { ...made, metadata: { ...made.metadata, labels: { ...made.metadata.labels, ...labels } }, spec };
};

describe('decide', () => {
  it.each<[string, Partial<Pod['spec']>, readonly Node[], readonly Pod[], string]>([
    ['no nodes at all', {}, [], [], 'no nodes available to schedule pods'],
    [
      '6.2.1 every resource that is short is named',
      asks({ cpu: '5', memory: '9Gi' }),
      [node('a')],
      [],
      '0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.',
    ],
    [
      '6.2.1 matchFields on metadata.name asks no other node',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }],
            },
          },
        },
      },
      [node('a'), withSpec('b', { unschedulable: true })],
      [],
      "0/2 nodes are available: 1 node(s) didn't satisfy plugin(s) [NodeAffinity], 1 node(s) were unschedulable.",
    ],
    ['the only node', {}, [node('a')], [], 'a'],
    ['more CPU than there is', asks({ cpu: '5' }), [node('a')], [], '0/1 nodes are available: 1 Insufficient cpu.'],
    [
      'room that a running pod has taken',
      asks({ cpu: '3' }),
      [node('a')],
      [pod('x', { nodeName: 'a', spec: asks({ cpu: '2' }) })],
      '0/1 nodes are available: 1 Insufficient cpu.',
    ],
    [
      'a finished pod takes no room',
      asks({ cpu: '3' }),
      [node('a')],
      [pod('x', { nodeName: 'a', phase: 'Succeeded', spec: asks({ cpu: '2' }) })],
      'a',
    ],
    [
      'the emptier node',
      asks({ cpu: '1' }),
      [node('a'), node('b')],
      [pod('x', { nodeName: 'a', spec: asks({ cpu: '2', memory: '1Gi' }) })],
      'b',
    ],
    [
      'a cordoned node',
      {},
      [withSpec('a', { unschedulable: true })],
      [],
      '0/1 nodes are available: 1 node(s) were unschedulable.',
    ],
    [
      '6.2.3 a taint',
      {},
      [withSpec('a', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })],
      [],
      '0/1 nodes are available: 1 node(s) had untolerated taint {gpu: yes}.',
    ],
    [
      '6.2.3 a tolerated taint',
      { tolerations: [{ key: 'gpu', operator: 'Exists' }] },
      [withSpec('a', { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })],
      [],
      'a',
    ],
    [
      '6.2.3 a soft taint only as a last resort',
      {},
      [withSpec('a', { taints: [{ key: 'x', effect: 'PreferNoSchedule' }] }), node('b')],
      [],
      'b',
    ],
    [
      '6.2.4 a node selector',
      { nodeSelector: { disk: 'ssd' } },
      [node('a'), withSpec('b', {}, { disk: 'ssd' })],
      [],
      'b',
    ],
    [
      '6.2.4 a selector that nothing matches',
      { nodeSelector: { disk: 'ssd' } },
      [node('a')],
      [],
      "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'a taken host port',
      { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }] },
      [node('a')],
      [
        pod('x', {
          nodeName: 'a',
          spec: { containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }] }] },
        }),
      ],
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
    ],
    [
      'an extended resource nobody has',
      asks({ 'example.com/gpu': '1' }),
      [node('a')],
      [],
      '0/1 nodes are available: 1 Insufficient example.com/gpu.',
    ],
    [
      'different reasons are counted',
      asks({ cpu: '9' }),
      [node('a'), node('b'), withSpec('c', { unschedulable: true })],
      [],
      '0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.',
    ],
  ])('%s', (_title, spec, nodes, pods, expected) =>
    expect(outcome(pending(spec), cluster(nodes, pods))).toBe(expected),
  );

  it.each([
    ['In', ['a', 'b'], 'a', true],
    ['In', ['b'], 'a', false],
    ['NotIn', ['b'], 'a', true],
    ['NotIn', ['a'], undefined, true],
    ['Exists', [], 'a', true],
    ['Exists', [], undefined, false],
    ['DoesNotExist', [], undefined, true],
    ['Gt', ['3'], '4', true],
    ['Gt', ['4'], '4', false],
    ['Lt', ['5'], '4', true],
    ['Lt', ['5'], 'x', false],
  ])('required affinity: %s %j against %s is %s', (operator, values, label, fits) => {
    const wish = pending({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator, values }] }],
          },
        },
      },
    });
    expect(outcome(wish, cluster([withSpec('n', {}, label === undefined ? {} : { k: label })])) === 'n').toBe(fits);
  });

  it('6.2.2 counts an init container against the sidecars that run beside it', () => {
    const wish = pending({
      containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }],
      initContainers: [
        { name: 's', image: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'i', image: 'i', resources: { requests: { cpu: '3' } } },
      ],
    });
    expect(podInfo(wish).requests.cpuMillis).toBe(4000);
  });
});

describe('ClusterState', () => {
  it('6.1.4 counts an assumed pod once, also when its event comes back', () => {
    const state = cluster([node('a')]);
    const wish = pending(asks({ cpu: '1' }));
    state.assume(podInfo(wish), 'a');
    state.podChanged({ ...wish, spec: { ...wish.spec, nodeName: 'a' } }, wish);
    expect(state.byName.get('a')?.requested).toMatchObject({ cpuMillis: 1000, pods: 1 });
  });

  it('6.1.4 gives the room back when a binding fails', () => {
    const state = cluster([node('a')]);
    const info = podInfo(pending(asks({ cpu: '1' })));
    state.assume(info, 'a');
    state.forget(info);
    expect(state.byName.get('a')?.requested).toMatchObject({ cpuMillis: 0, pods: 0 });
  });

  it('knows pods whose node comes later', () => {
    const state = new ClusterState();
    state.podChanged(pod('x', { nodeName: 'a', spec: asks({ cpu: '2' }) }), undefined);
    state.nodeChanged(node('a'), undefined);
    expect(state.byName.get('a')?.requested.cpuMillis).toBe(2000);
  });
});

describe('enoughNodes', () => {
  it.each([
    [50, 50],
    [100, 100],
    [1000, 420], // 50 - 1000/125 = 42 %
    [5000, 500],
    [10000, 500],
  ])('of %i nodes looks for %i', (count, expected) => expect(enoughNodes(count)).toBe(expected));
});
