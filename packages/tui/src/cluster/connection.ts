import type { Client, HttpClient } from '@geobuk/client';

/** What a kubeconfig says about one context. */
export interface ContextIdentity {
  readonly context: string;
  readonly cluster: string;
  readonly user: string;
  readonly server: string;
  /** The namespace the context starts in. */
  readonly namespace: string;
}

/**
 * One API server as the dashboard sees it: the typed client, and the few paths no typed client has. Live over HTTPS, or
 * recorded for tests.
 */
export type Connection = Client & Pick<HttpClient, 'request' | 'discover' | 'openChannels'>;

/** GET of a path; the reply as JSON. @throws {ApiError} or a ConnectionError. */
export async function getJson<R>(
  connection: Pick<Connection, 'request'>,
  path: string,
  signal: AbortSignal,
  accept = 'application/json',
): Promise<R> {
  const reply = await connection.request({ path, headers: { accept }, signal });
  return (await reply.json()) as R;
}
