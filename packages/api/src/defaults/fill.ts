/**
 * Small steps of defaulting. Each gives back the very object it got when there was nothing to fill, so that an
 * object that is complete already costs no copy, and nothing is ever written to.
 */

/** Fills absent fields. */
export function fill<T extends object>(object: T, defaults: { readonly [K in keyof T]?: T[K] }): T {
  let copy: T | undefined;
  for (const key of Object.keys(defaults) as (keyof T)[]) {
    if (object[key] !== undefined && object[key] !== null) continue;
    if (defaults[key] === undefined) continue;
    copy ??= { ...object };
    copy[key] = defaults[key] as T[keyof T];
  }
  return copy ?? object;
}

/** Changes one field where it is present. */
export function within<T extends object, K extends keyof T>(
  object: T,
  key: K,
  change: (value: NonNullable<T[K]>) => T[K],
): T {
  const value = object[key];
  if (value === undefined || value === null) return object;
  const changed = change(value);
  return changed === value ? object : { ...object, [key]: changed };
}

/** What a list field holds. */
export type ItemOf<List> = NonNullable<List> extends readonly (infer Item)[] ? Item : never;

/** Changes each item of a list field where it is present. */
export function withinEach<T extends object, K extends keyof T>(
  object: T,
  key: K,
  change: (item: ItemOf<T[K]>) => ItemOf<T[K]>,
): T {
  const list: unknown = object[key];
  if (!Array.isArray(list)) return object;
  const items: readonly ItemOf<T[K]>[] = list;
  const changed = eachOf(items, change);
  return changed === items ? object : { ...object, [key]: changed };
}

export function eachOf<Item>(list: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  let copy: Item[] | undefined;
  list.forEach((item, index) => {
    const changed = change(item);
    if (changed === item) return;
    copy ??= [...list];
    copy[index] = changed;
  });
  return copy ?? list;
}
