import { isDeepStrictEqual } from 'node:util';
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricSpec,
  MetricStatus,
  ObjectKey,
  Pod,
  ResourceType,
  Scale,
} from '@geobuk/api';
import {
  apiVersionOf,
  formatKey,
  horizontalPodAutoscalers,
  ignoring,
  isNotFound,
  matchesLabels,
  parseLabelSelector,
  pods,
} from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { primary, settled } from '@geobuk/client';
import { rfc3339 } from '../rfc3339.js';
import type { Measured } from './metric-sources.js';
import { MetricSources, failureReason } from './metric-sources.js';
import type { ScalingMemory } from './scaling-behavior.js';
import { normalize } from './scaling-behavior.js';

export interface HorizontalPodAutoscalerControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
  /** Everything the server has now: what is scaled may be a custom resource. */
  readonly discover: () => readonly ResourceType[];
}

/** Metrics announce nothing: they are looked at this often. Follows: --horizontal-pod-autoscaler-sync-period. */
const periodMs = 15_000;

type Wish = Pick<HorizontalPodAutoscalerCondition, 'type' | 'status' | 'reason' | 'message'>;

/** A step towards a decision failed; the condition says which. */
class NotScaled extends Error {
  override readonly name = 'NotScaled';
  readonly condition: Wish;

  constructor(type: string, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.condition = { type, status: 'False', reason, message };
  }
}

/** Sizes workloads by what their pods use. Follows: HorizontalPodAutoscaler (autoscaling/v2). */
export class HorizontalPodAutoscalerController implements Controller {
  readonly name = 'horizontal-pod-autoscaler';
  readonly watches = [primary(horizontalPodAutoscalers)];
  readonly #deps: HorizontalPodAutoscalerControllerDeps;
  readonly #autoscalers: Lister<HorizontalPodAutoscaler>;
  readonly #pods: Lister<Pod>;
  readonly #sources: MetricSources;
  readonly #memory = new Map<string, ScalingMemory & { readonly lookedAt: number }>();

  constructor(deps: HorizontalPodAutoscalerControllerDeps) {
    this.#deps = deps;
    this.#sources = new MetricSources(deps);
    this.#autoscalers = deps.informers.of(horizontalPodAutoscalers).lister;
    this.#pods = deps.informers.of(pods).lister;
  }

  async reconcile(key: ObjectKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { clock } = this.#deps;
    const hpa = this.#autoscalers.get(key); // check
    if (hpa === undefined || hpa.metadata.deletionTimestamp !== undefined) {
      this.#memory.delete(formatKey(key));
      return settled;
    }
    const known = this.#memory.get(formatKey(key));
    const generation = hpa.metadata.generation;
    // Its own status writes bring the key back: they are no reason to look again.
    const wait = known === undefined ? 0 : known.lookedAt + periodMs - clock.now();
    if (wait > 0 && hpa.status?.observedGeneration === generation) return { requeueAfterMs: wait };
    const memory = { recommendations: [], changes: [], ...known, lookedAt: clock.now() };
    this.#memory.set(formatKey(key), memory);
    try {
      await this.#scale(hpa, key, memory, context);
    } catch (error) {
      if (!(error instanceof NotScaled)) throw error;
      const { condition } = error;
      this.#deps.recorder.record(hpa, 'Warning', condition.reason ?? '', error.message);
      const status = { desiredReplicas: 0, ...hpa.status, observedGeneration: generation };
      await this.#report(hpa, { ...status, conditions: this.#conditions(hpa, [condition]) }, context.signal);
    }
    return { requeueAfterMs: periodMs };
  }

  async #scale(
    hpa: HorizontalPodAutoscaler,
    key: ObjectKey,
    memory: ScalingMemory & { readonly lookedAt: number },
    { signal, trace }: ReconcileContext,
  ): Promise<void> {
    const { client, clock, discover, recorder } = this.#deps;
    const { apiVersion = '', kind, name } = hpa.spec.scaleTargetRef;
    const target = discover().find((type) => type.kind === kind && apiVersionOf(type) === apiVersion);
    if (target === undefined)
      throw new NotScaled('AbleToScale', 'FailedGetScale', `no matches for kind "${kind}" in ${apiVersion}`);
    const targetKey = { namespace: key.namespace, name };
    const scale = await client
      .readSubresource<Scale>(target, targetKey, 'scale', { signal })
      .catch((cause: unknown) => {
        throw new NotScaled('AbleToScale', 'FailedGetScale', messageOf(cause), { cause });
      });
    const current = scale.spec.replicas ?? 1;
    const wishes: Wish[] = [
      {
        type: 'AbleToScale',
        status: 'True',
        reason: 'SucceededGetScale',
        message: "the HPA controller was able to get the target's current scale",
      },
    ];
    const { minReplicas = 1, maxReplicas } = hpa.spec;
    let desired = current;
    let why = 'All metrics below target';
    let currentMetrics: readonly MetricStatus[] = hpa.status?.currentMetrics ?? [];
    let next: ScalingMemory = memory;
    if (current === 0 && minReplicas !== 0) {
      wishes.push({
        type: 'ScalingActive',
        status: 'False',
        reason: 'ScalingDisabled',
        message: 'scaling is disabled since the replica count of the target is zero',
      });
    } else if (current > maxReplicas) {
      desired = maxReplicas;
      why = 'Current number of replicas above Spec.MaxReplicas';
    } else if (current < minReplicas) {
      desired = minReplicas;
      why = 'Current number of replicas below Spec.MinReplicas';
    } else {
      const measured = await this.#measure(hpa, key.namespace ?? '', scale, current, signal);
      currentMetrics = measured.map(({ status }) => status);
      const greatest = measured.reduce((most, each) => (each.replicas > most.replicas ? each : most));
      const wanted = greatest.replicas;
      wishes.push({
        type: 'ScalingActive',
        status: 'True',
        reason: 'ValidMetricFound',
        message: `the HPA was able to successfully calculate a replica count from ${greatest.text}`,
      });
      why = wanted > current ? `${greatest.text} above target` : why;
      const bounded = normalize(hpa, current, wanted, memory, clock.now()); // diff
      desired = bounded.replicas;
      next = { ...memory, recommendations: bounded.recommendations };
      wishes.push({ type: 'ScalingLimited', ...bounded.limit });
      if (bounded.stabilized && desired === current)
        wishes[0] = {
          type: 'AbleToScale',
          status: 'True',
          reason: 'ReadyForNewScale',
          message: 'recommended size matches current size',
        };
    }
    if (desired !== current) {
      trace.found(`${current} replicas where ${desired} are needed`);
      const body = { ...scale, spec: { ...scale.spec, replicas: desired } };
      await client.updateSubresource(target, targetKey, 'scale', body, { signal }); // act
      trace.did(`scaled ${name} to ${desired}`);
      recorder.record(hpa, 'Normal', 'SuccessfulRescale', `New size: ${desired}; reason: ${why}`);
      wishes[0] = {
        type: 'AbleToScale',
        status: 'True',
        reason: 'SucceededRescale',
        message: `the HPA controller was able to update the target scale to ${desired}`,
      };
      const recent = memory.changes.filter(({ at }) => at > clock.now() - 3_600_000);
      next = { ...next, changes: [...recent, { delta: desired - current, at: clock.now() }] };
    }
    this.#memory.set(formatKey(key), { ...next, lookedAt: memory.lookedAt });
    const status = {
      observedGeneration: hpa.metadata.generation,
      ...(desired !== current
        ? { lastScaleTime: rfc3339(clock.now()) }
        : hpa.status?.lastScaleTime === undefined
          ? {}
          : { lastScaleTime: hpa.status.lastScaleTime }),
      currentReplicas: scale.status?.replicas ?? current,
      desiredReplicas: desired,
      currentMetrics,
      conditions: this.#conditions(hpa, wishes),
    };
    await this.#report(hpa, status, signal);
  }

  /** One for each metric that could be read; the first error with the metric it belongs to, if there was one. */
  async #measure(
    hpa: HorizontalPodAutoscaler,
    namespace: string,
    scale: Scale,
    current: number,
    signal: AbortSignal,
  ): Promise<readonly Measured[]> {
    const labelSelector = scale.status?.selector ?? '';
    if (labelSelector === '')
      throw new NotScaled('ScalingActive', 'InvalidSelector', "the HPA target's scale is missing a selector");
    const requirements = parseLabelSelector(labelSelector);
    const targeted = this.#pods.list(namespace).filter((pod) => matchesLabels(requirements, pod.metadata.labels ?? {}));
    const statusReplicas = scale.status?.replicas ?? current;
    const now = this.#deps.clock.now();
    const workload = { hpa, namespace, labelSelector, current, statusReplicas, pods: targeted, now };
    const measured: Measured[] = [];
    let failure: { readonly spec: MetricSpec; readonly error: unknown } | undefined;
    for (const spec of hpa.spec.metrics ?? [standardMetric]) {
      try {
        measured.push(await this.#sources.measure(spec, workload, signal));
      } catch (error) {
        if (signal.aborted) throw error;
        failure ??= { spec, error };
      }
    }
    // With a metric missing it may grow, never shrink.
    const wanted = Math.max(0, ...measured.map(({ replicas }) => replicas));
    if (failure !== undefined && (measured.length === 0 || wanted < current)) {
      const message = `the HPA was unable to compute the replica count: ${messageOf(failure.error)}`;
      throw new NotScaled('ScalingActive', failureReason(failure.spec), message, { cause: failure.error });
    }
    return measured;
  }

  #conditions(hpa: HorizontalPodAutoscaler, wishes: readonly Wish[]): readonly HorizontalPodAutoscalerCondition[] {
    const conditions = [...(hpa.status?.conditions ?? [])];
    for (const wish of wishes) {
      const at = conditions.findIndex(({ type }) => type === wish.type);
      const known = conditions[at];
      const lastTransitionTime =
        known?.status === wish.status ? known.lastTransitionTime : rfc3339(this.#deps.clock.now());
      const condition = { ...wish, lastTransitionTime };
      if (at === -1) conditions.push(condition);
      else conditions[at] = condition;
    }
    return conditions;
  }

  async #report(
    hpa: HorizontalPodAutoscaler,
    status: NonNullable<HorizontalPodAutoscaler['status']>,
    signal: AbortSignal,
  ): Promise<void> {
    if (isDeepStrictEqual(status, hpa.status)) return;
    await this.#deps.client
      .updateStatus(horizontalPodAutoscalers, { ...hpa, status }, { signal })
      .catch(ignoring(isNotFound));
  }
}

/** What an autoscaler without metrics goes by. */
const standardMetric: MetricSpec = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
