import type { Taint, Toleration } from '../generated/types.js';

/** Whether one toleration covers one taint. Follows: Toleration.ToleratesTaint: an empty key with Exists covers all, an empty effect all effects. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== '' && toleration.effect !== taint.effect) return false;
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false;
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true;
    case '':
    case 'Equal':
      return toleration.key !== undefined && toleration.key !== '' && (toleration.value ?? '') === (taint.value ?? '');
    default:
      return false;
  }
}

/** The first taint of these effects that none of the tolerations covers. */
export const untolerated = (
  tolerations: readonly Toleration[] | undefined,
  taints: readonly Taint[],
): Taint | undefined => taints.find((taint) => !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
