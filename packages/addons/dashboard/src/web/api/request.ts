/** What the API or the dashboard's server refused. Follows: metav1.Status. */
export class ApiFailure extends Error {
  override readonly name = 'ApiFailure';
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly accept?: string | undefined;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
  /** The page asks by itself: no sign of life of the person. */
  readonly background?: boolean | undefined;
}

/** Fired at `window` when the log-in has ended. */
export const loggedOutEvent = 'geobuk:logged-out';

/** @throws {ApiFailure} any answer of 400 and above. */
export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const { signal, accept = 'application/json', body, contentType = 'application/json', background } = options;
  const response = await fetch(path, {
    method,
    credentials: 'same-origin',
    redirect: 'error',
    headers: {
      accept,
      'x-geobuk-dashboard': '1',
      ...(background === true ? { 'x-geobuk-background': '1' } : {}),
      ...(body === undefined ? {} : { 'content-type': contentType }),
    },
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.ok) return response;
  const failure = failureOf(response.status, await response.text());
  if (failure.code === 401 && path !== '/session') window.dispatchEvent(new Event(loggedOutEvent));
  throw failure;
}

export async function getJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  return (await (await send('GET', path, options)).json()) as T;
}

export function failureOf(code: number, text: string): ApiFailure {
  try {
    const status = JSON.parse(text) as { readonly reason?: string; readonly message?: string } | null;
    return new ApiFailure(code, status?.reason ?? '', status?.message ?? text);
  } catch {
    return new ApiFailure(code, '', text === '' ? `HTTP ${code}` : text);
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';
