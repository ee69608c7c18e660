import type { Node, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../../controllers/testing/objects.js';
import { brokenLine } from './broken-line.js';
import type { NodeResourcesFitArgs } from '../scheduler-config.js';
import { decideOn, outcomeOf, testCluster, testFramework } from '../testing/decide-with.js';

const asks = (cpu: string, memory: string): Pod['spec'] => ({
  containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory } } }],
});
const scoresOf = (
  plugin: string,
  wish: Pod,
  nodes: readonly Node[],
  pods: readonly Pod[],
  args?: NodeResourcesFitArgs,
) => {
  const config =
    args === undefined ? {} : { profiles: [{ pluginConfig: [{ name: 'NodeResourcesFit' as const, args }] }] };
  const decision = decideOn(wish, testCluster(nodes, pods), testFramework({ config }));
  if (decision.kind !== 'bind') throw new Error(decision.message);
  return Object.fromEntries(decision.scores.map(({ node: name, byPlugin }) => [name, byPlugin[plugin]]));
};

describe('6.3.1 NodeResourcesFit', () => {
  const running = [pod('x', { nodeName: 'a', spec: asks('1', '4Gi') })];
  const wish = pod('new', { phase: 'Pending', spec: asks('1', '2Gi') });
  const nodes = [node('a'), node('b')]; // 4 CPU, 8 GiB each
  it.each<[string, NodeResourcesFitArgs | undefined, number, number]>([
    // a: CPU (4-2)/4 = 50, memory (8-6)/8 = 25, mean 37; b: 75 and 75
    ['LeastAllocated', undefined, 37, 75],
    // a: 50 and 75, mean 62; b: 25 and 25
    ['MostAllocated', { scoringStrategy: { type: 'MostAllocated' } }, 62, 25],
    // weights 3 and 1: a: (3*50 + 25)/4 = 43; b: 75
    [
      'weighted resources',
      {
        scoringStrategy: {
          resources: [
            { name: 'cpu', weight: 3 },
            { name: 'memory', weight: 1 },
          ],
        },
      },
      43,
      75,
    ],
    // 0 % in use 0 points, 100 % 10 points: the same as MostAllocated, rounded
    [
      'RequestedToCapacityRatio',
      {
        scoringStrategy: {
          type: 'RequestedToCapacityRatio',
          requestedToCapacityRatio: {
            shape: [
              { utilization: 0, score: 0 },
              { utilization: 100, score: 10 },
            ],
          },
        },
      },
      63,
      25,
    ],
  ])('%s', (_title, args, a, b) => expect(scoresOf('NodeResourcesFit', wish, nodes, running, args)).toEqual({ a, b }));

  it('even use is preferred: |0.5 - 0.75| / 2 off 100', () => {
    expect(scoresOf('NodeResourcesBalancedAllocation', wish, nodes, running)).toEqual({ a: 87, b: 100 });
  });

  it.each([
    [0, 100],
    [25, 75],
    [50, 50],
    [75, 50],
    [100, 50],
  ])('a shape with a bend: %i %% in use is %i points', (used, points) =>
    expect(
      brokenLine([
        { utilization: 0, score: 10 },
        { utilization: 50, score: 5 },
      ])(used, 100),
    ).toBe(points),
  );

  it('ignores resources that an extender manages', () => {
    const gpu = pod('new', {
      phase: 'Pending',
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { 'example.com/gpu': '1' } } }] },
    });
    const config = {
      profiles: [
        { pluginConfig: [{ name: 'NodeResourcesFit' as const, args: { ignoredResourceGroups: ['example.com'] } }] },
      ],
    };
    expect(outcomeOf(gpu, testCluster([node('a')]))).toContain('Insufficient example.com/gpu');
    expect(outcomeOf(gpu, testCluster([node('a')]), testFramework({ config }))).toBe('a');
  });
});

describe('6.3.1 ImageLocality', () => {
  const withImage = (name: string, megabytes: number): Node => {
    const made = node(name);
    const images = [{ names: ['shop/web:latest'], sizeBytes: megabytes * 1024 * 1024 }];
    return { ...made, status: { ...made.status, images } };
  };
  const wish = pod('new', { phase: 'Pending', spec: { containers: [{ name: 'c', image: 'shop/web' }] } });
  it.each([
    // on 1 of 2 nodes: 523 MB count half, 261 MB; (261-23)/(1000-23) = 24 %
    ['an image on one of two nodes counts half', [withImage('a', 523), node('b')], 24],
    ['an image on all nodes counts whole', [withImage('a', 523), withImage('b', 523)], 51],
    ['a small image counts nothing', [withImage('a', 20), withImage('b', 20)], 0],
    ['a huge image counts 100', [withImage('a', 5000), withImage('b', 5000)], 100],
  ])('%s', (_title, nodes, expected) => expect(scoresOf('ImageLocality', wish, nodes, [])['a']).toBe(expected));
});
