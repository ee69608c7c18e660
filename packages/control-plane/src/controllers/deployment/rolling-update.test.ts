import type { ReplicaSet } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { deployment, replicaSet } from '../testing/objects.js';
import { scaleProportionally } from './proportional-scaling.js';
import { fenceposts, newReplicaSetSize, scaledValue, shrinkOld } from './rolling-update.js';

const sized = (
  name: string,
  replicas: number,
  available = replicas,
  annotations?: Record<string, string>,
): ReplicaSet => {
  const rs = replicaSet(name, replicas);
  return {
    ...rs,
    metadata: {
      ...rs.metadata,
      creationTimestamp: `2029-01-01T00:00:0${name.length}Z`,
      ...(annotations ? { annotations } : {}),
    },
    status: { replicas, availableReplicas: available },
  };
};
const rolling = (replicas: number, maxSurge: number | string, maxUnavailable: number | string) =>
  deployment('web', replicas, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } });

describe('scaledValue', () => {
  it.each<[number | string, number, boolean, number]>([
    ['25%', 10, true, 3],
    ['25%', 10, false, 2],
    ['0%', 10, true, 0],
    ['100%', 3, true, 3],
    [4, 10, true, 4],
  ])('5.2.2 %s of %i, up %s, is %i', (value, total, up, expected) =>
    expect(scaledValue(value, total, up)).toBe(expected),
  );
});

describe('fenceposts', () => {
  it('5.2.2 lets one pod be unavailable where both limits round to nothing', () => {
    expect(fenceposts(rolling(1, '0%', '25%'))).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  });
});

describe('newReplicaSetSize', () => {
  it.each<[string, number, number | string, number, number, number]>([
    ['grows by the surge', 10, 3, 0, 10, 3],
    ['stays while there is no room', 10, 3, 3, 13, 3],
    ['never grows past what is wanted', 10, '100%', 8, 10, 10],
    ['shrinks to what is wanted', 5, 1, 8, 8, 5],
  ])('%s', (_title, wanted, surge, current, total, expected) => {
    expect(newReplicaSetSize(rolling(wanted, surge, 0), current, total)).toBe(expected);
  });
});

describe('shrinkOld', () => {
  const sizes = (scales: ReturnType<typeof shrinkOld>): Record<string, number> =>
    Object.fromEntries(scales.map(({ replicaSet: rs, replicas }) => [rs.metadata.name, replicas]));

  it('keeps as many available as must be', () => {
    expect(sizes(shrinkOld(rolling(10, 3, 2), sized('new', 3, 0), [sized('old', 10)]))).toEqual({ old: 8 });
  });

  it('5.2.2 takes unhealthy pods first, wherever they are', () => {
    expect(sizes(shrinkOld(rolling(10, 0, 2), sized('new', 2), [sized('a', 4), sized('bb', 4, 2)]))).toEqual({ bb: 2 });
  });

  it('does nothing while nothing may be missing', () => {
    expect(shrinkOld(rolling(3, 1, 0), sized('new', 1, 0), [sized('old', 3)])).toEqual([]);
  });
});

describe('shrinkOld with a status that lags', () => {
  it('5.2.2 does not count on pods that an old set was just told to remove', () => {
    const [step] = shrinkOld(rolling(6, 2, 1), sized('new', 2, 1), [sized('old', 5, 6)]);
    expect(step?.replicas).toBe(4);
  });
});

describe('scaleProportionally', () => {
  const annotations = {
    'deployment.kubernetes.io/desired-replicas': '10',
    'deployment.kubernetes.io/max-replicas': '13',
  };

  it('5.2.4 shares what is added by size, as the documentation counts it (10 to 15 with 3 surge: 8 + 5 become 11 + 7)', () => {
    const scales = scaleProportionally(rolling(15, 3, 2), sized('new', 5, 0, annotations), [
      sized('old', 8, 8, annotations),
    ]);
    expect(scales.map(({ replicaSet: rs, replicas }) => [rs.metadata.name, replicas])).toEqual([
      ['old', 11],
      ['new', 7],
    ]);
  });

  it('5.2.4 gives all to the only active one', () => {
    expect(
      scaleProportionally(rolling(4, 1, 1), sized('new', 2), [sized('old', 0)]).map(({ replicas }) => replicas),
    ).toEqual([4]);
  });
});
