import type { DaemonSet, Lease, Node, Pod, ResourceQuota } from '@geobuk/api';
import { daemonSets, jobs, nodes, pods, resourceQuotas } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { nodeOfDaemon } from '../daemon-set/daemon-set-diff.js';
import { isFinished } from '../job/job-diff.js';
import { deployment, job, node } from '../testing/objects.js';
import { Simulation } from './simulation.js';

const seeds = [1, 2, 3];
const signal = new AbortController().signal;
const faults = { refusals: 0.1, restarts: 0.03, lostWatches: 0.05 };
const forEver = (): undefined => undefined;
const alive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
const isDown = (pod: Pod): boolean =>
  !(pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
const lease = (name: string): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'kube-node-lease', uid: `uid-lease-${name}` },
  spec: { renewTime: '2030-01-01T00:00:00.000000Z' },
});
const machines = (count: number): readonly (Node | Lease)[] =>
  Array.from({ length: count }, (_, i) => `n${i}`).flatMap((name) => [node(name), lease(name)]);
const unreachable = 'node.kubernetes.io/unreachable';
const evictable = (spec: Pod['spec']): Pod['spec'] => ({
  ...spec,
  tolerations: [{ key: unreachable, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }],
});

describe.each(seeds)('seed %i', (seed) => {
  it('5.4.4 a DaemonSet never has two running pods on a node, nor more down than it may while it rolls out', async () => {
    const agent: DaemonSet = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent', namespace: 'default', uid: 'uid-agent', generation: 1 },
      spec: {
        selector: { matchLabels: { app: 'agent' } },
        template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 2, maxSurge: 0 } },
      },
    };
    await using world = new Simulation({ seed, ...faults, objects: [agent, ...machines(6)], fate: forEver });
    world.start();
    await world.calm(2_000, 20);
    const body = { spec: { template: { spec: { containers: [{ name: 'c', image: 'i:2' }] } } } };
    await world.client.patch(daemonSets, { namespace: 'default', name: 'agent' }, { type: 'merge', body }, { signal });
    for (let step = 0; step < 60; step += 1) {
      await world.step(3_000);
      const running = world.client.stored(pods).filter(alive);
      const places = running.map(nodeOfDaemon);
      expect(new Set(places).size).toBe(places.length);
      expect(running.filter((pod) => !isDown(pod)).length).toBeGreaterThanOrEqual(4);
    }
    await world.calm(3_000, 40);
    expect(world.client.stored(pods).map(({ spec }) => spec.containers[0]?.image)).toEqual(
      Array.from({ length: 6 }, () => 'i:2'),
    );
  });

  it('5.9.3 pods of a dead node run elsewhere, and go for good when their node is removed', async () => {
    const web = deployment('web', 6);
    const template = { ...web.spec.template, spec: evictable(web.spec.template.spec as Pod['spec']) };
    const objects = [{ ...web, spec: { ...web.spec, template } }, ...machines(4)];
    await using world = new Simulation({ seed, ...faults, objects, fate: forEver });
    world.start();
    await world.calm(2_000, 15);
    world.dead.add('n1');
    for (let step = 0; step < 40; step += 1) await world.step(5_000);
    await world.calm(5_000, 30);
    const ready = () => world.client.stored(pods).filter((pod) => alive(pod) && !isDown(pod));
    expect(ready()).toHaveLength(6);
    expect(ready().some(({ spec }) => spec.nodeName === 'n1')).toBe(false);
    // What its kubelet cannot let go of stays, marked, until the node itself is removed.
    world.client
      .stored(pods)
      .filter(({ spec }) => spec.nodeName === 'n1')
      .forEach(({ metadata }) => expect(metadata.deletionTimestamp).toBeDefined());
    await world.client.delete(nodes, { name: 'n1' }, { signal });
    await world.calm(10_000, 15);
    expect(world.client.stored(pods).filter(({ spec }) => spec.nodeName === 'n1')).toEqual([]);
  });

  it('5.5.4 an indexed Job never runs an index twice at once, and ends with each done once', async () => {
    const work = job('work', { completions: 12, parallelism: 5, backoffLimit: 1_000, completionMode: 'Indexed' });
    const fate = (_pod: Pod, random: () => number) => (random() < 0.5 ? undefined : random() < 0.3 ? 1 : 0);
    await using world = new Simulation({ seed, ...faults, objects: [work], fate });
    world.start();
    const indexOf = ({ metadata }: Pod): string => metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? '';
    for (let step = 0; step < 300; step += 1) {
      await world.step(20_000);
      const indexes = world.client.stored(pods).filter(alive).map(indexOf);
      expect(new Set(indexes).size).toBe(indexes.length);
      const [subject] = world.client.stored(jobs);
      if (subject !== undefined && isFinished(subject)) break;
    }
    await world.calm(20_000, 10);
    expect(world.client.stored(jobs)[0]?.status).toMatchObject({ succeeded: 12, completedIndexes: '0-11' });
  });

  it('5.15.2 a quota counts what there is at rest, whatever was lost on the way', async () => {
    const quota: ResourceQuota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'q', namespace: 'default', uid: 'uid-q' },
      spec: { hard: { pods: '100', 'count/pods': '100' } },
    };
    const work = job('work', { completions: 10, parallelism: 4, backoffLimit: 1_000 });
    const fate = (pod: Pod, random: () => number) =>
      pod.metadata.labels?.['app'] === 'web' || random() < 0.6 ? undefined : 0;
    await using world = new Simulation({ seed, ...faults, objects: [quota, work, deployment('web', 5)], fate });
    world.start();
    for (let step = 0; step < 60; step += 1) await world.step(10_000);
    await world.calm(10_000, 40);
    await world.clock.advance(10_000); // what the nodes did last is seen and counted
    const all = world.client.stored(pods);
    const hasEnded = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
    expect(world.client.stored(resourceQuotas)[0]?.status?.used).toEqual({
      pods: String(all.filter((pod) => !hasEnded(pod)).length),
      'count/pods': String(all.length),
    });
  });
});
