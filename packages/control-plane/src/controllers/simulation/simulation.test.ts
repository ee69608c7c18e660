import type { CronJob, Job, Pod } from '@geobuk/api';
import { controllerRevisions, cronJobs, deployments, jobs, pods, replicaSets, statefulSets } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { isFinished } from '../job/job-diff.js';
import { isPodReady } from '../pod-state.js';
import { deployment, job, statefulSet } from '../testing/objects.js';
import { Simulation, removeOwner } from './simulation.js';

const seeds = [1, 2, 3];
const signal = new AbortController().signal;
const faults = { refusals: 0.1, restarts: 0.03, lostWatches: 0.05 };
const forEver = (): undefined => undefined;
const web = { namespace: 'default', name: 'web' };
const alive = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
const image = (number: number) => ({ template: { spec: { containers: [{ name: 'c', image: `i:${number}` }] } } });

describe.each(seeds)('seed %i', (seed) => {
  it('5.2.2 rollouts never go beyond maxSurge, nor below minAvailable', async () => {
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 1 } };
    await using world = new Simulation({
      seed,
      ...faults,
      objects: [deployment('web', 6, { strategy })],
      fate: forEver,
    });
    world.start();
    await world.calm(2_000, 20);
    for (let rollout = 2; rollout < 6; rollout += 1) {
      await world.client.patch(deployments, web, { type: 'merge', body: { spec: image(rollout) } }, { signal });
      // Now and then the next rollout comes before the last has ended.
      for (let step = 0; step < 15 + world.random() * 20; step += 1) {
        await world.step(3_000);
        const running = world.client.stored(pods).filter(alive);
        expect(running.length).toBeLessThanOrEqual(8);
        expect(running.filter(isPodReady).length).toBeGreaterThanOrEqual(5);
        const wanted = world.client.stored(replicaSets).reduce((sum, { spec }) => sum + (spec.replicas ?? 0), 0);
        expect(wanted).toBeLessThanOrEqual(8);
      }
    }
    await world.calm(10_000);
    const final = world.client.stored(pods);
    expect(final.map(({ spec }) => spec.containers[0]?.image)).toEqual(Array.from({ length: 6 }, () => 'i:5'));
    const [owner] = world.client.stored(deployments);
    if (owner !== undefined) await removeOwner(world, deployments, owner);
    await world.calm(10_000, 20);
    expect([...world.client.stored(replicaSets), ...world.client.stored(pods)]).toEqual([]);
  });

  it('5.3.2 a StatefulSet never has two pods of one ordinal, and goes step by step', async () => {
    const fate = (_pod: Pod, random: () => number) => (random() < 0.02 ? 1 : undefined);
    await using world = new Simulation({ seed, ...faults, objects: [statefulSet('web', 4)], fate });
    world.start();
    const known = new Set<string>();
    for (let step = 0; step < 120; step += 1) {
      if (step % 30 === 15) {
        const spec = { ...image(step), replicas: 2 + Math.floor(world.random() * 4) };
        await world.client.patch(statefulSets, web, { type: 'merge', body: { spec } }, { signal });
      }
      await world.step(3_000);
      const all = world.client.stored(pods);
      const ordinals = all.map(({ metadata }) => metadata.labels?.['apps.kubernetes.io/pod-index']);
      expect(new Set(ordinals).size).toBe(ordinals.length);
      // One step at a time: the next is made when the one before is ready, and nodes only work between the steps.
      const fresh = all.filter(({ metadata }) => !known.has(metadata.uid ?? ''));
      expect(fresh.length).toBeLessThanOrEqual(1);
      for (const { metadata } of fresh) known.add(metadata.uid ?? '');
    }
    await world.calm(10_000, 60);
    const [set] = world.client.stored(statefulSets);
    expect(world.client.stored(pods).filter(alive).length).toBeGreaterThanOrEqual((set?.spec.replicas ?? 0) - 1);
    if (set !== undefined) await removeOwner(world, statefulSets, set);
    await world.calm(10_000, 20);
    expect([...world.client.stored(controllerRevisions), ...world.client.stored(pods)]).toEqual([]);
  });

  it('5.5.2 a Job counts every end of a pod exactly once', async () => {
    const fate = (_pod: Pod, random: () => number) => (random() < 0.5 ? undefined : random() < 0.2 ? 1 : 0);
    const spec: Partial<Job['spec']> = { completions: 25, parallelism: 4, backoffLimit: 1_000 };
    await using world = new Simulation({ seed, ...faults, objects: [job('work', spec)], fate });
    world.start();
    for (let step = 0; step < 400; step += 1) {
      await world.step(20_000);
      expect(world.client.stored(pods).filter(alive).length).toBeLessThanOrEqual(4);
      const status = world.client.stored(jobs)[0]?.status;
      const ended = (code: number) => world.endings.filter(({ exitCode }) => (exitCode === 0) === (code === 0)).length;
      expect(status?.succeeded ?? 0).toBeLessThanOrEqual(ended(0));
      expect(status?.failed ?? 0).toBeLessThanOrEqual(ended(1));
      const [subject] = world.client.stored(jobs);
      if (subject !== undefined && isFinished(subject)) break;
    }
    await world.calm(20_000, 10);
    const [{ status } = {}] = world.client.stored(jobs);
    expect(status?.succeeded).toBe(25);
    expect(world.endings.filter(({ exitCode }) => exitCode === 0)).toHaveLength(25);
    expect(status?.failed ?? 0).toBe(world.endings.filter(({ exitCode }) => exitCode !== 0).length);
    expect(world.client.stored(pods).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0)).toEqual([]);
  });

  it('5.6.2 two days of a CronJob: each run once, with Forbid never two at a time', async () => {
    const cron: CronJob = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: 'default', uid: 'uid-tick', creationTimestamp: '2030-01-01T00:00:00Z' },
      spec: {
        schedule: '0 */2 * * *',
        concurrencyPolicy: 'Forbid',
        jobTemplate: { spec: job('x', { selector: undefined }).spec },
      },
    };
    await using world = new Simulation({ seed, ...faults, objects: [cron], fate: () => 0 });
    world.start();
    const seen = new Set<string>();
    for (let step = 0; step < (48 * 60) / 10; step += 1) {
      await world.step(600_000);
      const all = world.client.stored(jobs);
      expect(all.filter((each) => !isFinished(each)).length).toBeLessThanOrEqual(1);
      for (const { metadata } of all) seen.add(metadata.name ?? '');
    }
    await world.calm(60_000, 5);
    for (const { metadata } of world.client.stored(jobs)) seen.add(metadata.name ?? '');
    expect(seen.size).toBe(24);
    const [owner] = world.client.stored(cronJobs);
    expect(owner?.status?.lastScheduleTime).toBe('2030-01-03T00:00:00Z');
    if (owner !== undefined) await removeOwner(world, cronJobs, owner);
    await world.calm(10_000, 20);
    expect([...world.client.stored(jobs), ...world.client.stored(pods)]).toEqual([]);
  });
});
