import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';
import type { RequestInfo } from './filters/request-info.js';

const labelNames = ['verb', 'group', 'version', 'resource', 'subresource', 'scope', 'code'] as const;

/** What `/metrics` shows of the API server. Follows: Kubernetes' metric names, checklist 1.16.4. */
export class Metrics {
  readonly registry = new Registry();
  readonly #requests: Counter<(typeof labelNames)[number]>;
  readonly #durations: Histogram<'verb' | 'group' | 'version' | 'resource' | 'subresource' | 'scope'>;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#requests = new Counter({
      name: 'apiserver_request_total',
      help: 'Requests by verb, resource and HTTP status code.',
      labelNames,
      registers,
    });
    this.#durations = new Histogram({
      name: 'apiserver_request_duration_seconds',
      help: 'Time from a request to the end of its response, long-running ones left out.',
      labelNames: ['verb', 'group', 'version', 'resource', 'subresource', 'scope'],
      buckets: [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
      registers,
    });
  }

  observe(info: RequestInfo, code: number, seconds: number | undefined): void {
    const { group, version, resource, subresource } = info;
    const labels = { verb: info.verb.toUpperCase(), group, version, resource, subresource, scope: scopeOf(info) };
    this.#requests.inc({ ...labels, code });
    if (seconds !== undefined) this.#durations.observe(labels, seconds);
  }
}

function scopeOf({ isResource, namespace, name }: RequestInfo): string {
  if (!isResource) return '';
  if (name !== '') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}
