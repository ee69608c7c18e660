import { Gauge, Registry } from 'prom-client';
import type { NodeCapacity } from './node-capacity.js';

/** Prometheus text about the room of this node, counted when asked. */
export function createMetrics(node: string, capacity: Pick<NodeCapacity, 'state'>): () => Promise<string> {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['node'];
  const gauges = {
    limitBytes: new Gauge({
      name: 'geobuk_storage_capacity_bytes',
      help: 'What may be promised',
      labelNames,
      registers,
    }),
    promisedBytes: new Gauge({
      name: 'geobuk_storage_promised_bytes',
      help: 'What was promised',
      labelNames,
      registers,
    }),
    roomBytes: new Gauge({
      name: 'geobuk_storage_room_bytes',
      help: 'What may still be promised',
      labelNames,
      registers,
    }),
    volumes: new Gauge({ name: 'geobuk_storage_volumes', help: 'Volumes of this node', labelNames, registers }),
  };
  return async () => {
    const state = await capacity.state();
    for (const key of ['limitBytes', 'promisedBytes', 'roomBytes', 'volumes'] as const)
      gauges[key].set({ node }, state[key]);
    return registry.metrics();
  };
}
