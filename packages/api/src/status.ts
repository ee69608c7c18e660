import type { Status as GeneratedStatus } from './generated/types.js';

export type StatusReason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Gone'
  | 'Expired'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServerTimeout'
  | 'ServiceUnavailable'
  | 'Timeout'
  | 'Unknown';

export type CauseReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface StatusCause {
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  readonly field?: string | undefined;
}

/** metav1.Status with the fields that a failure always has. */
export interface Status extends GeneratedStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly status: 'Success' | 'Failure';
  readonly message: string;
  readonly code: number;
}

/** What a Status names: `kind` holds the plural resource, but the Kind for Invalid. */
export interface StatusSubject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** One refused field, as validation finds it. */
export interface FieldError {
  readonly reason: CauseReason;
  /** JSON path, such as `spec.containers[0].image`. */
  readonly field: string;
  /** Without the field, such as `Required value`. */
  readonly message: string;
}

const qualified = ({ group, plural }: StatusSubject): string => (group === '' ? plural : `${plural}.${group}`);

/** A refusal of the Kubernetes API. Follows: metav1.Status; `status` is the body of the reply as it stands. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message, options);
    this.status = status;
  }

  /** Any failure; the named constructors below are for the usual ones. */
  static of(
    code: number,
    reason: StatusReason,
    message: string,
    details?: {
      readonly name?: string | undefined;
      readonly group?: string | undefined;
      readonly kind?: string | undefined;
      readonly uid?: string | undefined;
      readonly causes?: readonly StatusCause[] | undefined;
      readonly retryAfterSeconds?: number | undefined;
    },
    options?: ErrorOptions,
  ): ApiError {
    return new ApiError(
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason,
        ...(details === undefined ? {} : { details }),
        code,
      } as Status,
      options,
    );
  }

  /** 400: undecodable body, bad query option, wrong name in a body. */
  static badRequest(message: string, options?: ErrorOptions): ApiError {
    return ApiError.of(400, 'BadRequest', message, undefined, options);
  }

  /** 401: no or bad credentials. */
  static unauthorized(message = 'Unauthorized'): ApiError {
    return ApiError.of(401, 'Unauthorized', message);
  }

  /** 403: authorizer, admission or quota said no. */
  static forbidden(subject: StatusSubject, name: string, why: string, causes?: readonly StatusCause[]): ApiError {
    const what = name === '' ? `${qualified(subject)} is forbidden` : `${qualified(subject)} "${name}" is forbidden`;
    return ApiError.of(403, 'Forbidden', `${what}: ${why}`, {
      ...(name === '' ? {} : { name }),
      ...(subject.group === '' ? {} : { group: subject.group }),
      kind: subject.plural,
      ...(causes === undefined ? {} : { causes }),
    });
  }

  /** 404: no such object. */
  static notFound(subject: StatusSubject, name: string): ApiError {
    return ApiError.of(404, 'NotFound', `${qualified(subject)} "${name}" not found`, {
      name,
      ...(subject.group === '' ? {} : { group: subject.group }),
      kind: subject.plural,
    });
  }

  /** 404: no such resource or path. */
  static noSuchResource(): ApiError {
    return ApiError.of(404, 'NotFound', 'the server could not find the requested resource', {});
  }

  /** 405: a known path, but not this verb. */
  static methodNotAllowed(message = 'the server does not allow this method on the requested resource'): ApiError {
    return ApiError.of(405, 'MethodNotAllowed', message, {});
  }

  /** 409: a create met an object of that name. */
  static alreadyExists(subject: StatusSubject, name: string): ApiError {
    return ApiError.of(409, 'AlreadyExists', `${qualified(subject)} "${name}" already exists`, {
      name,
      ...(subject.group === '' ? {} : { group: subject.group }),
      kind: subject.plural,
    });
  }

  /** 409: resourceVersion, uid or field ownership stood against the write. */
  static conflict(subject: StatusSubject, name: string, why = modified, causes?: readonly StatusCause[]): ApiError {
    return ApiError.of(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`, {
      name,
      ...(subject.group === '' ? {} : { group: subject.group }),
      kind: subject.plural,
      ...(causes === undefined ? {} : { causes }),
    });
  }

  /** 410: a resourceVersion or continue token older than the kept history. */
  static expired(message: string): ApiError {
    return ApiError.of(410, 'Expired', message);
  }

  /** 422: all refused fields at once. `details.kind` is the Kind here. */
  static invalid(subject: StatusSubject, name: string, errors: readonly FieldError[]): ApiError {
    const texts = errors.map((error) => `${error.field}: ${error.message}`);
    const list = texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`;
    const what = subject.group === '' ? subject.kind : `${subject.kind}.${subject.group}`;
    return ApiError.of(422, 'Invalid', `${what} "${name}" is invalid: ${list}`, {
      name,
      ...(subject.group === '' ? {} : { group: subject.group }),
      kind: subject.kind,
      causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
    });
  }

  /**
   * 429: throttled, or an eviction that a disruption budget does not allow now.
   * @param retryAfterSeconds clients wait so long and ask again by themselves; 0: they are told at once.
   */
  static tooManyRequests(message: string, retryAfterSeconds: number, causes?: readonly StatusCause[]): ApiError {
    return ApiError.of(429, 'TooManyRequests', message, {
      ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }),
      ...(causes === undefined ? {} : { causes }),
    });
  }

  /** 500: a bug, or a failed call to something the request needed. The cause is for the log, never for the reply. */
  static internal(message: string, options?: ErrorOptions): ApiError {
    return ApiError.of(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }, options);
  }

  /** 503: try again later. */
  static unavailable(message: string): ApiError {
    return ApiError.of(503, 'ServiceUnavailable', message);
  }

  /** 504: the request ran out of time. */
  static timeout(message: string, causes?: readonly StatusCause[]): ApiError {
    return ApiError.of(504, 'Timeout', message, { retryAfterSeconds: 1, ...(causes === undefined ? {} : { causes }) });
  }
}

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

const withReason =
  (...reasons: readonly StatusReason[]) =>
  (error: unknown): error is ApiError =>
    error instanceof ApiError && reasons.includes(error.status.reason as StatusReason);

export const isNotFound = withReason('NotFound');
export const isAlreadyExists = withReason('AlreadyExists');
export const isConflict = withReason('Conflict');
export const isForbidden = withReason('Forbidden');
export const isUnauthorized = withReason('Unauthorized');
export const isInvalid = withReason('Invalid');
export const isExpired = withReason('Expired', 'Gone');
export const isTooManyRequests = withReason('TooManyRequests');

/** For `catch`: swallows what `predicate` names and throws the rest on. */
export const ignoring =
  (predicate: (error: unknown) => boolean) =>
  (error: unknown): undefined => {
    if (predicate(error)) return undefined;
    throw error;
  };
