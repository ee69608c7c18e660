import type { KubernetesObject, ResourceType, Status } from '@geobuk/api';
import { ApiError, resourcePath } from '@geobuk/api';
import type { WatchEvent, WatchOptions } from '../client.js';
import { ConnectionError } from '../connection-error.js';
import { linesOf } from './lines.js';
import { queryOf } from './query.js';
import { isStatus } from './status-error.js';
import type { Transport } from './transport.js';

/**
 * Servers send a bookmark about once a minute. After two and a half minutes of silence the connection is taken for
 * dead, and the stream ends as if the server had ended it: who watches resumes where it was.
 */
const idleTimeoutMs = 150_000;

/** The stream of one watch. Leaving the loop, an abort and the end of the server's stream all close the connection. */
export async function* watchEvents<T extends KubernetesObject>(
  transport: Transport,
  type: ResourceType<T>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, undefined> {
  const { namespace, labelSelector, fieldSelector, resourceVersion, sendInitialEvents, timeoutSeconds, signal } =
    options;
  const query = queryOf({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    sendInitialEvents,
    resourceVersionMatch: sendInitialEvents === undefined ? undefined : 'NotOlderThan',
    timeoutSeconds,
  });
  const { body } = await transport.send({
    method: 'GET',
    path: `${resourcePath(type, { namespace })}${query}`,
    headers: { accept: 'application/json' },
    idleTimeoutMs,
    signal,
  });
  try {
    for await (const line of linesOf(body as AsyncIterable<Uint8Array>)) {
      if (line.length > 0) yield eventOf<T>(line);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if ((error as { readonly code?: string }).code === 'UND_ERR_BODY_TIMEOUT') return;
    throw transport.asConnectionError(error, signal);
  } finally {
    body.on('error', () => undefined);
    body.destroy();
  }
}

interface WireEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubernetesObject | Status;
}

/** @throws {ApiError} the refusal that an ERROR event carries. */
function eventOf<T extends KubernetesObject>(line: Buffer): WatchEvent<T> {
  let event: WireEvent;
  try {
    event = JSON.parse(line.toString('utf8')) as WireEvent;
  } catch (error) {
    throw new ConnectionError(`a watch event is no JSON: ${line.toString('utf8', 0, 200)}`, { cause: error });
  }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object as T };
    case 'BOOKMARK': {
      const { resourceVersion = '', annotations } = (event.object as KubernetesObject).metadata;
      const initialEventsEnd = annotations?.['k8s.io/initial-events-end'] === 'true';
      return { type: 'BOOKMARK', resourceVersion, initialEventsEnd };
    }
    case 'ERROR':
      if (isStatus(event.object)) throw new ApiError(event.object);
      throw ApiError.internal('the watch ended with an error that is no Status');
    default:
      event.type satisfies never;
      throw new ConnectionError(`unknown watch event ${JSON.stringify(event.type)}`);
  }
}
