import { request } from 'node:http';
import { Gauge, Registry } from 'prom-client';
import type { EngineCounts } from './haproxy/haproxy-engine.js';

const limitBytes = 32 << 20;

/** Prometheus text: the agent's own counts, then all that the proxy itself counts. */
export function createMetrics(counts: EngineCounts, socket: string): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `geobuk_ingress_${name}`, help, registers });
  const reloads = gauge('reloads_total', 'Configurations that the proxy took while it ran');
  const updates = gauge('updates_total', 'Changes of endpoints and certificates without a new configuration');
  const failures = gauge('failures_total', 'Configurations that the proxy did not take');
  return async () => {
    reloads.set(counts.reloads);
    updates.set(counts.updates);
    failures.set(counts.failures);
    return `${await registry.metrics()}${await engineMetrics(socket)}`;
  };
}

const engineMetrics = (socketPath: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics', timeout: 5_000, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > limitBytes) asked.destroy(new Error('the metrics of the proxy are too long'));
        chunks.push(chunk);
      });
      response.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.once('error', reject);
    });
    asked.once('timeout', () => asked.destroy(new Error('the proxy does not give its metrics')));
    asked.once('error', reject);
    asked.end();
  });
