import { Counter, Gauge, Registry } from 'prom-client';
import type { ContentStore } from './store/content-store.js';

/** Prometheus text, and what counts an answer. */
export function createMetrics(contents: Pick<ContentStore, 'usedBytes'>): {
  readonly text: () => Promise<string>;
  readonly answered: (method: string, status: number) => void;
  readonly swept: (bytes: number) => void;
} {
  const registry = new Registry();
  const registers = [registry];
  const answers = new Counter({
    name: 'geobuk_registry_requests_total',
    help: 'Requests by method and status',
    labelNames: ['method', 'code'],
    registers,
  });
  const sweptBytes = new Counter({
    name: 'geobuk_registry_swept_bytes_total',
    help: 'Bytes that no manifest led to any more',
    registers,
  });
  const used: Gauge = new Gauge({
    name: 'geobuk_registry_used_bytes',
    help: 'What contents and uploads take',
    registers,
    collect: (): void => used.set(contents.usedBytes),
  });
  return {
    text: () => registry.metrics(),
    answered: (method, status) => answers.inc({ method, code: String(status) }),
    swept: (bytes) => sweptBytes.inc(bytes),
  };
}
