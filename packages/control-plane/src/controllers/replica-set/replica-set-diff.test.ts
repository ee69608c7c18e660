import { describe, expect, it } from 'vitest';
import { pod, replicaSet } from '../testing/objects.js';
import type { PodWish } from '../testing/objects.js';
import { diffReplicaSet, replicaSetStatus } from './replica-set-diff.js';

const now = Date.parse('2030-01-01T00:00:00Z');

describe('diffReplicaSet', () => {
  it.each<[string, number, number, number, number]>([
    ['creates what is missing', 3, 1, 2, 0],
    ['is content with enough', 2, 2, 0, 0],
    ['removes what is too much', 1, 3, 0, 2],
    ['creates 500 at the most in one go', 1200, 0, 500, 0],
  ])('%s', (_title, wanted, present, create, remove) => {
    const pods = Array.from({ length: present }, (_, i) => pod(`p${i}`));
    const diff = diffReplicaSet(replicaSet('web', wanted), pods, now);
    expect([diff.create, diff.remove.length]).toEqual([create, remove]);
  });

  it('5.1.1 counts neither finished pods nor those being deleted', () => {
    const leaving = pod('leaving');
    const pods = [
      pod('a', { phase: 'Failed' }),
      { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } },
    ];
    expect(diffReplicaSet(replicaSet('web', 1), pods, now).create).toBe(1);
  });

  it.each<[string, PodWish, PodWish]>([
    ['a pod without a node before one with', {}, { nodeName: 'n1' }],
    ['pending before running', { nodeName: 'n1', phase: 'Pending' }, { nodeName: 'n1' }],
    ['not ready before ready', { nodeName: 'n1', ready: false }, { nodeName: 'n1' }],
    [
      'cheap before costly',
      { nodeName: 'n1', annotations: { 'controller.kubernetes.io/pod-deletion-cost': '-5' } },
      { nodeName: 'n1' },
    ],
    ['shorter ready before longer', { nodeName: 'n1', readySince: '2029-12-31T23:59:00Z' }, { nodeName: 'n1' }],
    ['more restarts before fewer', { nodeName: 'n1', restarts: 4 }, { nodeName: 'n1' }],
    ['younger before older', { nodeName: 'n1', created: '2029-12-31T23:59:00Z' }, { nodeName: 'n1' }],
  ])('5.1.2 removes %s', (_title, first, second) => {
    const diff = diffReplicaSet(replicaSet('web', 1), [pod('keeps', second), pod('goes', first)], now, () => new Map());
    expect(diff.remove.map(({ metadata }) => metadata.name)).toEqual(['goes']);
  });

  it('5.1.2 removes from the more crowded node', () => {
    const pods = [pod('a', { nodeName: 'n1' }), pod('b', { nodeName: 'n2' }), pod('c', { nodeName: 'n2' })];
    const [removed] = diffReplicaSet(replicaSet('web', 2), pods, now).remove;
    expect(removed?.spec.nodeName).toBe('n2');
  });

  it('says when the clock alone makes a pod available', () => {
    const rs = replicaSet('web', 1);
    const waiting = { ...rs, spec: { ...rs.spec, minReadySeconds: 30 } };
    expect(diffReplicaSet(waiting, [pod('a', { readySince: '2029-12-31T23:59:50Z' })], now).wakeAfterMs).toBe(20_000);
  });
});

describe('replicaSetStatus', () => {
  it('5.1.3 counts active, labelled, ready and available pods', () => {
    const labels = { app: 'web' };
    const pods = [pod('a', { labels }), pod('b', { labels, ready: false }), pod('c'), pod('d', { phase: 'Succeeded' })];
    expect(replicaSetStatus(replicaSet('web', 3), pods, now, undefined)).toMatchObject({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      observedGeneration: 1,
    });
  });

  it('5.1.3 tells of a refused creation', () => {
    const status = replicaSetStatus(replicaSet('web', 1), [], now, new Error('exceeded quota'));
    expect(status.conditions).toEqual([
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: 'exceeded quota',
        lastTransitionTime: '2030-01-01T00:00:00Z',
      },
    ]);
  });
});
