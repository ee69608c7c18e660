import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Flow } from './flow-control.js';
import type { PriorityLevel } from './priority-level.js';

type FlowLabels = 'priority_level' | 'flow_schema';

interface Counts {
  readonly labels: Readonly<Record<FlowLabels, string>>;
  dispatched: number;
  executing: number;
  seats: number;
  inQueue: number;
}

const prefix = 'apiserver_flowcontrol_';
const flowLabels = ['priority_level', 'flow_schema'] as const;
const buckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/**
 * What `/metrics` shows of flow control. Each request only adds to plain numbers; they become metrics when somebody asks.
 * Follows: Kubernetes' names.
 */
export class FlowControlMetrics {
  readonly #counts = new Map<string, Counts>();
  readonly #rejected: Counter<FlowLabels | 'reason'>;
  readonly #waits: Histogram<FlowLabels | 'execute'>;
  readonly #executions: Histogram<FlowLabels>;

  /** @param levels the levels as they are at a scrape. */
  constructor(registry: Registry, levels: () => Iterable<PriorityLevel>) {
    const registers = [registry];
    this.#rejected = new Counter({
      name: `${prefix}rejected_requests_total`,
      help: 'Requests that were refused by flow control.',
      labelNames: [...flowLabels, 'reason'],
      registers,
    });
    this.#waits = new Histogram({
      name: `${prefix}request_wait_duration_seconds`,
      help: 'Time that requests spent in a queue; those that did not wait are left out.',
      labelNames: [...flowLabels, 'execute'],
      buckets,
      registers,
    });
    this.#executions = new Histogram({
      name: `${prefix}request_execution_seconds`,
      help: 'Time that requests had their seats.',
      labelNames: flowLabels,
      buckets,
      registers,
    });
    const counts = this.#counts;
    const ofFlows = (name: string, help: string, valueOf: (one: Counts) => number) =>
      new Gauge({
        name: `${prefix}${name}`,
        help,
        labelNames: flowLabels,
        registers,
        collect() {
          for (const one of counts.values()) this.set(one.labels, valueOf(one));
        },
      });
    ofFlows('current_executing_requests', 'Requests that have seats.', ({ executing }) => executing);
    ofFlows('current_executing_seats', 'Seats that are taken.', ({ seats }) => seats);
    ofFlows('current_inqueue_requests', 'Requests that wait.', ({ inQueue }) => inQueue);
    const dispatched = new Counter({
      name: `${prefix}dispatched_requests_total`,
      help: 'Requests that were let in by flow control.',
      labelNames: flowLabels,
      registers,
      collect() {
        this.reset();
        for (const one of counts.values()) dispatched.inc(one.labels, one.dispatched);
      },
    });
    const ofLevels = (name: string, help: string, valueOf: (level: PriorityLevel) => number) =>
      new Gauge({
        name: `${prefix}${name}`,
        help,
        labelNames: ['priority_level'],
        registers,
        collect() {
          this.reset();
          for (const level of levels()) this.set({ priority_level: level.shape.name }, valueOf(level));
        },
      });
    ofLevels('nominal_limit_seats', "A level's own seats.", ({ shape }) => shape.nominal);
    ofLevels('lower_limit_seats', 'Seats that others may not borrow.', ({ shape }) => shape.least);
    ofLevels('current_limit_seats', 'Seats that a level has now, borrowed ones too.', ({ shape, inUse }) =>
      Math.max(shape.nominal, inUse),
    );
  }

  dispatched(flow: Flow, seats: number): void {
    const counts = this.#of(flow);
    counts.dispatched++;
    counts.executing++;
    counts.seats += seats;
  }

  executed(flow: Flow, seats: number, tookMs: number): void {
    const counts = this.#of(flow);
    counts.executing--;
    counts.seats -= seats;
    this.#executions.observe(counts.labels, tookMs / 1000);
  }

  waits(flow: Flow): void {
    this.#of(flow).inQueue++;
  }

  waited(flow: Flow, ms: number, execute: boolean): void {
    const counts = this.#of(flow);
    counts.inQueue--;
    this.#waits.observe({ ...counts.labels, execute: String(execute) }, ms / 1000);
  }

  rejected(flow: Flow, reason: string): void {
    this.#rejected.inc({ ...this.#of(flow).labels, reason });
  }

  #of({ level, schemaName }: Flow): Counts {
    const id = `${level.shape.name}/${schemaName}`;
    let found = this.#counts.get(id);
    if (found === undefined) {
      found = {
        labels: { priority_level: level.shape.name, flow_schema: schemaName },
        dispatched: 0,
        executing: 0,
        seats: 0,
        inQueue: 0,
      };
      this.#counts.set(id, found);
    }
    return found;
  }
}
