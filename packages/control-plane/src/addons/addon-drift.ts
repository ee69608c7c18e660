import { createHash } from 'node:crypto';
import type { KubernetesObject } from '@geobuk/api';

/** Carries the digest of what was applied, so that a field which a new version no longer wants is noticed too. */
export const appliedHashAnnotation = 'addons.geobuk.dev/applied-hash';

/** The object as it is to be applied. */
export function stamped(object: KubernetesObject): KubernetesObject {
  const hash = createHash('sha256').update(JSON.stringify(object)).digest('hex').slice(0, 16);
  const annotations = { ...object.metadata.annotations, [appliedHashAnnotation]: hash };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/**
 * Whether `live` still says everything that `desired` does. What others added beside it is theirs and no drift.
 * Follows: server-side apply (a field set by another manager survives).
 */
export const says = (live: KubernetesObject, desired: KubernetesObject): boolean => contains(live, desired);

function contains(live: unknown, desired: unknown): boolean {
  if (desired === undefined || desired === null || live === desired) return true;
  if (Array.isArray(desired)) return desired.length === 0 || (Array.isArray(live) && containsList(live, desired));
  if (typeof desired !== 'object') return false;
  const fields = Object.entries(desired).filter(([, value]) => value !== undefined);
  if (fields.length === 0) return true;
  if (typeof live !== 'object' || live === null) return false;
  return fields.every(([name, value]) => contains((live as Readonly<Record<string, unknown>>)[name], value));
}

/** Lists whose items have names may have grown by others' items; any other list is one value. */
function containsList(live: readonly unknown[], desired: readonly unknown[]): boolean {
  const named = desired.every(isNamed);
  if (!named) return live.length === desired.length && desired.every((item, index) => contains(live[index], item));
  return desired.every((item) =>
    contains(
      live.find((candidate) => isNamed(candidate) && candidate.name === item.name),
      item,
    ),
  );
}

const isNamed = (item: unknown): item is { readonly name: string } =>
  typeof item === 'object' && item !== null && typeof (item as { readonly name?: unknown }).name === 'string';
