import type { ContainerStatus, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { podObject } from '../testing/recorded-fleet.js';
import { podHealth, podProblem, podReadiness, podStatus } from './pod-status.js';

const status = (name: string, more: Partial<ContainerStatus>): ContainerStatus => ({
  name,
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});

const withStatus = (pod: Pod, more: NonNullable<Pod['status']>, spec: Partial<Pod['spec']> = {}): Pod => ({
  ...pod,
  spec: { ...pod.spec, ...spec },
  status: { ...pod.status, ...more },
});

const base = podObject('p');

const cases: readonly (readonly [string, Pod, string, string])[] = [
  ['running', base, 'Running', 'ok'],
  ['pending', podObject('p', { node: '', phase: 'Pending' }), 'Pending', 'pending'],
  ['crash loop', podObject('p', { waiting: { reason: 'CrashLoopBackOff' } }), 'CrashLoopBackOff', 'error'],
  ['starting', podObject('p', { waiting: { reason: 'ContainerCreating' } }), 'ContainerCreating', 'pending'],
  [
    'deleted',
    { ...base, metadata: { ...base.metadata, deletionTimestamp: '2026-03-01T12:00:00Z' } },
    'Terminating',
    'killing',
  ],
  [
    'completed',
    withStatus(base, {
      phase: 'Succeeded',
      containerStatuses: [status('main', { state: { terminated: { exitCode: 0, reason: 'Completed' } } })],
    }),
    'Completed',
    'done',
  ],
  [
    'failed without a reason',
    withStatus(base, {
      phase: 'Failed',
      containerStatuses: [status('main', { state: { terminated: { exitCode: 3 } } })],
    }),
    'ExitCode:3',
    'error',
  ],
  [
    'killed by a signal',
    withStatus(base, {
      phase: 'Failed',
      containerStatuses: [status('main', { state: { terminated: { exitCode: 137, signal: 9 } } })],
    }),
    'Signal:9',
    'error',
  ],
  ['evicted', withStatus(base, { phase: 'Failed', reason: 'Evicted', containerStatuses: [] }), 'Evicted', 'error'],
  [
    'second of two init containers',
    withStatus(
      base,
      {
        phase: 'Pending',
        initContainerStatuses: [
          status('a', { state: { terminated: { exitCode: 0 } } }),
          status('b', { state: { running: {} } }),
        ],
        containerStatuses: [status('main', { state: { waiting: { reason: 'PodInitializing' } } })],
      },
      { initContainers: [{ name: 'a' }, { name: 'b' }] },
    ),
    'Init:1/2',
    'pending',
  ],
  [
    'failing init container',
    withStatus(
      base,
      {
        phase: 'Pending',
        initContainerStatuses: [status('a', { state: { waiting: { reason: 'CrashLoopBackOff' } } })],
      },
      { initContainers: [{ name: 'a' }] },
    ),
    'Init:CrashLoopBackOff',
    'error',
  ],
  [
    'sidecar that runs',
    withStatus(
      base,
      { initContainerStatuses: [status('proxy', { started: true, ready: true, state: { running: {} } })] },
      { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
    ),
    'Running',
    'ok',
  ],
];

describe('pod status', () => {
  it.each(cases)('%s', (_, pod, word, health) => {
    expect(podStatus(pod)).toBe(word);
    expect(podHealth(pod)).toBe(health);
  });

  it('counts sidecars among the ready', () => {
    expect(podReadiness(cases.at(-1)![1])).toEqual({ ready: 2, total: 2 });
  });

  it('has no fault when the work is done, and names the reason when it cannot be scheduled', () => {
    expect(podProblem(podObject('p', { phase: 'Succeeded' }))).toBe('');
    expect(podProblem(podObject('p', { node: '', phase: 'Pending' }))).toBe('Unschedulable');
  });
});
