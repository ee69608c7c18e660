import type { ContainerStatus, Event, ObjectKey, Pod, ResourceType } from '@geobuk/api';
import type { Connection } from '../cluster/connection.js';
import type { PaintName } from '../screen/paint.js';
import type { StyledLine } from '../text/styled-text.js';
import { plainLine } from '../text/styled-text.js';
import { podProblem, podStatus } from '../views/pod-status.js';
import { eventLine, eventsOf } from './describe.js';

/** One thing that has to hold before a pod runs, in the order they have to. */
export interface Step {
  readonly name: string;
  readonly state: 'done' | 'failed' | 'waiting' | 'unknown';
  readonly because: string;
  /** What a person could do about it. */
  readonly advice?: string | undefined;
}

const condition = (pod: Pod, wanted: string) => pod.status?.conditions?.find(({ type }) => type === wanted);

const lastEvent = (happened: readonly Event[], ...reasons: readonly string[]): Event | undefined =>
  happened.findLast(({ reason }) => reasons.includes(reason ?? ''));

/**
 * Why a pod runs, or does not: scheduling, volumes, network, images, init containers, containers, probes, in the
 * order a pod has to pass them. Pure: from the pod and its events.
 */
export function explainPod(pod: Pod, happened: readonly Event[]): readonly Step[] {
  const steps = [scheduled(pod, happened)];
  if (steps[0]!.state !== 'done') return steps;
  const containers = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const started = containers.some(
    ({ state, lastState }) =>
      state?.running !== undefined || state?.terminated !== undefined || lastState?.terminated !== undefined,
  );
  steps.push(
    volumes(started, happened),
    sandbox(started, pod, happened),
    ...images(containers),
    ...inits(pod),
    ...mains(pod),
  );
  steps.push(readiness(pod, happened));
  return steps;
}

function scheduled(pod: Pod, happened: readonly Event[]): Step {
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') {
    return { name: 'Scheduled', state: 'done', because: `on node ${pod.spec.nodeName}` };
  }
  const why = condition(pod, 'PodScheduled');
  const event = lastEvent(happened, 'FailedScheduling');
  const message = why?.message ?? event?.message;
  if (why?.reason === 'SchedulingGated') {
    return {
      name: 'Scheduled',
      state: 'waiting',
      because: 'held by scheduling gates',
      advice: 'whoever set spec.schedulingGates has to remove them',
    };
  }
  if (message === undefined) {
    return {
      name: 'Scheduled',
      state: 'waiting',
      because: 'no scheduler has looked at it yet',
      advice: 'is the scheduler running? see :loops',
    };
  }
  return { name: 'Scheduled', state: 'failed', because: message, advice: schedulingAdvice(message) };
}

function schedulingAdvice(message: string): string | undefined {
  if (/insufficient (cpu|memory)|too many pods/i.test(message))
    return 'lower its requests, or add room: see :fleet for what nodes have left';
  if (/taint/i.test(message)) return 'tolerate the taint, or remove it from a node';
  if (/affinity|selector/i.test(message)) return 'no node has the labels it asks for: see :nodes wide (^w)';
  return /persistentvolumeclaim|volume/i.test(message) ? 'see :pvc for the claim that is not bound' : undefined;
}

function volumes(started: boolean, happened: readonly Event[]): Step {
  if (started) return { name: 'Volumes', state: 'done', because: 'mounted' };
  const failure = lastEvent(happened, 'FailedMount', 'FailedAttachVolume');
  if (failure === undefined) return { name: 'Volumes', state: 'unknown', because: 'nothing told of a failure' };
  return {
    name: 'Volumes',
    state: 'failed',
    because: failure.message ?? '',
    advice: /not found/.test(failure.message ?? '') ? 'make the ConfigMap, Secret or claim it names' : undefined,
  };
}

function sandbox(started: boolean, pod: Pod, happened: readonly Event[]): Step {
  if (started || pod.status?.podIP !== undefined)
    return { name: 'Network', state: 'done', because: pod.status?.podIP ?? 'ready' };
  const failure = lastEvent(happened, 'FailedCreatePodSandBox', 'NetworkNotReady');
  if (failure === undefined) return { name: 'Network', state: 'waiting', because: 'no address yet' };
  return {
    name: 'Network',
    state: 'failed',
    because: failure.message ?? '',
    advice: 'is the pod network addon Ready? see :addons',
  };
}

const imageTrouble = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
]);

function images(statuses: readonly ContainerStatus[]): readonly Step[] {
  const failed = statuses.filter(({ state }) => imageTrouble.has(state?.waiting?.reason ?? ''));
  if (failed.length > 0) {
    return failed.map(({ name, image, state }) => ({
      name: `Image of ${name}`,
      state: 'failed',
      because: `${state?.waiting?.reason ?? ''}: ${state?.waiting?.message ?? image}`,
      advice: 'does the image exist, is its registry in reach, and is there a pull secret if it wants one?',
    }));
  }
  const unknown =
    statuses.length === 0 || statuses.some(({ imageID, state }) => imageID === '' && state?.running === undefined);
  return [{ name: 'Images', state: unknown ? 'waiting' : 'done', because: unknown ? 'not there yet' : 'on the node' }];
}

function inits(pod: Pod): readonly Step[] {
  return (pod.spec.initContainers ?? []).map(({ name, restartPolicy }) => {
    const status = pod.status?.initContainerStatuses?.find((one) => one.name === name);
    const title = `Init container ${name}`;
    if (status?.state?.terminated?.exitCode === 0) return { name: title, state: 'done', because: 'completed' };
    if (restartPolicy === 'Always' && status?.started === true)
      return { name: title, state: 'done', because: 'running (sidecar)' };
    return containerStep(title, status);
  });
}

const mains = (pod: Pod): readonly Step[] =>
  pod.spec.containers.map(({ name }) =>
    containerStep(
      `Container ${name}`,
      pod.status?.containerStatuses?.find((one) => one.name === name),
    ),
  );

const exitMeanings: Readonly<Record<number, string>> = {
  1: 'it ended itself with an error: read its log (l, or p for the run before)',
  126: 'its command cannot be executed: wrong permissions or architecture',
  127: 'its command does not exist in the image',
  137: 'it was killed (SIGKILL): out of memory, or it did not end in time',
  139: 'it crashed (SIGSEGV)',
  143: 'it was asked to end (SIGTERM)',
};

function containerStep(name: string, status: ContainerStatus | undefined): Step {
  const { running, terminated, waiting } = status?.state ?? {};
  const last = status?.lastState?.terminated;
  if (running !== undefined) {
    const times = status?.restartCount ?? 0;
    const before = last === undefined ? '' : `; before: ${last.reason ?? 'ended'}, code ${last.exitCode}`;
    return { name, state: 'done', because: `running${times > 0 ? `, restarted ${times}×${before}` : ''}` };
  }
  if (terminated !== undefined) {
    const done = terminated.exitCode === 0;
    return {
      name,
      state: done ? 'done' : 'failed',
      because: `ended with code ${terminated.exitCode} (${terminated.reason ?? ''})`,
      advice: done ? undefined : adviceOf(terminated.reason, terminated.exitCode),
    };
  }
  const reason = waiting?.reason ?? 'not started';
  const starting = ['ContainerCreating', 'PodInitializing', 'not started'].includes(reason);
  return {
    name,
    state: starting ? 'waiting' : 'failed',
    because: `${reason}${waiting?.message === undefined ? '' : `: ${waiting.message}`}`,
    advice: last === undefined ? configAdvice(reason) : adviceOf(last.reason, last.exitCode),
  };
}

const configAdvice = (reason: string): string | undefined =>
  reason === 'CreateContainerConfigError' ? 'a ConfigMap or Secret it takes variables from is missing' : undefined;

function adviceOf(reason: string | undefined, exitCode: number): string {
  if (reason === 'OOMKilled') return 'it used more memory than its limit: raise the limit, or find the leak';
  return `last run ended with code ${exitCode}: ${exitMeanings[exitCode] ?? 'read its log (p)'}`;
}

function readiness(pod: Pod, happened: readonly Event[]): Step {
  const ready = condition(pod, 'Ready');
  if (ready?.status === 'True') return { name: 'Ready', state: 'done', because: 'receives traffic' };
  if (pod.status?.phase === 'Succeeded') return { name: 'Ready', state: 'done', because: 'its work is done' };
  const probe = lastEvent(happened, 'Unhealthy', 'ProbeWarning');
  const gate = pod.spec.readinessGates?.find(({ conditionType }) => condition(pod, conditionType)?.status !== 'True');
  if (gate !== undefined)
    return { name: 'Ready', state: 'waiting', because: `readiness gate ${gate.conditionType} does not hold` };
  return {
    name: 'Ready',
    state: 'waiting',
    because: probe?.message ?? ready?.message ?? 'not all containers are ready',
    advice:
      probe === undefined
        ? undefined
        : 'does the probe ask the right port and path, and does the program answer in time?',
  };
}

const marks: Readonly<Record<Step['state'], { readonly mark: string; readonly paint: PaintName }>> = {
  done: { mark: '✓', paint: 'diffAdd' },
  failed: { mark: '✖', paint: 'alert' },
  waiting: { mark: '◐', paint: 'pending' },
  unknown: { mark: '·', paint: 'dim' },
};

/** The first step that failed, or else that waits, is the answer; it is said first. */
function verdict(pod: Pod, steps: readonly Step[]): StyledLine {
  const name = pod.metadata.name ?? '';
  const culprit = steps.find(({ state }) => state === 'failed') ?? steps.find(({ state }) => state === 'waiting');
  if (culprit === undefined || podProblem(pod) === '')
    return [{ text: `● ${name} is well: ${podStatus(pod)}`, paint: 'ok' }];
  return [
    { text: `✖ ${name}: ${podStatus(pod)}`, paint: 'error' },
    { text: ` — ${culprit.name}: ${culprit.because}`, paint: 'value' },
  ];
}

export function explainLines(pod: Pod, happened: readonly Event[], now: number): readonly StyledLine[] {
  const steps = explainPod(pod, happened);
  return [
    verdict(pod, steps),
    ...steps.flatMap(({ name, state, because, advice }): readonly StyledLine[] => {
      const { mark, paint } = marks[state];
      return [
        [
          { text: `  ${mark} ${name}`, paint },
          { text: `  ${because}`, paint: 'text' },
        ],
        ...(advice === undefined ? [] : [[{ text: `      → ${advice}`, paint: 'label' as const }]]),
      ];
    }),
    ...(happened.length === 0
      ? []
      : [plainLine('  What happened, in order:', 'key'), ...happened.map((event) => eventLine(event, now))]),
    plainLine(''),
  ];
}

const mostPods = 20;

/** The answer for a pod, or for each pod of a workload; with the workload's own events when it has no pods at all. */
export async function explainPods(
  connection: Connection,
  type: ResourceType,
  key: ObjectKey,
  found: readonly Pod[],
  now: number,
  signal: AbortSignal,
): Promise<readonly StyledLine[]> {
  const lines: StyledLine[] = [];
  if (type.plural !== 'pods') {
    const object = await connection.read(type, key, { signal });
    const happened = await eventsOf(connection, object, signal);
    lines.push(
      plainLine(`${type.kind} ${key.name}: ${found.length} pods`, 'title'),
      ...happened.map((event) => eventLine(event, now)),
      plainLine(''),
    );
    if (found.length === 0)
      lines.push(
        plainLine(
          'It has no pods. If it wants some, the events above say why none could be made (quota, admission).',
          'label',
        ),
      );
  }
  const sick = [...found].sort((a, b) => Number(podProblem(a) === '') - Number(podProblem(b) === ''));
  for (const pod of sick.slice(0, mostPods))
    lines.push(...explainLines(pod, await eventsOf(connection, pod, signal), now));
  if (sick.length > mostPods) lines.push(plainLine(`… and ${sick.length - mostPods} more pods`, 'dim'));
  return lines;
}
