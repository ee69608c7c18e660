import { ApiError } from '@geobuk/api';
import type { Status, StatusReason } from '@geobuk/api';

const reasonOfCode: Readonly<Record<number, StatusReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Gone',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const quotedBytes = 500;

/** The refusal in a reply: the Status in its body, or one made from the code where something else answered. */
export function errorOfReply(code: number, body: string, retryAfter?: string): ApiError {
  const seconds = Number(retryAfter ?? Number.NaN);
  const wait = Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {};
  const status = statusIn(body);
  if (status !== undefined) return new ApiError({ ...status, details: { ...wait, ...status.details } });
  const text = body.trim().slice(0, quotedBytes);
  const message = text === '' ? `the server answered ${code}` : text;
  return ApiError.of(code, reasonOfCode[code] ?? 'Unknown', message, wait);
}

export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'status' in value;
}

function statusIn(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? { ...value, message: value.message ?? '', code: value.code ?? 500 } : undefined;
  } catch {
    // No JSON: something in front of the API server answered, and its words are quoted instead.
    return undefined;
  }
}
