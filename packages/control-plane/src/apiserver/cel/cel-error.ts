/** An expression that cannot be read, or that failed. */
export class CelError extends Error {
  override readonly name = 'CelError';
}
