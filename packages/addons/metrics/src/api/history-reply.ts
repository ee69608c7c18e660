import type { History } from '../samples/history.js';
import { containerSeries, nodeSeries } from '../samples/sample-store.js';
import { rfc3339 } from './metrics-objects.js';

export interface HistoryQuery {
  /** What is wanted: all nodes, one node, or containers of all, a namespace or a pod. */
  readonly of:
    | { readonly node: string | undefined }
    | { readonly namespace: string | undefined; readonly pod: string | undefined };
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly stepMs: number;
}

/** JSON has no NaN. */
const known = (numbers: readonly number[], digits: number): readonly (number | null)[] => {
  const unit = 10 ** digits;
  return numbers.map((value) => (Number.isNaN(value) ? null : Math.round(value * unit) / unit));
};

/**
 * What was used over time, for charts: one axis of times, oldest first, and for each node or container its processor
 * (cores) and memory (bytes), `null` where nothing is known. Containers that are gone are there until the hour is over.
 */
export function historyReply(history: History, { of, sinceMs, nowMs, stepMs }: HistoryQuery): object {
  const steps = Math.ceil(sinceMs / stepMs);
  const prefix = prefixOf(of);
  const exact = 'node' in of && of.node !== undefined;
  const series = [...history.ids()]
    .filter((id) => (exact ? id === prefix : id.startsWith(prefix)))
    .sort()
    .map((id) => {
      const read = history.read(id, nowMs, steps);
      return {
        ...identityOf(id),
        cpuCores: known(read?.cpuCores ?? [], 6),
        memoryBytes: known(read?.workingSetBytes ?? [], 0),
      };
    });
  return {
    stepSeconds: stepMs / 1000,
    times: history.times(nowMs, steps).map(rfc3339),
    series,
  };
}

function prefixOf(of: HistoryQuery['of']): string {
  if ('node' in of) return of.node === undefined ? 'node ' : nodeSeries(of.node);
  if (of.namespace === undefined) return 'container ';
  return of.pod === undefined ? `container ${of.namespace} ` : containerSeries(of.namespace, of.pod, '');
}

function identityOf(id: string): object {
  const [kind, first, second, third] = id.split(' ');
  return kind === 'node' ? { node: first } : { namespace: first, pod: second, container: third };
}
