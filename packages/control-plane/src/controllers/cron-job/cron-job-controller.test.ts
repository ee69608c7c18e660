import type { CronJob } from '@geobuk/api';
import { cronJobs, jobs, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { JobController } from '../job/job-controller.js';
import { finishPod } from '../testing/fake-kubelet.js';
import { job } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { TtlAfterFinishedController } from '../ttl-after-finished/ttl-after-finished-controller.js';
import { CronJobController } from './cron-job-controller.js';

const cron = (spec: Partial<CronJob['spec']> = {}): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'tick', namespace: 'default', uid: 'uid-tick' },
  spec: {
    schedule: '0 * * * *',
    jobTemplate: { spec: { parallelism: 1, completions: 1, template: { spec: { containers: [] } } } },
    ...spec,
  },
});
const start = (...objects: Parameters<typeof turnControllers>[0]) =>
  turnControllers(objects, (world) => [
    new CronJobController(world),
    new JobController(world),
    new TtlAfterFinishedController(world),
  ]);
const finishAll = async (world: Awaited<ReturnType<typeof start>>): Promise<void> => {
  for (const pod of world.client.stored(pods)) if (pod.status?.phase === 'Pending') await finishPod(world, pod, 0);
  await world.settle();
};

describe('CronJobController', () => {
  it('5.6.2 runs once each hour of a day and keeps three', async () => {
    await using world = await start(cron());
    await world.settle(1_000);
    for (let hour = 0; hour < 24; hour += 1) {
      await world.settle(3_600_000);
      await finishAll(world);
    }
    expect(world.events.filter((event) => event.includes('Created job'))).toHaveLength(24);
    expect(world.client.stored(jobs)).toHaveLength(3);
    const [{ status } = {}] = world.client.stored(cronJobs);
    expect(status?.active).toBeUndefined();
    expect(status?.lastScheduleTime).toBe('2030-01-02T00:00:00Z');
    expect(status?.lastSuccessfulTime).toBe('2030-01-02T00:00:01Z');
  });

  it('5.6.2 lists what runs', async () => {
    await using world = await start(cron());
    await world.settle(3_601_000);
    expect(world.client.stored(cronJobs)[0]?.status?.active).toMatchObject([{ kind: 'Job' }]);
  });

  it('tells of a schedule that is none', async () => {
    await using world = await start(cron({ schedule: 'often' }));
    await world.settle(1_000_000);
    expect(world.events).toEqual(['Warning UnparseableSchedule unparseable schedule: often']);
  });
});

describe('TtlAfterFinishedController', () => {
  it('5.15.1 deletes a finished Job after its time, in the foreground', async () => {
    await using world = await start(job('work', { ttlSecondsAfterFinished: 100 }));
    await finishAll(world);
    await world.settle(99_000);
    expect(world.client.stored(jobs)[0]?.metadata.deletionTimestamp).toBeUndefined();
    await world.settle(2_000);
    expect(world.client.stored(jobs)[0]?.metadata.finalizers).toEqual(['foregroundDeletion']);
  });
});
