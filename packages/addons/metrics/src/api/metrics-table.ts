import { formatQuantity, parseQuantity } from '@geobuk/api';
import type { NodeMetrics, PodMetrics } from './metrics-objects.js';

const column = (name: string, format = '', description = ''): object => ({
  name,
  type: 'string',
  format,
  description,
  priority: 0,
});

const total = (objects: PodMetrics['containers'], field: 'cpu' | 'memory'): string => {
  const nanos = objects.reduce((sum, { usage }) => sum + parseQuantity(usage[field]).nanos, 0n);
  return formatQuantity({ nanos, format: field === 'cpu' ? 'DecimalSI' : 'BinarySI' });
};

/** What `kubectl get nodes.metrics` prints. Follows: metrics-server's table. */
export function metricsTable(objects: readonly (NodeMetrics | PodMetrics)[], includeObject: string | null): object {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: {},
    columnDefinitions: [
      column('Name', 'name', 'Name of the resource'),
      column('cpu'),
      column('memory'),
      column('window'),
    ],
    rows: objects.map((object) => {
      const containers = 'containers' in object ? object.containers : [{ name: '', usage: object.usage }];
      return {
        cells: [object.metadata.name, total(containers, 'cpu'), total(containers, 'memory'), object.window],
        ...embedded(object, includeObject),
      };
    }),
  };
}

/** Follows: the includeObject parameter of tables: metadata unless said. */
function embedded(object: NodeMetrics | PodMetrics, include: string | null): object {
  if (include === 'None') return {};
  if (include === 'Object') return { object };
  const { metadata } = object;
  return { object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata } };
}
