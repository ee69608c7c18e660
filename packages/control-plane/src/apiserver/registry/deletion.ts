import type { KubernetesObject } from '@geobuk/api';
import type { ServedResource } from '../resources/served-resource.js';
import { timestamp } from './metadata.js';
import type { DeleteOptions } from './write-options.js';

const foreground = 'foregroundDeletion';
const orphan = 'orphan';

export type DeletionStep =
  | { readonly kind: 'gone' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'begun'; readonly object: KubernetesObject };

/**
 * What one delete does to an object: pure. With finalizers or grace it only begins; a second delete may shorten the
 * grace, never lengthen it. Follows: rest.BeforeDelete and the registry's finalizer rules, checklist 1.13.
 */
export function beginOrEndDeletion(
  resource: ServedResource,
  object: KubernetesObject,
  { gracePeriodSeconds, propagationPolicy }: Pick<DeleteOptions, 'gracePeriodSeconds' | 'propagationPolicy'>,
  nowMs: number,
): DeletionStep {
  const { strategy } = resource;
  const { metadata } = object;
  const grace = strategy.graceSeconds?.(object, gracePeriodSeconds) ?? 0;
  const finalizers = finalizersAfter(resource, metadata.finalizers ?? [], propagationPolicy);
  const isHeld = finalizers.length > 0 || strategy.isHeld?.(object) === true;
  const finalizersChange = finalizers.length !== (metadata.finalizers ?? []).length;

  if (metadata.deletionTimestamp !== undefined) {
    const before = metadata.deletionGracePeriodSeconds ?? 0;
    if (!isHeld && (grace === 0 || before === 0)) return { kind: 'gone' };
    const shortens = gracePeriodSeconds !== undefined && grace < before;
    if (!shortens && !finalizersChange) return { kind: 'unchanged' };
    const began = Date.parse(metadata.deletionTimestamp) - before * 1000;
    return {
      kind: 'begun',
      object: {
        ...object,
        metadata: {
          ...metadata,
          ...(shortens
            ? { deletionTimestamp: timestamp(began + grace * 1000), deletionGracePeriodSeconds: grace }
            : {}),
          finalizers,
        },
      },
    };
  }

  if (grace === 0 && !isHeld) return { kind: 'gone' };
  const marked: KubernetesObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(metadata.generation === undefined ? {} : { generation: metadata.generation + 1 }),
      deletionTimestamp: timestamp(nowMs + grace * 1000),
      deletionGracePeriodSeconds: grace,
      ...(finalizers.length > 0 ? { finalizers } : {}),
    },
  };
  return { kind: 'begun', object: strategy.beginDeletion?.(marked) ?? marked };
}

function finalizersAfter(
  { strategy }: ServedResource,
  present: readonly string[],
  policy: DeleteOptions['propagationPolicy'],
): readonly string[] {
  const chosen =
    policy ?? (present.includes(orphan) || present.includes(foreground) ? undefined : strategy.defaultPropagation);
  if (chosen === undefined) return present;
  const others = present.filter((name) => name !== orphan && name !== foreground);
  if (chosen === 'Foreground') return [...others, foreground];
  if (chosen === 'Orphan') return [...others, orphan];
  return others;
}
