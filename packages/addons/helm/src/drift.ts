import type { KubernetesObject } from '@geobuk/api';
import { canonicalQuantity, quantityProblem } from '@geobuk/api';
import { parseAllDocuments } from 'yaml';

/** The objects of a manifest. @throws {Error} it is not YAML. */
export function objectsOf(manifest: string): readonly KubernetesObject[] {
  return parseAllDocuments(manifest, { version: '1.1' }).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const object = document.toJS({ maxAliasCount: 100 }) as KubernetesObject | null;
    if (object === null || typeof object !== 'object') return [];
    // Written to a Secret, never read from one: the server keeps it in `data`.
    const { stringData: _, ...rest } = object as KubernetesObject & { readonly stringData?: unknown };
    return [rest];
  });
}

/**
 * Whether `live` still says all that was applied. What the server or others added beside it is no drift, nor is a quantity
 * or a number that the server writes in its own way as text.
 */
export function stillSays(live: unknown, applied: unknown): boolean {
  if (applied === undefined || applied === null || live === applied) return true;
  if (Array.isArray(applied))
    return (
      Array.isArray(live) && live.length >= applied.length && applied.every((item, at) => stillSays(live[at], item))
    );
  if (typeof applied !== 'object') return sameText(String(live), String(applied));
  const fields = Object.entries(applied);
  if (fields.length === 0) return true;
  if (typeof live !== 'object' || live === null) return false;
  return fields.every(([name, value]) => stillSays((live as Readonly<Record<string, unknown>>)[name], value));
}

/** `0.1` and `100m` are the same quantity. */
const sameText = (live: string, applied: string): boolean =>
  live === applied ||
  (quantityProblem(live) === undefined &&
    quantityProblem(applied) === undefined &&
    canonicalQuantity(live) === canonicalQuantity(applied));
