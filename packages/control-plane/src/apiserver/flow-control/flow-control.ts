import { ApiError } from '@geobuk/api';
import type { FlowSchema, PriorityLevelConfiguration } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import type { User } from '../authentication/user.js';
import type { RequestInfo } from '../filters/request-info.js';
import { byPrecedence, distinguisherOf, meansRequest } from './flow-schemas.js';
import type { FlowControlMetrics } from './flow-control-metrics.js';
import { levelShapes, PriorityLevel } from './priority-level.js';
import type { FlowQueue, Refusal, Waiter } from './priority-level.js';

/** A quarter of what a request may take (1.1.13): who waits longer is told to come back. */
const longestWaitMs = 15_000;
const mostSeats = 10;

export interface FlowControlDeps {
  /** Requests that are served at the same time. */
  readonly totalSeats: number;
  readonly clock: Clock;
  readonly metrics: FlowControlMetrics;
}

/** What a request is, for flow control. */
export interface Flow {
  readonly schemaName: string;
  readonly schemaUid: string;
  readonly level: PriorityLevel;
  readonly distinguisher: string;
}

/** Seats that a request has; to be given back once. */
export interface Seats {
  release(): void;
}

/**
 * Lets requests in, so many at a time: each level of priority has seats of its own, lends those it does not need, and
 * shares them fairly among its flows. Where nobody waits it costs a few comparisons.
 * Follows: API priority and fairness, checklist 1.17.1 to 1.17.3.
 * Differs: seats are borrowed request by request, where Kubernetes moves limits every ten seconds; a level always has its
 * nominal seats at once, so that for a moment more than the total can be in use.
 */
export class FlowControl {
  readonly #deps: FlowControlDeps;
  #schemas: readonly FlowSchema[] = [];
  readonly #levels = new Map<string, PriorityLevel>();
  /** Seats of all levels that have a limit. */
  #inUse = 0;
  #waiting = 0;

  constructor(deps: FlowControlDeps) {
    this.#deps = deps;
  }

  /** Takes a new configuration; requests that run or wait stay where they are. */
  configure(schemas: readonly FlowSchema[], configurations: readonly PriorityLevelConfiguration[]): void {
    const shapes = levelShapes(configurations, this.#deps.totalSeats);
    const names = new Set(shapes.map(({ name }) => name));
    for (const shape of shapes) {
      const known = this.#levels.get(shape.name);
      if (known === undefined) this.#levels.set(shape.name, new PriorityLevel(shape));
      else known.shape = shape;
    }
    for (const [name, level] of this.#levels) {
      // A level that is gone serves those that it has, and nobody new finds it.
      if (!names.has(name) && level.inUse === 0 && level.waitingRequests === 0) this.#levels.delete(name);
    }
    this.#schemas = [...schemas]
      .filter(({ spec }) => names.has(spec.priorityLevelConfiguration.name))
      .sort(byPrecedence);
    this.#dispatch();
  }

  levels(): Iterable<PriorityLevel> {
    return this.#levels.values();
  }

  /** Undefined before there is any configuration: then everything is let in. */
  classify(user: User, info: RequestInfo): Flow | undefined {
    const schema = this.#schemas.find((one) => meansRequest(one, user, info));
    if (schema === undefined) return undefined;
    const level = this.#levels.get(schema.spec.priorityLevelConfiguration.name);
    if (level === undefined) return undefined;
    return {
      schemaName: schema.metadata.name ?? '',
      schemaUid: schema.metadata.uid ?? '',
      level,
      distinguisher: distinguisherOf(schema, user, info),
    };
  }

  /**
   * Seats for a request: at once where there are some, else when it is its turn.
   * @param objects how many a list may have to go through.
   * @param signal of a client that leaves; asked for only where there is a wait.
   * @throws {ApiError} TooManyRequests, also by rejection.
   */
  enter(flow: Flow, objects: number, signal: () => AbortSignal): Seats | Promise<Seats> {
    const { level } = flow;
    const { shape } = level;
    if (shape.isExempt) {
      level.inUse++;
      return this.#seated(flow, 1, undefined, true);
    }
    const seats = Math.min(Math.ceil(objects / 100), mostSeats, Math.ceil(shape.nominal * 0.15)) || 1;
    if (level.waitingRequests === 0 && this.#hasRoom(level, seats)) {
      level.inUse += seats;
      this.#inUse += seats;
      return this.#seated(flow, seats, undefined, false);
    }
    const queue = level.queueFor(`${flow.schemaName}/${flow.distinguisher}`);
    if (queue === undefined)
      throw this.#refusal(flow, shape.queuing === undefined ? 'concurrency-limit' : 'queue-full');
    return this.#queued(flow, queue, seats, signal());
  }

  #queued(flow: Flow, queue: FlowQueue, seats: number, signal: AbortSignal): Promise<Seats> {
    const { clock, metrics } = this.#deps;
    const { level } = flow;
    const since = clock.now();
    return new Promise((resolve, reject) => {
      const done = () => {
        timer[Symbol.dispose]();
        signal.removeEventListener('abort', gone);
      };
      const waiter: Waiter = {
        seats,
        go: (from) => {
          done();
          this.#waiting--;
          this.#inUse += seats;
          metrics.waited(flow, clock.now() - since, true);
          resolve(this.#seated(flow, seats, from, false));
        },
      };
      const giveUp = (why: Refusal) => {
        if (!level.leave(queue, waiter)) return;
        done();
        this.#waiting--;
        metrics.waited(flow, clock.now() - since, false);
        reject(this.#refusal(flow, why));
      };
      const gone = () => giveUp('cancelled');
      const timer = clock.timer(longestWaitMs, () => giveUp('time-out'));
      signal.addEventListener('abort', gone, { once: true });
      metrics.waits(flow);
      this.#waiting++;
      level.wait(queue, waiter);
      this.#dispatch();
    });
  }

  #seated(flow: Flow, seats: number, queue: FlowQueue | undefined, isExempt: boolean): Seats {
    const { clock, metrics } = this.#deps;
    const since = clock.now();
    let isOver = false;
    metrics.dispatched(flow, seats);
    return {
      release: () => {
        if (isOver) return;
        isOver = true;
        const tookMs = clock.now() - since;
        metrics.executed(flow, seats, tookMs);
        flow.level.ended(seats, tookMs, queue);
        if (!isExempt) this.#inUse -= seats;
        if (this.#waiting > 0) this.#dispatch();
      },
    };
  }

  /** Its own seats, or ones that others lend: not those that they keep for themselves. */
  #hasRoom({ inUse, shape }: PriorityLevel, seats: number): boolean {
    if (inUse + seats <= shape.nominal) return true;
    if (inUse + seats > shape.most) return false;
    let kept = 0;
    for (const other of this.#levels.values()) {
      if (!other.shape.isExempt) kept += Math.max(0, other.shape.least - other.inUse);
    }
    return this.#inUse + seats + kept <= this.#deps.totalSeats;
  }

  #dispatch(): void {
    for (let moved = true; moved && this.#waiting > 0;) {
      moved = false;
      for (const level of this.#levels.values()) {
        const seats = level.nextSeats;
        if (seats === undefined || !this.#hasRoom(level, seats)) continue;
        level.letNextGo();
        moved = true;
      }
    }
  }

  #refusal(flow: Flow, why: Refusal): ApiError {
    this.#deps.metrics.rejected(flow, why);
    return ApiError.of(429, 'TooManyRequests', 'Too many requests, please try again later.', { retryAfterSeconds: 1 });
  }
}
