import type { Pod } from '@geobuk/api';
import { pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import { StaleDisruptionController, staleAt } from './stale-disruption-controller.js';

const doomed = (condition: object = {}, base = pod('p')): Pod => ({
  ...base,
  status: {
    ...base.status,
    conditions: [
      { type: 'Ready', status: 'True' },
      {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'EvictionByEvictionAPI',
        lastTransitionTime: '2030-01-01T00:00:00Z',
        ...condition,
      },
    ],
  },
});
const leaving = { ...pod('p'), metadata: { ...pod('p').metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } };

describe('StaleDisruptionController', () => {
  it('5.13.5 takes the condition back after two minutes', async () => {
    await using world = await turnControllers([doomed()], (deps) => [new StaleDisruptionController(deps)]);
    const condition = () =>
      world.client.stored(pods)[0]?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    await world.settle(119_000);
    expect(condition()?.status).toBe('True');
    await world.settle(2_000);
    expect(condition()).toMatchObject({ status: 'False' });
    expect(world.client.stored(pods)[0]?.status?.conditions).toHaveLength(2);
  });

  it.each<[string, Pod, number | undefined]>([
    ['has a time', doomed(), Date.parse('2030-01-01T00:02:00Z')],
    ['has none when a kubelet ends it', doomed({ reason: 'TerminationByKubelet' }), undefined],
    ['has none when it is taken back already', doomed({ status: 'False' }), undefined],
    ['has none while the pod is being deleted', doomed({}, leaving), undefined],
    ['has none when the pod has ended', doomed({}, pod('p', { phase: 'Failed' })), undefined],
  ])('5.13.5 a condition %s', (_title, subject, expected) => {
    expect(staleAt(subject)).toBe(expected);
  });
});
