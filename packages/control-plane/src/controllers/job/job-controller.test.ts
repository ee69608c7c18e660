import type { Job, Pod } from '@geobuk/api';
import { jobs, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { finishPod, turnKubelet } from '../testing/fake-kubelet.js';
import { job } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { isTracked } from './job-pod.js';
import { JobController } from './job-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'work' };
const start = (spec: Partial<Job['spec']> = {}) =>
  turnControllers([job('work', spec)], (world) => [new JobController(world)]);
type Turning = Awaited<ReturnType<typeof start>>;
const running = (world: Turning): readonly Pod[] =>
  world.client
    .stored(pods)
    .filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded',
    );
const status = (world: Turning) => world.client.stored(jobs)[0]?.status;
const conditions = (world: Turning) =>
  (status(world)?.conditions ?? [])
    .filter((each) => each.status === 'True')
    .map(({ type, reason }) => `${type} ${reason ?? ''}`);
/** Lets the first running pod (or that of an index) end. */
const finish = async (world: Turning, exitCode: number, index?: number): Promise<void> => {
  const pod = running(world).find(
    ({ metadata }) =>
      index === undefined || metadata.annotations?.['batch.kubernetes.io/job-completion-index'] === String(index),
  );
  if (pod === undefined) throw new Error('no such pod runs');
  await finishPod(world, pod, exitCode);
  await world.settle();
};
const change = async (world: Turning, spec: object): Promise<void> => {
  await world.client.patch(jobs, key, { type: 'merge', body: { spec } }, { signal });
  await world.settle();
};

describe('JobController', () => {
  it('5.5.1 runs parallelism pods at a time until completions succeeded', async () => {
    await using world = await start({ completions: 3, parallelism: 2 });
    expect(running(world)).toHaveLength(2);
    await finish(world, 0);
    expect(running(world)).toHaveLength(2);
    await finish(world, 0);
    expect(running(world)).toHaveLength(1);
    await finish(world, 0);
    expect(status(world)).toMatchObject({ succeeded: 3, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(status(world)?.completionTime).toBeDefined();
    expect(conditions(world)).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  });

  it('5.5.2 takes every finalizer off and counts every pod once', async () => {
    await using world = await start({ completions: 20, parallelism: 5 });
    expect(running(world).every(isTracked)).toBe(true);
    for (let i = 0; i < 20; i += 1) await finish(world, 0);
    expect(status(world)?.succeeded).toBe(20);
    expect(world.client.stored(pods)).toHaveLength(20);
    expect(world.client.stored(pods).some(isTracked)).toBe(false);
  });

  it('5.5.2 lets go of pods whose Job was deleted and orphaned them', async () => {
    await using world = await start({ completions: 2, parallelism: 2 });
    await world.client.delete(jobs, key, { signal });
    await world.settle();
    expect(world.client.stored(pods).some(isTracked)).toBe(false);
  });

  it('5.5.1 fails beyond the back-off limit, and 5.5.3 waits 10 s, 20 s before the next try', async () => {
    await using world = await start({ backoffLimit: 2 });
    await finish(world, 1);
    expect(running(world)).toHaveLength(0);
    await world.settle(9_000);
    expect(running(world)).toHaveLength(0);
    await world.settle(1_000);
    expect(running(world)).toHaveLength(1);
    await finish(world, 1);
    await world.settle(19_000);
    expect(running(world)).toHaveLength(0);
    await world.settle(1_000);
    await finish(world, 1);
    expect(status(world)?.failed).toBe(3);
    expect(conditions(world)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
  });

  it('5.5.1 fails at its deadline and stops its pods', async () => {
    await using world = await start({ activeDeadlineSeconds: 60, completions: 2, parallelism: 2 });
    await turnKubelet(world);
    await world.settle(59_000);
    expect(conditions(world)).toEqual([]);
    await world.settle(2_000);
    expect(running(world)).toEqual([]);
    expect(conditions(world)).toContain('Failed DeadlineExceeded');
  });

  it('5.5.1 stops its pods when suspended, and starts anew when resumed', async () => {
    await using world = await start({ completions: 2, parallelism: 2, activeDeadlineSeconds: 100 });
    await change(world, { suspend: true });
    expect(running(world)).toEqual([]);
    expect(conditions(world)).toEqual(['Suspended JobSuspended']);
    await world.settle(500_000);
    expect(conditions(world)).toEqual(['Suspended JobSuspended']);
    await change(world, { suspend: false });
    expect(running(world)).toHaveLength(2);
    expect(status(world)?.startTime).toBe('2030-01-01T00:08:20Z');
  });

  it('5.5.1 follows a change of parallelism', async () => {
    await using world = await start({ completions: 10, parallelism: 2 });
    await change(world, { parallelism: 5 });
    expect(running(world)).toHaveLength(5);
    await change(world, { parallelism: 1 });
    expect(running(world)).toHaveLength(1);
  });

  it('5.5.1 without completions ends when one succeeded and none runs', async () => {
    const spec: Partial<Job['spec']> = { parallelism: 3, completions: undefined };
    await using world = await start(spec);
    await finish(world, 0);
    expect(running(world)).toHaveLength(2);
    expect(conditions(world)).toEqual([]);
    await finish(world, 0);
    await finish(world, 0);
    expect(conditions(world)).toContain('Complete CompletionsReached');
  });

  it('5.5.4 gives each index a pod of its own and counts indexes', async () => {
    await using world = await start({ completionMode: 'Indexed', completions: 5, parallelism: 3 });
    const [first] = running(world);
    expect(first?.metadata).toMatchObject({ labels: { 'batch.kubernetes.io/job-completion-index': '0' } });
    expect(first?.metadata.name).toMatch(/^work-0-/);
    expect(first?.spec.hostname).toBe('work-0');
    expect(first?.spec.containers[0]?.env?.[0]?.name).toBe('JOB_COMPLETION_INDEX');
    for (const index of [0, 2, 3, 4]) await finish(world, 0, index);
    expect(status(world)).toMatchObject({ completedIndexes: '0,2-4', succeeded: 4 });
    await finish(world, 0, 1);
    expect(status(world)).toMatchObject({ completedIndexes: '0-4', succeeded: 5 });
    expect(conditions(world)).toContain('Complete CompletionsReached');
  });

  it('5.5.5 fails at once for an exit code that cannot be mended', async () => {
    const rules = [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }];
    await using world = await start({ podFailurePolicy: { rules }, completions: 3, parallelism: 3 });
    await finish(world, 42);
    expect(running(world)).toEqual([]);
    expect(conditions(world)).toContain('Failed PodFailurePolicy');
  });

  it('5.5.5 does not count a failure that is to be ignored', async () => {
    const rules = [{ action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }];
    await using world = await start({ podFailurePolicy: { rules }, backoffLimit: 0 });
    const [pod] = running(world);
    const disrupted = { phase: 'Failed', conditions: [{ type: 'DisruptionTarget', status: 'True' }] };
    await world.client.updateStatus(pods, { ...(pod as Pod), status: disrupted }, { signal });
    await world.settle(20_000);
    expect(conditions(world)).toEqual([]);
    expect(status(world)?.failed).toBeUndefined();
    expect(running(world)).toHaveLength(1);
  });

  it('5.5.6 limits failures by index and goes on with the others', async () => {
    const spec = {
      completionMode: 'Indexed',
      completions: 2,
      parallelism: 2,
      backoffLimitPerIndex: 1,
      backoffLimit: 2 ** 31 - 1,
    };
    await using world = await start(spec);
    await finish(world, 1, 0);
    await world.settle(10_000);
    await finish(world, 1, 0);
    await world.settle(60_000);
    expect(status(world)).toMatchObject({ failedIndexes: '0', failed: 2 });
    expect(conditions(world)).toEqual([]);
    await finish(world, 0, 1);
    expect(status(world)?.completedIndexes).toBe('1');
    expect(conditions(world)).toContain('Failed FailedIndexes');
  });

  it('5.5.6 is content when its success policy is', async () => {
    const successPolicy = { rules: [{ succeededIndexes: '0,2', succeededCount: 1 }] };
    await using world = await start({ completionMode: 'Indexed', completions: 3, parallelism: 3, successPolicy });
    await finish(world, 0, 1);
    expect(conditions(world)).toEqual([]);
    await finish(world, 0, 2);
    expect(running(world)).toEqual([]);
    expect(conditions(world)).toContain('Complete SuccessPolicy');
  });

  it('5.5.7 says what is decided first and that it is over when the last pod has ended', async () => {
    await using world = await start({
      completions: 2,
      parallelism: 2,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
    });
    for (const pod of running(world)) {
      const bound = { ...pod, spec: { ...pod.spec, nodeName: 'n' } };
      await world.client.update(pods, bound, { signal });
    }
    await turnKubelet(world);
    await world.settle();
    await finish(world, 1);
    expect(conditions(world)).toEqual(['FailureTarget BackoffLimitExceeded']);
    expect(status(world)?.terminating).toBe(1);
    await turnKubelet(world);
    await world.settle();
    expect(conditions(world)).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
    expect(status(world)?.completionTime).toBeUndefined();
  });

  it('5.5.8 leaves a Job alone that somebody else manages', async () => {
    await using world = await start({ managedBy: 'example.com/other' });
    expect(world.client.stored(pods)).toEqual([]);
  });

  it('counts as before after a restart of the controller in the midst', async () => {
    await using world = await start({ completions: 4, parallelism: 4 });
    await finish(world, 0);
    await finish(world, 0);
    const objects = [...world.client.stored(jobs), ...world.client.stored(pods)];
    await using next = await turnControllers(objects, (made) => [new JobController(made)]);
    await finish(next, 0);
    await finish(next, 0);
    expect(next.client.stored(pods)).toHaveLength(4);
    expect(status(next)?.succeeded).toBe(4);
  });
});
