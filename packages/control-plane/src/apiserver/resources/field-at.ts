import { valueAt } from '@geobuk/api';
import type { Json, KubernetesObject } from '@geobuk/api';

/** Fields whose absence reads as this text. */
const absent: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.successful': '0',
};

const paths: Readonly<Record<string, readonly string[]>> = {
  source: ['source', 'component'],
  'status.successful': ['status', 'succeeded'],
};

/** The text that a field selector compares with. */
export function fieldAt(path: string): (object: KubernetesObject) => string | undefined {
  const steps = paths[path] ?? path.split('.');
  return (object) => {
    const value = valueAt(object as unknown as Json, steps);
    return value === undefined || value === null ? absent[path] : String(value);
  };
}
