import type { KubernetesObject } from '@geobuk/api';
import { onDemand } from '../../on-demand.js';

/** Fields in the order of the alphabet, as kubectl shows them, and without what only machines read. */
export function shownObject(object: KubernetesObject, showManagedFields: boolean): unknown {
  if (showManagedFields || object.metadata?.managedFields === undefined) return sorted(object);
  const { managedFields: _, ...metadata } = object.metadata;
  return sorted({ ...object, metadata });
}

export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 4)}\n`;

export const yamlText = (value: unknown): string =>
  onDemand.yaml.stringify(value, { version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });

export const listOf = (items: readonly unknown[]): unknown => ({
  apiVersion: 'v1',
  items,
  kind: 'List',
  metadata: { resourceVersion: '' },
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([key, inner]) => [key, sorted(inner)]),
  );
}
