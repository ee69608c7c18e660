import type { Pod, StatefulSet } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { pod, statefulSet } from '../testing/objects.js';
import type { PodWish } from '../testing/objects.js';
import { diffStatefulSet, statefulSetStatus } from './stateful-set-diff.js';
import { claimOwners, claimsOf, ordinalOf, statefulPod } from './stateful-set-identity.js';

const now = Date.parse('2030-01-01T00:00:00Z');
const revisions = { current: 'old', update: 'new' };
const member = (ordinal: number, revision = 'new', wish: PodWish = {}): Pod =>
  pod(`web-${ordinal}`, { ...wish, labels: { 'controller-revision-hash': revision } });
const leaving = (each: Pod): Pod => ({
  ...each,
  metadata: { ...each.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' },
});
const step = (set: StatefulSet, pods: readonly Pod[]): string => {
  const { create, remove } = diffStatefulSet(set, pods, revisions, now);
  return [
    ...create.map(({ ordinal, revision }) => `+${ordinal}@${revision}`),
    ...remove.map(({ metadata }) => `-${metadata.name?.slice(4) ?? ''}`),
  ].join(' ');
};
const parallel = { podManagementPolicy: 'Parallel' } as const;
const rolling = (rollingUpdate: object) => ({ updateStrategy: { type: 'RollingUpdate', rollingUpdate } });
const sick = { ready: false };

describe('diffStatefulSet', () => {
  it.each<[string, StatefulSet, readonly Pod[], string]>([
    ['5.3.2 starts with the first', statefulSet('web', 3), [], '+0@new'],
    ['5.3.2 goes on when it is ready', statefulSet('web', 3), [member(0)], '+1@new'],
    ['5.3.2 waits while it is not', statefulSet('web', 3), [member(0, 'new', sick)], ''],
    ['5.3.2 waits for minReadySeconds', statefulSet('web', 2, { minReadySeconds: 9e9 }), [member(0)], ''],
    ['5.3.2 fills a gap first', statefulSet('web', 3), [member(0), member(2)], '+1@new'],
    ['5.3.2 waits for a pod of the name that is leaving', statefulSet('web', 1), [leaving(member(0))], ''],
    ['5.3.1 counts from the start ordinal', statefulSet('web', 2, { ordinals: { start: 5 } }), [member(5)], '+6@new'],
    ['5.3.2 Parallel makes all at once', statefulSet('web', 3, parallel), [], '+0@new +1@new +2@new'],
    ['5.3.2 scales down from the top, one at a time', statefulSet('web', 1), [member(0), member(1), member(2)], '-2'],
    ['5.3.2 waits while one leaves', statefulSet('web', 0), [member(0), leaving(member(1))], ''],
    ['5.3.2 is halted by an unhealthy pod below', statefulSet('web', 1), [member(0, 'new', sick), member(1)], ''],
    [
      '5.3.2 halts at an unhealthy condemned pod below',
      statefulSet('web', 0),
      [member(0), member(1, 'new', sick)],
      '-1',
    ],
    ['5.3.2 Parallel scales down at once', statefulSet('web', 1, parallel), [member(0), member(1), member(2)], '-2 -1'],
    ['5.3.3 removes a failed pod', statefulSet('web', 2), [member(0, 'new', { phase: 'Failed' }), member(1)], '-0'],
    ['5.3.4 updates from the top', statefulSet('web', 3), [member(0, 'old'), member(1, 'old'), member(2, 'old')], '-2'],
    ['5.3.4 waits for the new one', statefulSet('web', 2, parallel), [member(0, 'old'), member(1, 'new', sick)], ''],
    ['5.3.4 goes on below', statefulSet('web', 2), [member(0, 'old'), member(1)], '-0'],
    [
      '5.3.4 stops at the partition',
      statefulSet('web', 2, rolling({ partition: 1 })),
      [member(0, 'old'), member(1)],
      '',
    ],
    [
      '5.3.4 restores the old revision below the partition',
      statefulSet('web', 2, rolling({ partition: 1 })),
      [member(1)],
      '+0@old',
    ],
    [
      '5.3.4 takes maxUnavailable at a time',
      statefulSet('web', 4, rolling({ maxUnavailable: 2 })),
      [0, 1, 2, 3].map((i) => member(i, 'old')),
      '-3 -2',
    ],
    [
      '5.3.4 counts who is down already',
      statefulSet('web', 4, { ...parallel, ...rolling({ maxUnavailable: 2 }) }),
      [member(0, 'old'), member(1, 'old'), member(2, 'old'), member(3, 'new', sick)],
      '-2',
    ],
    [
      '5.3.4 OnDelete touches nothing',
      statefulSet('web', 1, { updateStrategy: { type: 'OnDelete' } }),
      [member(0, 'old')],
      '',
    ],
    [
      'does nothing for a set that is being deleted',
      { ...statefulSet('web', 1), metadata: { name: 'web', deletionTimestamp: '2030-01-01T00:00:00Z' } },
      [],
      '',
    ],
  ])('%s', (_title, set, pods, expected) => {
    expect(step(set, pods)).toBe(expected);
  });
});

describe('statefulSetStatus', () => {
  it('5.3.5 counts by revision', () => {
    const pods = [member(0, 'old'), member(1), member(2, 'new', sick)];
    expect(statefulSetStatus(statefulSet('web', 3), pods, revisions, now)).toMatchObject({
      replicas: 3,
      readyReplicas: 2,
      availableReplicas: 2,
      currentReplicas: 1,
      updatedReplicas: 2,
      currentRevision: 'old',
      updateRevision: 'new',
    });
  });

  it('5.3.5 makes the new revision the current one when all are of it', () => {
    const status = statefulSetStatus(statefulSet('web', 2), [member(0), member(1)], revisions, now);
    expect(status).toMatchObject({ currentRevision: 'new', currentReplicas: 2 });
  });
});

describe('identity', () => {
  const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } };
  const set = statefulSet('web', 2, { volumeClaimTemplates: [claim] });

  it('5.3.1 gives a pod its name, host name, labels and claims', () => {
    const made = statefulPod(set, 3, set.spec.template, 'rev');
    expect(made.metadata).toMatchObject({
      name: 'web-3',
      labels: {
        app: 'web',
        'statefulset.kubernetes.io/pod-name': 'web-3',
        'apps.kubernetes.io/pod-index': '3',
        'controller-revision-hash': 'rev',
      },
    });
    expect(made.metadata.generateName).toBeUndefined();
    expect(made.spec).toMatchObject({
      hostname: 'web-3',
      subdomain: 'web',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-web-3' } }],
    });
    expect(claimsOf(set, 3)[0]?.metadata).toMatchObject({ name: 'data-web-3', labels: { app: 'web' } });
  });

  it.each<[string, number | undefined]>([
    ['web-0', 0],
    ['web-12', 12],
    ['web-01', undefined],
    ['web-x', undefined],
    ['web-db-1', undefined],
    ['other-1', undefined],
  ])('reads the ordinal of %s', (name, expected) => {
    expect(ordinalOf(set, pod(name))).toBe(expected);
  });

  it.each<[string, string, boolean, readonly string[]]>([
    ['Retain', 'Retain', false, []],
    ['Retain', 'Retain', true, []],
    ['Delete', 'Retain', false, ['StatefulSet']],
    ['Delete', 'Retain', true, ['StatefulSet']],
    ['Retain', 'Delete', false, []],
    ['Retain', 'Delete', true, ['Pod']],
    ['Delete', 'Delete', false, ['StatefulSet']],
    ['Delete', 'Delete', true, ['Pod']],
  ])('5.3.6 whenDeleted %s, whenScaled %s, condemned %s', (whenDeleted, whenScaled, condemned, expected) => {
    const policy = { ...set, spec: { ...set.spec, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled } } };
    expect(claimOwners(policy, pod('web-1'), condemned, []).map(({ kind }) => kind)).toEqual(expected);
  });
});
