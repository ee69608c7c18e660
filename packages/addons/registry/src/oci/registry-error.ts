/** Follows: OCI Distribution Specification 1.1, error codes. */
const statuses = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 413,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  RANGE_INVALID: 416,
  FULL: 507,
} as const;

export type RegistryErrorCode = keyof typeof statuses;

/** A refusal that a client sees. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly code: RegistryErrorCode;
  readonly status: number;

  constructor(code: RegistryErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = statuses[code];
  }

  /** The body of the answer. `FULL` is no code of the specification: clients know DENIED. */
  get body(): unknown {
    return { errors: [{ code: this.code === 'FULL' ? 'DENIED' : this.code, message: this.message }] };
  }
}
