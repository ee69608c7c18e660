/** Whether an error says nothing but that `signal` fired, also when several parts say so at once. */
export function isReasonOf(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  if (error instanceof AggregateError) return error.errors.every((each: unknown) => isReasonOf(each, signal));
  return error === signal.reason;
}
