import { connect } from 'node:net';
import type { Container, Pod, Probe } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import { allContainersOf } from '../pods/pod-containers.js';
import { RuntimeError } from '../runtime/runtime.js';
import type { ContainerRuntime, ContainerState, PodState } from '../runtime/runtime.js';
import { grpcCheck } from './grpc-check.js';
import { httpCheck, portOf } from './http-check.js';
import type { CheckResult } from './http-check.js';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';

export interface PodProbesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly hostIP: () => string | undefined;
  /** A result changed: the pod's worker should look. */
  readonly changed: (uid: string) => void;
  /** In [0, 1). */
  readonly random?: (() => number) | undefined;
}

interface Probed {
  readonly uid: string;
  readonly stop: AbortController;
  readonly kinds: ReadonlySet<ProbeKind>;
  /** Answers so far, by kind and result, and whose they are. */
  readonly counts: Map<string, number>;
  readonly labels: Readonly<Record<string, string>>;
  started: boolean;
  ready: boolean;
  unhealthy: { readonly message: string; readonly graceSeconds?: number | undefined } | undefined;
}

export interface ProbeTotal {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
}

/** Asks running containers how they are. One loop for each probe of each container. Follows: prober.Manager. */
export class PodProbes implements Disposable {
  readonly #deps: PodProbesDeps;
  readonly #probed = new Map<string, Probed>();

  constructor(deps: PodProbesDeps) {
    this.#deps = deps;
  }

  /** Without a startup probe a running container has started. */
  started(containerId: string): boolean {
    return this.#probed.get(containerId)?.started ?? true;
  }

  /** Without a readiness probe a started container is ready. */
  ready(containerId: string): boolean {
    const probed = this.#probed.get(containerId);
    return probed === undefined || (probed.ready && probed.started);
  }

  unhealthy(containerId: string): Probed['unhealthy'] {
    return this.#probed.get(containerId)?.unhealthy;
  }

  /** Probes what runs now, and nothing else of this pod. */
  follow(pod: Pod, state: PodState | undefined, runtime: ContainerRuntime): void {
    const uid = pod.metadata.uid ?? '';
    const running = new Map(
      (state?.containers ?? []).filter((one) => one.state === 'running').map((one) => [one.id, one]),
    );
    for (const [id, probed] of this.#probed) if (probed.uid === uid && !running.has(id)) this.#end(id, probed);
    for (const container of running.values()) {
      if (this.#probed.has(container.id)) continue;
      const found = allContainersOf(pod).find(({ spec }) => spec.name === container.name);
      if (found === undefined || found.kind === 'init' || found.kind === 'ephemeral') continue;
      this.#begin(pod, found.spec as Container, container, state, runtime);
    }
  }

  /** How often probes of what runs now were answered, and how. */
  totals(): readonly ProbeTotal[] {
    return [...this.#probed.values()].flatMap(({ counts, labels }) =>
      [...counts].map(([counted, count]) => {
        const [kind = '', result = ''] = counted.split(' ');
        const probeType = kind.charAt(0).toUpperCase() + kind.slice(1);
        return { labels: { ...labels, probe_type: probeType, result }, count };
      }),
    );
  }

  forget(uid: string): void {
    for (const [id, probed] of this.#probed) if (probed.uid === uid) this.#end(id, probed);
  }

  [Symbol.dispose](): void {
    for (const [id, probed] of this.#probed) this.#end(id, probed);
  }

  #end(id: string, probed: Probed): void {
    probed.stop.abort();
    this.#probed.delete(id);
  }

  #begin(
    pod: Pod,
    spec: Container,
    container: ContainerState,
    state: PodState | undefined,
    runtime: ContainerRuntime,
  ): void {
    const { startupProbe, livenessProbe, readinessProbe } = spec;
    const probes: readonly (readonly [ProbeKind, Probe | undefined])[] = [
      ['startup', startupProbe],
      ['liveness', livenessProbe],
      ['readiness', readinessProbe],
    ];
    const wanted = probes.filter((entry): entry is readonly [ProbeKind, Probe] => entry[1] !== undefined);
    if (wanted.length === 0) return;
    // Who was ready before the kubelet restarted stays so until a probe says otherwise.
    const before = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find(
      ({ containerID }) => containerID?.endsWith(`//${container.id}`) === true,
    );
    const probed: Probed = {
      uid: pod.metadata.uid ?? '',
      stop: new AbortController(),
      kinds: new Set(wanted.map(([kind]) => kind)),
      counts: new Map(),
      labels: {
        container: container.name,
        namespace: pod.metadata.namespace ?? '',
        pod: pod.metadata.name ?? '',
        pod_uid: pod.metadata.uid ?? '',
      },
      started: startupProbe === undefined || before?.started === true,
      ready: readinessProbe === undefined || before?.ready === true,
      unhealthy: undefined,
    };
    this.#probed.set(container.id, probed);
    const podIP = state?.sandboxes.find(({ id }) => id === container.sandboxId)?.ips[0] ?? this.#deps.hostIP();
    for (const [kind, probe] of wanted) {
      const target = { pod, spec, container, podIP, runtime };
      this.#loop(kind, probe, target, probed).catch((error: unknown) => {
        if (!probed.stop.signal.aborted)
          this.#deps.log.error({ container: container.id, probe: kind, err: error }, 'probe loop ended');
      });
    }
  }

  async #loop(kind: ProbeKind, probe: Probe, target: Target, probed: Probed): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    const { signal } = probed.stop;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const startedAt = target.container.startedAt ?? clock.now();
    const firstAt = startedAt + (probe.initialDelaySeconds ?? 0) * 1000;
    const age = clock.now() - startedAt;
    // After a restart of the kubelet all probes of the node would go off at once; fresh containers are asked at once.
    const spread = age > periodMs ? random() * Math.min(periodMs, 5000) : 0;
    await clock.after(Math.max(0, firstAt - clock.now()) + spread, { signal });
    let good = 0;
    let bad = 0;
    while (!signal.aborted) {
      const waits = kind !== 'startup' && !probed.started;
      if (!waits) {
        const result = await this.#ask(probe, target, signal);
        if (signal.aborted) return;
        const counted = `${kind} ${outcomeOf(result)}`;
        probed.counts.set(counted, (probed.counts.get(counted) ?? 0) + 1);
        if (result !== 'unavailable' && !result.ok) this.#tell(kind, result, target);
        // What could not be asked says nothing about the container: counts and state stay as they were.
        if (isAnswer(result)) {
          good = result.ok ? good + 1 : 0;
          bad = result.ok ? 0 : bad + 1;
          const passed = good >= (kind === 'readiness' ? (probe.successThreshold ?? 1) : 1);
          const failed = bad >= (probe.failureThreshold ?? 3);
          if (passed || failed) this.#settle(kind, passed, probe, target, probed);
          if (kind === 'startup' && passed) return;
        }
      }
      await clock.after(waits ? Math.min(periodMs, 1000) : periodMs, { signal });
    }
  }

  #settle(kind: ProbeKind, passed: boolean, probe: Probe, { container, pod }: Target, probed: Probed): void {
    const before = [probed.started, probed.ready, probed.unhealthy !== undefined].join();
    if (kind === 'startup') probed.started = passed;
    if (kind === 'readiness') probed.ready = passed;
    if (kind !== 'readiness') {
      const message = `Container ${container.name} failed ${kind} probe, will be restarted`;
      probed.unhealthy = passed ? undefined : { message, graceSeconds: probe.terminationGracePeriodSeconds };
    }
    if (before !== [probed.started, probed.ready, probed.unhealthy !== undefined].join()) {
      this.#deps.changed(pod.metadata.uid ?? '');
    }
  }

  #tell(kind: ProbeKind, result: CheckResult, { pod, spec }: Target): void {
    const name = kind.charAt(0).toUpperCase() + kind.slice(1);
    const how = isAnswer(result) ? 'failed' : 'errored and resulted in unknown state';
    this.#deps.events.pod(pod, 'Warning', 'Unhealthy', `${name} probe ${how}: ${result.message}`, spec.name);
  }

  async #ask(probe: Probe, target: Target, parent: AbortSignal): Promise<CheckResult | 'unavailable'> {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    using limit = deadline(parent, timeoutMs, this.#deps.clock);
    try {
      return await check(probe, target, timeoutMs, limit.signal);
    } catch (error) {
      if (parent.aborted) throw error;
      if (limit.signal.aborted) return { ok: false, message: `command timed out after ${timeoutMs / 1000}s` };
      // The engine is away (nobody need be told), or could not start the command. Follows: execProber, probe.Unknown.
      if (error instanceof RuntimeError && error.code === 'Unavailable') return 'unavailable';
      const unknown = error instanceof RuntimeError && error.code !== 'Timeout';
      return { ok: false, unknown, message: (error as Error).message };
    }
  }
}

/** Whether the container has answered, well or badly. */
const isAnswer = (result: CheckResult | 'unavailable'): result is CheckResult =>
  result !== 'unavailable' && result.unknown !== true;

const outcomeOf = (result: CheckResult | 'unavailable'): string => {
  if (!isAnswer(result)) return 'unknown';
  return result.ok ? 'successful' : 'failed';
};

interface Target {
  readonly pod: Pod;
  readonly spec: Container;
  readonly container: ContainerState;
  readonly podIP: string | undefined;
  readonly runtime: ContainerRuntime;
}

async function check(
  probe: Probe,
  { spec, container, podIP, runtime }: Target,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckResult> {
  if (probe.exec !== undefined) {
    const { exitCode, output } = await runtime.execSync(container.id, probe.exec.command ?? [], timeoutMs, { signal });
    return { ok: exitCode === 0, message: output };
  }
  if (probe.httpGet !== undefined) {
    const host = probe.httpGet.host ?? podIP;
    if (host === undefined) return { ok: false, message: 'the pod has no address' };
    return httpCheck({ ...probe.httpGet, host, port: portOf(probe.httpGet.port, spec) }, timeoutMs, signal);
  }
  if (probe.tcpSocket !== undefined) {
    const host = probe.tcpSocket.host ?? podIP;
    if (host === undefined) return { ok: false, message: 'the pod has no address' };
    return tcpCheck(host, portOf(probe.tcpSocket.port, spec), signal);
  }
  if (probe.grpc !== undefined) {
    if (podIP === undefined) return { ok: false, message: 'the pod has no address' };
    return grpcCheck(podIP, probe.grpc.port, probe.grpc.service ?? '', timeoutMs, signal);
  }
  return { ok: true, message: '' };
}

/** Follows: probe/tcp: a connection that opens is good. */
export function tcpCheck(host: string, port: number, signal: AbortSignal): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.on('connect', () => {
      socket.destroy();
      resolve({ ok: true, message: '' });
    });
    socket.on('error', (error) => {
      resolve({
        ok: false,
        message:
          error.name === 'AbortError'
            ? `dial tcp ${host}:${port}: i/o timeout`
            : `dial tcp ${host}:${port}: ${error.message}`,
      });
    });
  });
}
