import type { RunnerMetrics } from '@geobuk/client';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestInfo } from './filters/request-info.js';

const requestLabels = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'component'] as const;
type RequestLabels = Readonly<Record<(typeof requestLabels)[number], string>>;

const requestBuckets = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
const queueBuckets = [0.00001, 0.0001, 0.001, 0.01, 0.1, 1, 10, 100];

/** What `/metrics` is told of one request. */
export interface RequestFacts {
  readonly info: RequestInfo;
  readonly method: string;
  readonly isApply: boolean;
  /** There is such a resource; the names of others are anybody's and would fill the memory. */
  readonly isKnown: boolean;
  readonly isLongRunning: boolean;
}

interface Counted {
  readonly labels: RequestLabels;
  readonly byCode: Map<number, number>;
  underWay: number;
}

/**
 * What `/metrics` shows of the API server and of the control loops beside it. Each request only adds to plain numbers;
 * they become metrics when somebody asks. Follows: Kubernetes' metric names, checklist 1.16.4.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #counted = new Map<string, Counted>();
  readonly #durations: Histogram<(typeof requestLabels)[number]>;
  #mutating = 0;
  #reading = 0;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const counted = this.#counted;
    const total = new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and HTTP status code.',
      labelNames: [...requestLabels, 'code'],
      registers,
      collect() {
        this.reset();
        for (const { labels, byCode } of counted.values()) {
          for (const [code, count] of byCode) total.inc({ ...labels, code }, count);
        }
      },
    });
    this.#durations = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from a request to the end of its response, long-running ones left out.',
      labelNames: requestLabels,
      buckets: requestBuckets,
      registers,
    });
    new Gauge({
      name: 'apiserver_longrunning_requests',
      help: 'Watches and streams that are open.',
      labelNames: requestLabels,
      registers,
      collect() {
        this.reset();
        for (const { labels, underWay } of counted.values()) if (underWay > 0) this.set(labels, underWay);
      },
    });
    const inFlight = (): readonly (readonly [string, number])[] => [
      ['mutating', this.#mutating],
      ['readOnly', this.#reading],
    ];
    new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests that are served at this moment, long-running ones left out.',
      labelNames: ['request_kind'],
      registers,
      collect() {
        for (const [request_kind, count] of inFlight()) this.set({ request_kind }, count);
      },
    });
  }

  /** A request begins. @returns what to call when it is over. */
  begun(facts: RequestFacts): (code: number, seconds: number) => void {
    const counted = this.#of(facts);
    const { isLongRunning } = facts;
    const isReading = facts.method === 'GET' || facts.method === 'HEAD';
    if (isLongRunning) counted.underWay++;
    else if (isReading) this.#reading++;
    else this.#mutating++;
    return (code, seconds) => {
      if (isLongRunning) counted.underWay--;
      else {
        if (isReading) this.#reading--;
        else this.#mutating--;
        this.#durations.observe(counted.labels, seconds);
      }
      counted.byCode.set(code, (counted.byCode.get(code) ?? 0) + 1);
    };
  }

  /** How many objects of each resource there are. @param counts asked for at each scrape. */
  watchStorage(counts: () => Iterable<readonly [resource: string, count: number]>): void {
    new Gauge({
      name: 'apiserver_storage_objects',
      help: 'Stored objects by resource.',
      labelNames: ['resource'],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [resource, count] of counts()) this.set({ resource }, count);
      },
    });
  }

  /** What this is. */
  tellVersion(version: Readonly<Record<string, string>>): void {
    const labels = Object.fromEntries(
      Object.entries(version).map(([name, value]) => [name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
    );
    new Gauge({
      name: 'kubernetes_build_info',
      help: 'The version of Kubernetes that this server speaks.',
      labelNames: Object.keys(labels),
      registers: [this.registry],
    }).set(labels, 1);
  }

  #of({ info, method, isApply, isKnown }: RequestFacts): Counted {
    const { group, version, resource, subresource } = info;
    const verb = isApply ? 'APPLY' : verbOf(info, method);
    const scope = scopeOf(info);
    const id = isKnown ? `${verb}/${scope}/${group}/${version}/${resource}/${subresource}` : `${verb}/${scope}`;
    let found = this.#counted.get(id);
    if (found === undefined) {
      const what = isKnown ? { group, version, resource, subresource } : nothing;
      found = { labels: { verb, ...what, scope, component: 'apiserver' }, byCode: new Map(), underWay: 0 };
      this.#counted.set(id, found);
    }
    return found;
  }
}

const nothing = { group: '', version: '', resource: '', subresource: '' };

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const connecting = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** As Kubernetes counts: HTTP's verbs, but for what a GET or DELETE means, and for streams. */
function verbOf({ verb, subresource }: RequestInfo, method: string): string {
  if (connecting.has(subresource)) return 'CONNECT';
  if (verb === 'list' || verb === 'watch' || verb === 'deletecollection') return verb.toUpperCase();
  if (method === 'HEAD') return 'GET';
  return methods.has(method) ? method : 'other';
}

function scopeOf({ isResource, namespace, name, verb }: RequestInfo): string {
  if (!isResource) return '';
  if (name !== '' || verb === 'create') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}

/** What work queues and loops count. Follows: Kubernetes' `workqueue_…` metrics. */
export function queueMetrics(registry: Registry): RunnerMetrics {
  const registers = [registry];
  const labelNames = ['name'] as const;
  const counter = (name: string, help: string) =>
    new Counter({ name: `workqueue_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `workqueue_${name}`, help, labelNames, buckets: queueBuckets, registers });
  const adds = counter('adds_total', 'Keys that were put into a queue.');
  const retries = counter('retries_total', 'Keys that were put into a queue again after a failure.');
  const depth = new Gauge({ name: 'workqueue_depth', help: 'Keys that wait in a queue.', labelNames, registers });
  const waits = histogram('queue_duration_seconds', 'Time that keys waited in a queue.');
  const works = histogram('work_duration_seconds', 'Time that working on a key took.');
  const passes = new Counter({
    name: 'geobuk_reconcile_total',
    help: 'Passes of control loops by their outcome.',
    labelNames: ['loop', 'outcome'],
    registers,
  });
  return {
    added(name, length) {
      adds.inc({ name });
      depth.set({ name }, length);
    },
    taken(name, waitedMs, length) {
      waits.observe({ name }, waitedMs / 1000);
      depth.set({ name }, length);
    },
    finished(name, workedMs) {
      works.observe({ name }, workedMs / 1000);
    },
    retried(name) {
      retries.inc({ name });
    },
    reconciled(loop, outcome) {
      passes.inc({ loop, outcome });
    },
  };
}
