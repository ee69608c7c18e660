/** The API server could not be reached, or the connection broke before the answer was complete. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

export const isConnectionError = (error: unknown): error is ConnectionError => error instanceof ConnectionError;
