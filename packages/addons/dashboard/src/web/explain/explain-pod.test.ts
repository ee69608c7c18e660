import type { ContainerStatus, Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { PodEvent } from './explain-pod.js';
import { explainPod } from './explain-pod.js';

const now = Date.parse('2026-01-01T00:10:00Z');
const event = (reason: string, message: string, at = 1): PodEvent => ({
  type: 'Warning',
  reason,
  message,
  count: 1,
  at,
});
const pod = (
  status: Pod['status'],
  spec: Partial<Pod['spec']> = { nodeName: 'n' },
  metadata: Partial<Pod['metadata']> = {},
): Pod => ({
  metadata: { name: 'p', ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  status,
});
const withContainer = (part: Partial<ContainerStatus>, phase = 'Running'): Pod =>
  pod({ phase, containerStatuses: [{ name: 'c', image: 'i', imageID: '', ready: false, restartCount: 3, ...part }] });
const terminated = (exitCode: number, reason = 'Error') => ({ exitCode, reason, containerID: '' });

describe('why a pod does not run', () => {
  it.each<[string, Pod, readonly PodEvent[], string, string | undefined]>([
    [
      'no node',
      pod(
        {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }],
        },
        {},
      ),
      [],
      'unschedulable',
      '0/1 nodes',
    ],
    [
      'gated',
      pod(
        {
          phase: 'Pending',
          conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: 'gate' }],
        },
        {},
      ),
      [],
      'gated',
      'gate',
    ],
    ['nobody has looked yet', pod({ phase: 'Pending' }, {}), [], 'notScheduled', undefined],
    [
      'image',
      withContainer({ state: { waiting: { reason: 'ErrImagePull', message: 'w' } } }, 'Pending'),
      [event('Failed', 'not found')],
      'image',
      'not found',
    ],
    [
      'secret missing',
      withContainer(
        { state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "s" not found' } } },
        'Pending',
      ),
      [],
      'config',
      'secret "s" not found',
    ],
    ['volume', pod({ phase: 'Pending' }), [event('FailedMount', 'no such volume')], 'volume', 'no such volume'],
    ['network', pod({ phase: 'Pending' }), [event('FailedCreatePodSandBox', 'cni')], 'sandbox', 'cni'],
    [
      'memory',
      withContainer({
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: terminated(137, 'OOMKilled') },
      }),
      [],
      'outOfMemory',
      undefined,
    ],
    [
      'crash',
      withContainer({
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
        lastState: { terminated: terminated(2) },
      }),
      [],
      'crash',
      'back-off',
    ],
    [
      'liveness',
      withContainer({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: terminated(143) } }),
      [event('Unhealthy', 'Liveness probe failed: 500')],
      'liveness',
      'Liveness probe failed: 500',
    ],
    ['startup', withContainer({ started: false, state: { running: {} } }), [], 'startup', undefined],
    [
      'readiness',
      withContainer({ started: true, state: { running: {} } }),
      [event('Unhealthy', 'Readiness probe failed: 503')],
      'readiness',
      'Readiness probe failed: 503',
    ],
    ['evicted', pod({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' }), [], 'evicted', 'low on memory'],
    ['finished', pod({ phase: 'Succeeded' }), [], 'finished', undefined],
    ['well', withContainer({ ready: true, started: true, state: { running: {} } }), [], 'running', undefined],
  ])('%s', (_, given, events, code, evidence) => {
    expect(explainPod(given, events, now)[0]).toMatchObject({ code });
    expect(explainPod(given, events, now)[0]?.evidence).toBe(evidence);
  });

  it('names what holds a pod that should be gone', () => {
    const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    const [first] = explainPod(pod({ phase: 'Running' }, { nodeName: 'n' }, metadata), [], now);
    expect(first).toMatchObject({ code: 'terminating', severity: 'problem', values: { finalizers: 'a/b' } });
  });

  it('forgets a network that has come up since', () => {
    const events = [event('FailedCreatePodSandBox', 'cni', 1), event('Pulling', 'image', 2)];
    expect(explainPod(pod({ phase: 'Pending' }), events, now)[0]?.code).toBe('starting');
  });

  it('puts problems before what is merely waiting', () => {
    const initContainerStatuses = [
      { name: 'init', image: 'i', imageID: '', ready: false, restartCount: 0, state: { running: {} } },
    ];
    const status = {
      ...withContainer({ state: { waiting: { reason: 'InvalidImageName' } } }, 'Pending').status,
      initContainerStatuses,
    };
    expect(explainPod(pod({ phase: 'Pending', ...status }), [], now).map(({ severity }) => severity)[0]).toBe(
      'problem',
    );
  });
});
