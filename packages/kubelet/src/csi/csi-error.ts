import { status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

export type CsiErrorCode = 'Unavailable' | 'Timeout' | 'NotFound' | 'Refused';

/** A call that a plugin refused or did not answer. The message is for people, in the words that Kubernetes uses. */
export class CsiError extends Error {
  override readonly name = 'CsiError';
  readonly code: CsiErrorCode;

  constructor(code: CsiErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const codes: Readonly<Record<number, CsiErrorCode>> = {
  [status.UNAVAILABLE]: 'Unavailable',
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  [status.NOT_FOUND]: 'NotFound',
};

/** `rpc error: code = Internal desc = disk is on fire`. */
export function toCsiError(error: ServiceError): CsiError {
  const name = (status[error.code] ?? 'UNKNOWN')
    .toLowerCase()
    .replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return new CsiError(codes[error.code] ?? 'Refused', `rpc error: code = ${name} desc = ${error.details}`, {
    cause: error,
  });
}
