import { describe, expect, it } from 'vitest';
import { podStatusText, summarizePod } from './pod-status.js';
import type { ContainerState, ContainerStatus, Pod, PodStatus } from '../generated/types.js';

const container = (name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  state,
  ready: state.running !== undefined,
  restartCount: 0,
  image: 'i',
  imageID: '',
  ...more,
});
const running = { running: {} };
const waiting = (reason: string) => ({ waiting: { reason } });
const ended = (exitCode: number, reason?: string) => ({ terminated: { exitCode, reason } });
const ready = [{ type: 'Ready', status: 'True' }];

const pod = (status: PodStatus, more: { spec?: object; metadata?: object } = {}): Pod => ({
  metadata: { name: 'p', ...more.metadata },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], initContainers: [{ name: 'i' }, { name: 'j' }], ...more.spec },
  status,
});

describe('the STATUS of a pod', () => {
  it.each<[string, Pod]>([
    ['Pending', pod({ phase: 'Pending' })],
    ['Evicted', pod({ phase: 'Failed', reason: 'Evicted' })],
    [
      'SchedulingGated',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    ],
    [
      'Init:0/2',
      pod({
        phase: 'Pending',
        initContainerStatuses: [container('i', running), container('j', waiting('PodInitializing'))],
      }),
    ],
    ['Init:1/2', pod({ phase: 'Pending', initContainerStatuses: [container('i', ended(0)), container('j', running)] })],
    ['Init:Error', pod({ phase: 'Pending', initContainerStatuses: [container('i', ended(1, 'Error'))] })],
    ['Init:ExitCode:3', pod({ phase: 'Pending', initContainerStatuses: [container('i', ended(3))] })],
    [
      'Init:Signal:9',
      pod({ phase: 'Pending', initContainerStatuses: [container('i', { terminated: { exitCode: 137, signal: 9 } })] }),
    ],
    [
      'Init:CrashLoopBackOff',
      pod({ phase: 'Pending', initContainerStatuses: [container('i', waiting('CrashLoopBackOff'))] }),
    ],
    ['PodInitializing', pod({ phase: 'Pending', containerStatuses: [container('a', waiting('PodInitializing'))] })],
    ['ContainerCreating', pod({ phase: 'Pending', containerStatuses: [container('a', waiting('ContainerCreating'))] })],
    [
      'CrashLoopBackOff',
      pod({
        phase: 'Running',
        containerStatuses: [container('a', waiting('CrashLoopBackOff')), container('b', running)],
      }),
    ],
    [
      'Running',
      pod({
        phase: 'Running',
        conditions: ready,
        containerStatuses: [container('a', running), container('b', running)],
      }),
    ],
    [
      'Running',
      pod({
        phase: 'Running',
        conditions: ready,
        containerStatuses: [container('a', ended(0, 'Completed')), container('b', running)],
      }),
    ],
    [
      'NotReady',
      pod({ phase: 'Running', containerStatuses: [container('a', ended(0, 'Completed')), container('b', running)] }),
    ],
    ['Completed', pod({ phase: 'Succeeded', containerStatuses: [container('a', ended(0, 'Completed'))] })],
    ['OOMKilled', pod({ phase: 'Failed', containerStatuses: [container('a', ended(137, 'OOMKilled'))] })],
    ['ExitCode:2', pod({ phase: 'Failed', containerStatuses: [container('a', ended(2))] })],
    [
      'Terminating',
      pod(
        { phase: 'Running', containerStatuses: [container('a', running)] },
        { metadata: { deletionTimestamp: 'now' } },
      ),
    ],
    [
      'Completed',
      pod(
        { phase: 'Succeeded', containerStatuses: [container('a', ended(0, 'Completed'))] },
        { metadata: { deletionTimestamp: 'now' } },
      ),
    ],
    ['Unknown', pod({ phase: 'Running', reason: 'NodeLost' }, { metadata: { deletionTimestamp: 'now' } })],
  ])('is %s', (expected, given) => {
    expect(podStatusText(given)).toBe(expected);
  });

  it('counts sidecars among the containers and their restarts among the restarts', () => {
    const summary = summarizePod(
      pod(
        {
          phase: 'Running',
          initContainerStatuses: [
            container('i', ended(0), { restartCount: 7 }),
            container('j', running, {
              started: true,
              restartCount: 1,
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:05Z' } },
            }),
          ],
          containerStatuses: [
            container('a', running, {
              restartCount: 2,
              lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:09Z' } },
            }),
            container('b', waiting('CrashLoopBackOff'), { restartCount: 4 }),
          ],
        },
        { spec: { initContainers: [{ name: 'i' }, { name: 'j', restartPolicy: 'Always' }] } },
      ),
    );
    expect(summary).toEqual({
      status: 'CrashLoopBackOff',
      readyContainers: 2,
      totalContainers: 3,
      restarts: 7,
      lastRestartAt: '2026-01-01T00:00:09Z',
    });
  });
});
