/**
 * Puts the items that `wanted` names into its order; the rest keeps the order it had in `live` and goes before the
 * first named item that stood behind it.
 *
 *     live a b c, wanted c a, list a b c  →  b c a  (b stood before c)
 */
export function interleave<Item>(
  list: readonly Item[],
  wanted: readonly Item[],
  live: readonly Item[],
  identity: (item: Item) => string,
): Item[] {
  const wantedPlace = places(wanted, identity);
  const livePlace = places(live, identity);
  const byPlace =
    (place: ReadonlyMap<string, number>) =>
    (a: Item, b: Item): number =>
      (place.get(identity(a)) ?? Infinity) - (place.get(identity(b)) ?? Infinity) || 0;

  const named = list.filter((item) => wantedPlace.has(identity(item))).sort(byPlace(wantedPlace));
  const others = list.filter((item) => !wantedPlace.has(identity(item))).sort(byPlace(livePlace));

  const result: Item[] = [];
  let next = 0;
  for (const item of named) {
    const place = livePlace.get(identity(item));
    while (place !== undefined && next < others.length) {
      const other = others[next] as Item;
      const otherPlace = livePlace.get(identity(other));
      if (otherPlace === undefined || otherPlace > place) break;
      result.push(other);
      next++;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function places<Item>(list: readonly Item[], identity: (item: Item) => string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  list.forEach((item, index) => {
    const key = identity(item);
    if (!found.has(key)) found.set(key, index);
  });
  return found;
}
