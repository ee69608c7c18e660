/**
 * Calls `act` for each item in batches of 1, 2, 4, … and stops after the first batch with a failure, so that a quota or a bad
 * template costs one refused request and not a thousand. Follows: slowStartBatch.
 * @returns how many succeeded, and the first error.
 */
export async function inSlowStartBatches<T>(
  items: readonly T[],
  act: (item: T) => Promise<unknown>,
): Promise<{ readonly succeeded: number; readonly skipped: number; readonly error: unknown }> {
  let succeeded = 0;
  for (let start = 0, size = 1; start < items.length; start += size, size *= 2) {
    const batch = items.slice(start, start + size);
    const results = await Promise.allSettled(batch.map((item) => act(item)));
    const failure = results.find((result) => result.status === 'rejected');
    succeeded += results.filter((result) => result.status === 'fulfilled').length;
    if (failure !== undefined)
      return { succeeded, skipped: items.length - start - batch.length, error: failure.reason };
  }
  return { succeeded, skipped: 0, error: undefined };
}
