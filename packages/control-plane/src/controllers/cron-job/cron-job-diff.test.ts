import type { CronJob, Job } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { job } from '../testing/objects.js';
import { CronSchedule, ScheduleError } from './cron-schedule.js';
import { diffCronJob, jobOfRun } from './cron-job-diff.js';

const at = (text: string): number => Date.parse(`2030-01-${text}Z`);
const cron = (spec: Partial<CronJob['spec']> = {}, status: CronJob['status'] = {}): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'tick', namespace: 'default', uid: 'uid-tick', creationTimestamp: '2030-01-01T00:00:30Z' },
  spec: { schedule: '*/10 * * * *', jobTemplate: { spec: { template: {} } }, ...spec },
  status,
});
const ended = (name: string, type: 'Complete' | 'Failed', startTime: string): Job => ({
  ...job(name),
  status: { startTime, conditions: [{ type, status: 'True' }] },
});
const text = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(8, 16);

describe('CronSchedule', () => {
  it.each<[string, string | undefined, string, string]>([
    ['*/15 * * * *', undefined, '01T00:00:00', '01T00:15'],
    ['30 4 1,15 * 5', undefined, '02T00:00:00', '04T04:30'], // day of month or day of week, as cron has it
    ['0 0 * JAN MON', undefined, '01T00:00:00', '07T00:00'],
    ['0 9 * * MON-FRI', 'America/New_York', '01T00:00:00', '01T14:00'],
    ['0 9 * * *', 'Asia/Seoul', '01T00:30:00', '02T00:00'],
    ['@daily', undefined, '01T05:00:00', '02T00:00'],
    ['@hourly', undefined, '01T05:00:00', '01T06:00'],
    ['@every 90m', undefined, '01T00:00:00', '01T01:30'],
  ])('5.6.1 %s in %s after %s', (schedule, zone, after, expected) => {
    expect(text(new CronSchedule(schedule, zone).next(at(after)))).toBe(expected);
  });

  it.each(['', '* * * *', '61 * * * *', '* * * * * *', '@sometimes', '@every soon'])('refuses "%s"', (schedule) => {
    expect(() => new CronSchedule(schedule, undefined)).toThrow(ScheduleError);
  });

  it('5.6.1 finds the last of very many missed times quickly', () => {
    const { latest, tooMany } = new CronSchedule('* * * * *', undefined).missed(
      Date.parse('2020-01-01T00:00:00Z'),
      at('05T12:34:30'),
    );
    expect([text(latest), tooMany]).toEqual(['05T12:34', true]);
  });
});

describe('diffCronJob', () => {
  const running = {
    ...job('tick-1'),
    metadata: { name: 'tick-1', uid: 'uid-1', creationTimestamp: '2030-01-01T00:10:00Z' },
  };
  it.each<[string, CronJob, readonly Job[], string, string | undefined, number]>([
    ['waits for the first time', cron(), [], '01T00:09:00', undefined, 0],
    ['5.6.1 starts when it has come', cron(), [], '01T00:10:00', '01T00:10', 0],
    ['5.6.1 starts only the latest of several', cron(), [], '01T01:05:00', '01T01:00', 0],
    [
      'does not start a run again',
      cron({}, { lastScheduleTime: '2030-01-01T01:00:00Z' }),
      [],
      '01T01:05:00',
      undefined,
      0,
    ],
    ['5.6.1 not later than the deadline', cron({ startingDeadlineSeconds: 60 }), [], '01T00:15:00', undefined, 0],
    ['5.6.1 within the deadline', cron({ startingDeadlineSeconds: 600 }), [], '01T00:15:00', '01T00:10', 0],
    ['5.6.2 not while suspended', cron({ suspend: true }), [], '01T00:10:00', undefined, 0],
    ['5.6.2 Allow: beside another', cron(), [running], '01T00:20:00', '01T00:20', 0],
    ['5.6.2 Forbid: not beside another', cron({ concurrencyPolicy: 'Forbid' }), [running], '01T00:20:00', undefined, 0],
    [
      '5.6.2 Replace: in place of another',
      cron({ concurrencyPolicy: 'Replace' }),
      [running],
      '01T00:20:00',
      '01T00:20',
      1,
    ],
  ])('%s', (_title, subject, owned, now, start, replaced) => {
    const plan = diffCronJob(subject, owned, at(now));
    expect([text(plan.start), plan.replace.length]).toEqual([start, replaced]);
  });

  it('5.6.1 tells of too many missed times, and still starts the latest', () => {
    const plan = diffCronJob(cron({ schedule: '* * * * *' }), [], at('03T00:00:30'));
    expect(plan.warning?.reason).toBe('TooManyMissedTimes');
    expect(text(plan.start)).toBe('03T00:00');
  });

  it('5.6.2 keeps as many finished Jobs as the limits say, the newest', () => {
    const history = [
      ended('a', 'Complete', '2030-01-01T00:10:00Z'),
      ended('b', 'Complete', '2030-01-01T00:20:00Z'),
      ended('c', 'Complete', '2030-01-01T00:30:00Z'),
      ended('x', 'Failed', '2030-01-01T00:40:00Z'),
      ended('y', 'Failed', '2030-01-01T00:50:00Z'),
    ];
    const plan = diffCronJob(cron({ successfulJobsHistoryLimit: 2 }), history, at('01T00:05:00'));
    expect(plan.expired.map(({ metadata }) => metadata.name)).toEqual(['a', 'x']);
  });

  it('5.6.2 names the Job by its minute and stamps it in its zone', () => {
    const made = jobOfRun(cron({ timeZone: 'Asia/Seoul' }), at('01T00:10:00'));
    expect(made.metadata).toMatchObject({
      name: `tick-${at('01T00:10:00') / 60_000}`,
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2030-01-01T09:10:00+09:00' },
      ownerReferences: [{ kind: 'CronJob', uid: 'uid-tick', controller: true }],
    });
  });
});
