import type { Readable } from 'node:stream';
import type { KubernetesObject, ObjectKey, ObjectList, ResourceType, Status } from '@geobuk/api';
import { apiVersionOf, isTooManyRequests, keyOf, resourcePath } from '@geobuk/api';
import type {
  ApplyOptions,
  CallOptions,
  Client,
  DeleteOptions,
  ListOptions,
  Patch,
  PatchOptions,
  ReadOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../client.js';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';
import type { ClusterConfig } from '../config/cluster-config.js';
import { ConnectionError } from '../connection-error.js';
import { openChannels } from './channels.js';
import type { Channels, OpenChannelsOptions } from './channels.js';
import { discover } from './discovery.js';
import type { Discovery } from './discovery.js';
import { queryOf } from './query.js';
import type { QueryValue } from './query.js';
import { Transport, headerOf, textOf } from './transport.js';
import { watchEvents } from './watch-events.js';

export interface RawRequest extends CallOptions {
  /** GET unless said. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | undefined;
  /** Such as `/version` or `/api/v1/namespaces/default/pods/web/log`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | Uint8Array | Readable | undefined;
  /** The longest silence within the answer; a minute unless said, 0: for ever. */
  readonly idleTimeoutMs?: number | undefined;
}

export interface RawResponse {
  readonly status: number;
  header(name: string): string | undefined;
  /** Read it to its end, or destroy it. */
  readonly body: Readable;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

/** A {@link Client} over HTTPS, with what only the wire has. */
export interface HttpClient extends Client, AsyncDisposable {
  /** @throws {ApiError} any answer of 400 and above; {ConnectionError} no answer. */
  request(options: RawRequest): Promise<RawResponse>;
  /** All that the server serves now, custom resources included. */
  discover(options: CallOptions): Promise<Discovery>;
  /**
   * Ends every connection; calls and watches under way fail, the next ones open new connections. For when the network was
   * away: TCP may take minutes to find out.
   */
  reconnect(): Promise<void>;
  /** A websocket of numbered channels: exec, attach, port-forward. */
  openChannels(path: string, options: OpenChannelsOptions): Promise<Channels>;
}

export interface HttpClientDeps {
  readonly clock?: Clock | undefined;
}

/** Far above any list of objects; below what one string of JavaScript can hold. */
const answerLimitBytes = 500 << 20;
const mostTries = 10;
const longestRetryAfterSeconds = 60;

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;

/** Dispose it to close its connections. */
export function createHttpClient(config: ClusterConfig, deps: HttpClientDeps = {}): HttpClient {
  return new WireClient(config, deps);
}

class WireClient implements HttpClient {
  readonly #transport: Transport;
  readonly #clock: Clock;

  constructor(config: ClusterConfig, { clock = systemClock }: HttpClientDeps) {
    this.#transport = new Transport(config);
    this.#clock = clock;
  }

  read<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    { resourceVersion, signal }: ReadOptions,
  ): Promise<T> {
    return this.#json('GET', `${resourcePath(type, key)}${queryOf({ resourceVersion })}`, { signal });
  }

  async list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions): Promise<ObjectList<T>> {
    const { namespace, labelSelector, fieldSelector, limit, resourceVersion, metricLabelSelector, signal } = options;
    const where = { labelSelector, fieldSelector, metricLabelSelector };
    const query = queryOf({ ...where, limit, continue: options.continue, resourceVersion });
    const list = await this.#json<ObjectList<T>>('GET', `${resourcePath(type, { namespace })}${query}`, { signal });
    const [apiVersion, kind] = [apiVersionOf(type), type.kind];
    // Items come without their type; every other way to get an object gives it.
    return { ...list, items: (list.items ?? []).map((item) => ({ ...item, apiVersion, kind })) };
  }

  watch<T extends KubernetesObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    return watchEvents(this.#transport, type, options);
  }

  create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    const path = `${resourcePath(type, { namespace: object.metadata.namespace })}${writeQuery(options)}`;
    return this.#json('POST', path, { body: typed(type, object), signal: options.signal });
  }

  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    return this.#put(type, object, undefined, options);
  }

  updateStatus<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<T> {
    return this.#put(type, object, 'status', options);
  }

  patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: PatchOptions,
  ): Promise<T> {
    const path = `${resourcePath(type, key, options.subresource)}${writeQuery(options)}`;
    const body = patch.type === 'json' ? patch.operations : patch.body;
    return this.#json('PATCH', path, { body, contentType: patchTypes[patch.type], signal: options.signal });
  }

  apply<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: KubernetesObject,
    options: ApplyOptions,
  ): Promise<T> {
    const { fieldManager, force, dryRun, subresource, signal } = options;
    const query = queryOf({ fieldManager, force, dryRun: dryRun === true ? 'All' : undefined });
    // JSON is YAML, and the server asks for the name of YAML.
    const contentType = 'application/apply-patch+yaml';
    const path = `${resourcePath(type, keyOf(object), subresource)}${query}`;
    return this.#json('PATCH', path, { body: typed(type, object), contentType, signal });
  }

  delete<T extends KubernetesObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: DeleteOptions,
  ): Promise<T | Status> {
    return this.#json('DELETE', resourcePath(type, key), { body: deleteBody(options), signal: options.signal });
  }

  async deleteCollection<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: DeleteOptions & ListOptions,
  ): Promise<void> {
    const { namespace, labelSelector, fieldSelector, limit, signal } = options;
    const path = `${resourcePath(type, { namespace })}${queryOf({ labelSelector, fieldSelector, limit })}`;
    await this.#json('DELETE', path, { body: deleteBody(options), signal });
  }

  readSubresource<R>(type: ResourceType, key: ObjectKey, subresource: string, { signal }: CallOptions): Promise<R> {
    return this.#json('GET', resourcePath(type, key, subresource), { signal });
  }

  createSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    const path = `${resourcePath(type, key, subresource)}${writeQuery(options)}`;
    return this.#json('POST', path, { body, signal: options.signal });
  }

  updateSubresource<R>(
    type: ResourceType,
    key: ObjectKey,
    subresource: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<R> {
    const path = `${resourcePath(type, key, subresource)}${writeQuery(options)}`;
    return this.#json('PUT', path, { body, signal: options.signal });
  }

  async request(options: RawRequest): Promise<RawResponse> {
    const { method = 'GET', path, query = {}, headers, body, idleTimeoutMs, signal } = options;
    const reply = await this.#transport.send({
      method,
      path: `${path}${queryOf(query)}`,
      headers,
      body,
      idleTimeoutMs,
      signal,
    });
    const text = (): Promise<string> => textOf(reply.body, answerLimitBytes, signal);
    return {
      status: reply.status,
      header: (name) => headerOf(reply, name.toLowerCase()),
      body: reply.body,
      text,
      json: async () => parsed(await text()),
    };
  }

  discover({ signal }: CallOptions): Promise<Discovery> {
    return discover(async (path, accept) => {
      const reply = await this.request({ path, headers: { accept }, signal });
      return { contentType: reply.header('content-type') ?? '', body: await reply.json() };
    });
  }

  openChannels(path: string, options: OpenChannelsOptions): Promise<Channels> {
    return openChannels(this.#transport, path, options);
  }

  reconnect(): Promise<void> {
    return this.#transport.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transport.close();
  }

  #put<T extends KubernetesObject>(
    type: ResourceType<T>,
    object: T,
    subresource: string | undefined,
    options: WriteOptions,
  ): Promise<T> {
    const path = `${resourcePath(type, keyOf(object), subresource)}${writeQuery(options)}`;
    return this.#json('PUT', path, { body: typed(type, object), signal: options.signal });
  }

  async #json<R>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: { readonly body?: unknown; readonly contentType?: string; readonly signal: AbortSignal },
  ): Promise<R> {
    const { body, contentType = 'application/json', signal } = options;
    const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) };
    const text = body === undefined ? undefined : JSON.stringify(body);
    for (let tries = 1; ; tries += 1) {
      try {
        const reply = await this.#transport.send({ method, path, headers, body: text, signal });
        return parsed(await textOf(reply.body, answerLimitBytes, signal)) as R;
      } catch (error) {
        const delayMs = method === 'GET' ? retryDelayMs(error, tries) : undefined;
        if (delayMs === undefined) throw error;
        await this.#clock.after(delayMs, { signal });
      }
    }
  }
}

/** A read is tried again when the server asks for it, or when a kept connection turned out to be closed. */
function retryDelayMs(error: unknown, tries: number): number | undefined {
  if (tries >= mostTries) return undefined;
  if (isTooManyRequests(error)) {
    const seconds = error.status.details?.retryAfterSeconds;
    return seconds === undefined ? undefined : Math.min(seconds, longestRetryAfterSeconds) * 1000;
  }
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: string };
  const staleConnection = error instanceof ConnectionError && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET');
  return staleConnection && tries === 1 ? 0 : undefined;
}

const writeQuery = ({ fieldManager, dryRun }: WriteOptions): string =>
  queryOf({ fieldManager, dryRun: dryRun === true ? 'All' : undefined });

const typed = (type: ResourceType, object: KubernetesObject): unknown => ({
  ...object,
  apiVersion: apiVersionOf(type),
  kind: type.kind,
});

function deleteBody(options: DeleteOptions): unknown {
  const { uid, resourceVersion, gracePeriodSeconds, propagationPolicy, dryRun } = options;
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds,
    propagationPolicy,
    ...(dryRun === true ? { dryRun: ['All'] } : {}),
    ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConnectionError(`the answer is no JSON: ${text.slice(0, 200)}`, { cause: error });
  }
}
