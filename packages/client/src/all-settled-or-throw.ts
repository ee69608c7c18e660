/**
 * Waits for all, then throws if any failed: the failure itself when it is one, else an AggregateError. Unlike
 * `Promise.all` it leaves nothing running behind the first failure.
 */
export async function allSettledOrThrow<T>(promises: Iterable<T | PromiseLike<T>>): Promise<Awaited<T>[]> {
  const results = await Promise.allSettled(promises);
  const values: Awaited<T>[] = [];
  const failures: unknown[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') values.push(result.value);
    else failures.push(result.reason);
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    const first = failures[0] instanceof Error ? failures[0].message : String(failures[0]);
    throw new AggregateError(failures, `${failures.length} of ${results.length} failed, first: ${first}`);
  }
  return values;
}
