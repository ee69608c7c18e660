import { ApiError } from '@geobuk/api';

/** Where a paged list goes on: behind which key, at which revision. */
export interface ContinueToken {
  readonly revision: number;
  readonly after: string;
}

const version = 'geobuk/v1';

/** Opaque to clients. */
export const encodeContinue = ({ revision, after }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: version, rv: revision, after })).toString('base64url');

/** @throws {ApiError} BadRequest for anything that this server did not give out. */
export function decodeContinue(text: string, prefix: string): ContinueToken {
  try {
    const { v, rv, after } = JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
    if (v === version && Number.isSafeInteger(rv) && typeof after === 'string' && after.startsWith(prefix)) {
      return { revision: rv as number, after };
    }
  } catch {
    // Not ours: refused below, as every token that says nothing.
  }
  throw ApiError.badRequest('continue key is not valid: the token was not issued by this server for this resource');
}
