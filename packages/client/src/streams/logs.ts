import type { Readable } from 'node:stream';
import type { ObjectKey } from '@geobuk/api';
import { pods, resourcePath } from '@geobuk/api';
import { linesOf } from '../http/lines.js';
import type { HttpClient } from '../http/http-client.js';

export interface LogOptions {
  readonly container?: string | undefined;
  readonly follow?: boolean | undefined;
  /** Of the container before the last restart. */
  readonly previous?: boolean | undefined;
  readonly timestamps?: boolean | undefined;
  readonly tailLines?: number | undefined;
  readonly sinceSeconds?: number | undefined;
  /** RFC 3339. */
  readonly sinceTime?: string | undefined;
  readonly limitBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/** The bytes of a container's log, as they come. Read them to the end, or destroy the stream. */
export async function openLogs(
  client: Pick<HttpClient, 'request'>,
  pod: ObjectKey,
  options: LogOptions,
): Promise<Readable> {
  const { signal, ...query } = options;
  // A quiet container may say nothing for days.
  const { body } = await client.request({ path: resourcePath(pods, pod, 'log'), query, idleTimeoutMs: 0, signal });
  return body;
}

/** The lines of a container's log, and those to come. Leaving the loop closes the stream. */
export async function* followLogs(
  client: Pick<HttpClient, 'request'>,
  pod: ObjectKey,
  options: LogOptions,
): AsyncGenerator<string, void, undefined> {
  const body = await openLogs(client, pod, { follow: true, ...options });
  try {
    for await (const line of linesOf(body)) yield line.toString('utf8');
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw error;
  } finally {
    body.on('error', () => undefined);
    body.destroy();
  }
}
