import { fill, within, withinEach } from './fill.js';
import type { LimitRange, LimitRangeItem, Namespace, Node, Secret } from '../generated/types.js';

/** Follows: SetDefaults_Secret; `stringData` is merged into `data` and never returned. */
export function defaultSecret(secret: Secret): Secret {
  const typed = fill(secret, { type: 'Opaque' });
  const { stringData, ...rest } = typed;
  if (stringData === undefined) return typed;
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const);
  return encoded.length === 0 ? rest : { ...rest, data: { ...rest.data, ...Object.fromEntries(encoded) } };
}

/** Follows: SetDefaults_Namespace and the namespace strategy on creation. */
export function defaultNamespace(namespace: Namespace): Namespace {
  let result = fill(namespace, { spec: {}, status: {} });
  const { name } = namespace.metadata;
  if (name !== undefined && name !== '') {
    result = within(result, 'metadata', (metadata) =>
      within(fill(metadata, { labels: {} }), 'labels', (labels) =>
        labels['kubernetes.io/metadata.name'] === name ? labels : { ...labels, 'kubernetes.io/metadata.name': name },
      ),
    );
  }
  return within(result, 'status', (status) => fill(status, { phase: 'Active' }));
}

/** Follows: SetDefaults_NodeStatus: allocatable is the capacity until somebody says otherwise. */
export const defaultNode = (node: Node): Node =>
  within(fill(node, { spec: {} }), 'status', (status) =>
    status.capacity === undefined ? status : fill(status, { allocatable: status.capacity }),
  );

/** Follows: SetDefaults_LimitRangeItem: limits default to the maximum, requests to the limit and the minimum. */
export const defaultLimitRange = (range: LimitRange): LimitRange =>
  within(range, 'spec', (spec) => withinEach(spec, 'limits', defaultLimitRangeItem));

function defaultLimitRangeItem(item: LimitRangeItem): LimitRangeItem {
  if (item.type !== 'Container') return item;
  const limits = fill<Record<string, string>>(item.default ?? {}, item.max ?? {});
  const requests = fill(fill<Record<string, string>>(item.defaultRequest ?? {}, limits), item.min ?? {});
  let result = item;
  if (Object.keys(limits).length > 0 && limits !== item.default) result = { ...result, default: limits };
  if (Object.keys(requests).length > 0 && requests !== item.defaultRequest) {
    result = { ...result, defaultRequest: requests };
  }
  return result;
}
