import type { Pod } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { ContainerState, PodState } from '../runtime/runtime.js';
import { containerAnnotations } from './annotations.js';
import { diffEndingPod, diffPod } from './pod-diff.js';
import type { PodStep, PodView } from './pod-diff.js';

const now = 1_000_000;

const view = (changes: Partial<PodView> = {}): PodView => ({
  now,
  started: () => true,
  unhealthy: () => undefined,
  retryAt: () => undefined,
  applied: () => undefined,
  resizeRetryAt: undefined,
  ...changes,
});

function podOf(spec: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u' },
    spec: { terminationGracePeriodSeconds: 30, containers: [{ name: 'main', image: 'web:1' }], ...spec },
  };
}

const container = (name: string, changes: Partial<ContainerState> = {}): ContainerState => ({
  id: `${name}-${changes.attempt ?? 0}`,
  sandboxId: 's0',
  name,
  attempt: 0,
  state: 'running',
  image: 'web:1',
  imageId: 'sha256:1',
  createdAt: now - 1000,
  startedAt: now - 1000,
  finishedAt: changes.state === 'exited' ? now : undefined,
  exitCode: changes.state === 'exited' ? 0 : undefined,
  reason: '',
  message: '',
  labels: {},
  annotations: {},
  logPath: '',
  ...changes,
});

const seen = (containers: readonly ContainerState[], sandbox: 'ready' | 'notReady' = 'ready'): PodState => ({
  pod: { name: 'web', namespace: 'default', uid: 'u' },
  sandboxes: [
    {
      id: 's0',
      pod: { name: 'web', namespace: 'default', uid: 'u', attempt: 0 },
      state: sandbox,
      createdAt: 0,
      ips: ['10.42.0.2'],
      labels: {},
      annotations: {},
      handler: '',
      hostNetwork: false,
    },
  ],
  containers,
});

/** `start main#1`, `stop main`: what a plan does, to be read. */
const told = (steps: readonly PodStep[]): readonly string[] =>
  steps.map((step) => {
    if (step.kind === 'startContainer') return `start ${step.container.spec.name}#${step.attempt}`;
    if (step.kind === 'stopContainers') return `stop ${step.containers.map(({ name }) => name).join('+')}`;
    if (step.kind === 'resizeContainers') return `resize ${step.containers.map(({ id }) => id).join('+')}`;
    if (step.kind === 'runSandbox') return `sandbox#${step.attempt}`;
    return step.kind === 'removeContainer' ? `remove ${step.id}` : `${step.kind} ${step.id}`;
  });

const init = { name: 'init', image: 'i:1' };
const sidecar = { name: 'helper', image: 'h:1', restartPolicy: 'Always' };
const done = { state: 'exited' } as const;
const failed = { state: 'exited', exitCode: 1 } as const;

describe('a pod that is to run', () => {
  const cases: readonly (readonly [string, Partial<Pod['spec']>, PodState | undefined, readonly string[]])[] = [
    ['gets a sandbox first', {}, undefined, ['sandbox#0']],
    ['starts its container in the sandbox', {}, seen([]), ['start main#0']],
    ['is left alone while it runs', {}, seen([container('main')]), []],
    ['is started again after it ended, with Always', {}, seen([container('main', done)]), ['start main#1']],
    ['stays ended with OnFailure and success', { restartPolicy: 'OnFailure' }, seen([container('main', done)]), []],
    [
      'is started again with OnFailure and failure',
      { restartPolicy: 'OnFailure' },
      seen([container('main', failed)]),
      ['start main#1'],
    ],
    ['stays ended with Never', { restartPolicy: 'Never' }, seen([container('main', failed)]), []],
    ['starts init before main', { initContainers: [init] }, seen([]), ['start init#0']],
    ['waits while init runs', { initContainers: [init] }, seen([container('init')]), []],
    ['tries a failed init again', { initContainers: [init] }, seen([container('init', failed)]), ['start init#1']],
    [
      'gives up on a failed init with Never',
      { initContainers: [init], restartPolicy: 'Never' },
      seen([container('init', failed)]),
      [],
    ],
    [
      'goes on to main when init has succeeded',
      { initContainers: [init] },
      seen([container('init', done)]),
      ['start main#0'],
    ],
    [
      'goes on to main when the sidecar is up',
      { initContainers: [sidecar] },
      seen([container('helper')]),
      ['start main#0'],
    ],
    [
      'restarts a sidecar beside main, whatever it ended with',
      { initContainers: [sidecar], restartPolicy: 'Never' },
      seen([container('main'), container('helper', done)]),
      ['start helper#1'],
    ],
    ['does not run init again once main has started', { initContainers: [init] }, seen([container('main')]), []],
    [
      'replaces a dead sandbox and what lives in it',
      {},
      seen([container('main')], 'notReady'),
      ['stop main', 'stopSandbox s0', 'sandbox#1'],
    ],
    [
      'needs no new sandbox when all has ended',
      { restartPolicy: 'Never' },
      seen([container('main', done)], 'notReady'),
      [],
    ],
    [
      'makes again what a crash left unstarted',
      {},
      seen([container('main', { state: 'created' })]),
      ['remove main-0', 'start main#0'],
    ],
    [
      'starts ephemeral containers once',
      { ephemeralContainers: [{ name: 'debug', image: 'd:1' }] },
      seen([container('main'), container('debug', failed)]),
      [],
    ],
    [
      'stops a container whose image was changed',
      {},
      seen([container('main', { annotations: { [containerAnnotations.hash]: 'old' } })]),
      ['stop main'],
    ],
    [
      'removes the dead that nobody asks for',
      {},
      seen([
        container('main', { attempt: 2 }),
        container('main', { attempt: 1, ...failed }),
        container('main', { attempt: 0, ...failed }),
      ]),
      ['remove main-0'],
    ],
  ];
  it.each(cases)('%s', (_title, spec, state, expected) => {
    expect(told(diffPod(podOf(spec), state, view()).steps)).toEqual(expected);
  });

  it('waits for a sidecar that has not started', () => {
    const plan = diffPod(
      podOf({ initContainers: [sidecar] }),
      seen([container('helper')]),
      view({ started: () => false }),
    );
    expect(plan.steps).toEqual([]);
  });

  it('stops what a probe found sick, in the time that the probe gives', () => {
    const sick = { message: 'Container main failed liveness probe, will be restarted', graceSeconds: 5 };
    const [step] = diffPod(podOf(), seen([container('main')]), view({ unhealthy: () => sick })).steps;
    expect(step).toEqual({
      kind: 'stopContainers',
      containers: [{ id: 'main-0', name: 'main', message: sick.message, killAt: now + 5000, graceSeconds: 5 }],
    });
  });

  it('has ended when all containers have and none restarts', () => {
    expect(diffPod(podOf({ restartPolicy: 'Never' }), seen([container('main', done)]), view()).ended).toBe(true);
    expect(diffPod(podOf(), seen([container('main')]), view()).ended).toBe(false);
  });

  it('does not try a failed start before its time', () => {
    const plan = diffPod(podOf(), seen([]), view({ retryAt: () => now + 7000 }));
    expect(plan).toMatchObject({ steps: [], wakeAfterMs: 7000 });
  });
});

describe('crashes', () => {
  const crashed = (attempt: number, before: number, ranMs = 1000): PodState =>
    seen([
      container('main', {
        state: 'exited',
        exitCode: 1,
        attempt,
        startedAt: now - ranMs,
        finishedAt: now,
        annotations: { [containerAnnotations.crashDelay]: String(before) },
      }),
    ]);

  it.each([
    ['the first is forgiven at once', 0, 0, 1000, undefined],
    ['the second waits 10 s', 1, 0, 1000, 10_000],
    ['each waits twice as long', 2, 10_000, 1000, 20_000],
    ['up to five minutes', 9, 300_000, 1000, 300_000],
    ['ten minutes of running wipe the slate', 9, 300_000, 600_000, undefined],
  ])('%s', (_title, attempt, before, ranMs, expected) => {
    const plan = diffPod(podOf(), crashed(attempt, before, ranMs), view());
    expect(plan.crashLoops.get('main')?.delayMs).toBe(expected);
    expect(plan.wakeAfterMs).toBe(expected);
    expect(told(plan.steps)).toEqual(expected === undefined ? [`start main#${attempt + 1}`] : []);
  });
});

describe('a pod that is to end', () => {
  const ending = { graceSeconds: 30, since: now, remove: true, message: '' };
  const spec = { initContainers: [sidecar, { ...sidecar, name: 'second' }] };

  it('7.6.1 stops main containers together, then sidecars from the last to the first, then the sandbox', () => {
    const state = seen([container('main'), container('helper'), container('second')]);
    expect(told(diffEndingPod(podOf(spec), state, ending).steps)).toEqual([
      'stop main',
      'stop second',
      'stop helper',
      'stopSandbox s0',
    ]);
  });

  it('7.6.4 is removed when it has been seen how its containers ended, not before', () => {
    const ended = seen([container('main', done)], 'notReady');
    expect(told(diffEndingPod(podOf(), ended, ending).steps)).toEqual(['removeSandbox s0']);
    const lost = seen([container('main', done)]);
    expect(told(diffEndingPod(podOf(), lost, ending).steps)).toEqual(['stopSandbox s0', 'removeSandbox s0']);
  });

  it('keeps its dead containers when its object stays', () => {
    const state = seen([container('main', done)], 'notReady');
    expect(diffEndingPod(podOf(), state, { ...ending, remove: false })).toMatchObject({ steps: [], ended: true });
  });

  it('has ended when nothing is left', () => {
    expect(diffEndingPod(podOf(), undefined, ending).ended).toBe(true);
  });
});

describe('7.9.5 containers with other resources than they have', () => {
  const limits = (memory: string): object => ({ resources: { limits: { memory } } });
  const restart = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] };
  const main = (...parts: readonly object[]): Partial<Pod['spec']> => ({
    containers: [Object.assign({ name: 'main', image: 'web:1' }, ...parts) as Pod['spec']['containers'][number]],
  });
  const has = (memory: string, resizeRetryAt?: number): PodView =>
    view({ applied: () => ({ limits: { memory } }), resizeRetryAt });
  const running = seen([container('main')]);

  it.each<[string, Partial<Pod['spec']>, PodState, PodView, readonly string[]]>([
    ['that mean the same stay', main(limits('1Gi')), running, has('1024Mi'), []],
    ['are resized where they run', main(limits('64Mi')), running, has('32Mi'), ['resize main-0']],
    ['of which nothing is known stay', main(limits('64Mi')), running, view(), []],
    ['are stopped when their policy says so', main(limits('64Mi'), restart), running, has('32Mi'), ['stop main']],
    [
      'start again once they have stopped, whatever the pod’s restart policy',
      {
        ...main(limits('64Mi'), restart),
        restartPolicy: 'OnFailure',
        containers: [...(main(limits('64Mi'), restart).containers ?? []), { name: 'other' }],
      },
      seen([container('main', { state: 'exited' }), container('other')]),
      view({ applied: (id) => (id === 'main-0' ? { limits: { memory: '32Mi' } } : undefined) }),
      ['start main#1'],
    ],
    ['wait after a failure', main(limits('64Mi')), running, has('32Mi', now + 1000), []],
  ])('%s', (_, spec, state, given, steps) => {
    expect(told(diffPod(podOf(spec), state, given).steps)).toEqual(steps);
  });
});
