import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import type { ResourceType } from '@geobuk/api';
import type { Client, Clock, Controller, EventRecorder, Informers, LoopState, RunnerMetrics } from '@geobuk/client';
import {
  allSettledOrThrow,
  createEventRecorder,
  createInformers,
  createRunner,
  runWithLeaderElection,
} from '@geobuk/client';
import type { Logger } from 'pino';
import type { CertificateSigner } from './controllers/certificates/csr-signing-controller.js';
import type { SchedulingDecision } from './scheduler/decision-log.js';
import type { Scheduler } from './scheduler/scheduler.js';
import type { KubeSchedulerConfiguration } from './scheduler/scheduler-config.js';

/** What an addon reconciler, or any other group of controllers, is made from. */
export interface LoopDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorderFor: (component: string) => EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly discover: () => readonly ResourceType[];
}

export interface ControlLoopsDeps {
  readonly client: Client;
  /** Everything the server has now, CRDs included. */
  readonly discover: () => readonly ResourceType[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  /** PEM of the cluster's CA. */
  readonly rootCa: string;
  readonly signer: CertificateSigner;
  /** Addon reconciler. */
  readonly addonControllers: (deps: LoopDeps) => Promise<readonly Controller[]>;
  /** Several control planes share one store: only the holder of the lease turns the loops. */
  readonly leaderElection: boolean;
  /** Told of what the loops' queues do. */
  readonly metrics?: RunnerMetrics | undefined;
  readonly schedulerConfig?: KubeSchedulerConfiguration | undefined;
}

const lease = { namespace: 'kube-system', name: 'geobuk-control-plane' };
/** Shorter than Kubernetes' 15, 10 and 2 s: the holder sits beside its API server, and work stands still until the next one leads. */
const leaseTimes = { leaseDurationMs: 10_000, renewDeadlineMs: 7_000, retryPeriodMs: 1_000 };

/** Everything that turns the cluster from what it is to what it should be: controllers, garbage collector, scheduler, addons. */
export class ControlLoops {
  readonly #deps: ControlLoopsDeps;
  #scheduler: Scheduler | undefined;
  #turning: (() => readonly LoopState[]) | undefined;

  constructor(deps: ControlLoopsDeps) {
    this.#deps = deps;
  }

  /** What each loop did last; empty where another control plane leads. */
  loops(): readonly LoopState[] {
    return this.#turning?.() ?? [];
  }

  /** What the scheduler decided about a pod last; undefined where another control plane leads. */
  schedulingOf(uid: string): SchedulingDecision | undefined {
    return this.#scheduler?.decisionOf(uid);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { client, clock, log, leaderElection } = this.#deps;
    if (!leaderElection) {
      await this.#turn(signal);
      return;
    }
    const identity = `${hostname()}_${randomUUID()}`;
    const election = { client, lease, identity, clock, log, ...leaseTimes };
    await runWithLeaderElection(election, (leading) => this.#turn(leading), { signal });
  }

  /** Made anew at each term: nothing that a former leader remembered is believed. */
  async #turn(signal: AbortSignal): Promise<void> {
    const { client, clock, log, discover } = this.#deps;
    // The API answers while these are loaded: half of this process's code is in them.
    const [{ createControllers }, { GarbageCollector }, { Scheduler: SchedulerLoop }] = await Promise.all([
      import('./controllers/controllers.js'),
      import('./controllers/garbage-collector/garbage-collector.js'),
      import('./scheduler/scheduler.js'),
    ]);
    if (signal.aborted) return;
    const informers = createInformers({ client, log, clock });
    const recorders = new Map<string, EventRecorder>();
    const recorderFor = (component: string): EventRecorder => {
      const known = recorders.get(component) ?? createEventRecorder({ client, clock, log, component });
      recorders.set(component, known);
      return known;
    };
    const loopDeps: LoopDeps = { client, informers, recorderFor, clock, log, discover };
    const garbageCollector = new GarbageCollector(loopDeps);
    const scheduler = new SchedulerLoop({
      ...loopDeps,
      recorder: recorderFor('default-scheduler'),
      random: Math.random,
      config: this.#deps.schedulerConfig,
    });
    const controllers: readonly Controller[] = [
      ...createControllers({ ...this.#deps, ...loopDeps }),
      ...(await this.#deps.addonControllers(loopDeps)),
    ];
    const runner = createRunner({
      controllers: controllers as readonly Controller<unknown>[],
      informers,
      log,
      clock,
      metrics: this.#deps.metrics,
    });
    this.#scheduler = scheduler;
    this.#turning = () => [...runner.loops(), ...garbageCollector.loops()];
    try {
      await allSettledOrThrow([
        informers.run(signal),
        runner.run(signal),
        garbageCollector.run(signal),
        scheduler.run(signal),
        ...[...recorders.values()].map((recorder) => recorder.run(signal)),
      ]);
    } finally {
      this.#turning = undefined;
      this.#scheduler = undefined;
    }
  }
}
