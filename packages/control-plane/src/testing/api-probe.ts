import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { createInterface } from 'node:readline';
import { startTestServer } from './test-server.js';
import type { TestRequest, TestResponse, TestServer, TestServerOptions } from './test-server.js';

/** An answer of which any depth can be asked. */
export interface Reply extends TestResponse {
  /** What stands at this path of the body; `undefined` where any part of it is missing. */
  at(...path: readonly (string | number)[]): unknown;
}

export interface WatchedEvent {
  readonly type: string;
  readonly object: Readonly<Record<string, unknown>>;
  at(...path: readonly (string | number)[]): unknown;
}

/** An open watch, read event by event. */
export interface OpenWatch extends AsyncDisposable {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The next events, in order. @throws {Error} the stream ended before there were so many. */
  take(count: number): Promise<readonly WatchedEvent[]>;
  /** All that comes until the server ends the stream. */
  rest(): Promise<readonly WatchedEvent[]>;
}

export type PatchForm = 'json' | 'merge' | 'strategic' | 'apply';

export const patchTypes: Readonly<Record<PatchForm, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** What stands at `path` of a value read from JSON. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, step)) return undefined;
    found = (found as Readonly<Record<string | number, unknown>>)[step];
  }
  return found;
}

/** The API as a client meets it: one server for all tests of a file, and the verbs in few words. */
export class ApiProbe {
  readonly #options: TestServerOptions | undefined;
  #server: TestServer | undefined;

  constructor(options?: TestServerOptions) {
    this.#options = options;
  }

  get server(): TestServer {
    if (this.#server === undefined) throw new Error('the server was not started');
    return this.#server;
  }

  /** Starts the server, with the ServiceAccount that the controllers would have made: pods need it. */
  readonly start = async (): Promise<void> => {
    this.#server = await startTestServer(this.#options);
    await this.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  };

  readonly stop = async (): Promise<void> => {
    await this.#server?.[Symbol.asyncDispose]();
  };

  async call(path: string, request?: TestRequest): Promise<Reply> {
    const response = await this.server.call(path, request);
    return {
      status: response.status,
      headers: response.headers,
      text: response.text,
      get json() {
        return response.json;
      },
      at: (...steps) => valueAt(response.json, steps),
    };
  }

  get(path: string, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.call(path, { headers });
  }

  /** As another user: by impersonation, which the administrator may. */
  as(user: string, path: string, request: TestRequest = {}): Promise<Reply> {
    return this.call(path, { ...request, headers: { ...request.headers, 'impersonate-user': user } });
  }

  post(path: string, body: unknown, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.call(path, { body, headers });
  }

  /** @throws {Error} with the answer, when the object was not made. */
  async make(path: string, body: unknown): Promise<Reply> {
    const reply = await this.post(path, body);
    if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${reply.text}`);
    return reply;
  }

  put(path: string, body: unknown, headers?: OutgoingHttpHeaders): Promise<Reply> {
    return this.call(path, { method: 'PUT', body, headers });
  }

  patch(path: string, form: PatchForm, body: unknown): Promise<Reply> {
    return this.call(path, { method: 'PATCH', body, headers: { 'content-type': patchTypes[form] } });
  }

  /** Server-side apply. */
  apply(path: string, manager: string, body: unknown, query = ''): Promise<Reply> {
    return this.patch(`${path}?fieldManager=${manager}${query}`, 'apply', body);
  }

  delete(path: string, body?: unknown): Promise<Reply> {
    return this.call(path, { method: 'DELETE', body });
  }

  /** A new empty namespace with the ServiceAccount of its pods. @returns its name. */
  async namespace(name: string, labels: Readonly<Record<string, string>> = {}): Promise<string> {
    await this.make('/api/v1/namespaces', { metadata: { name, labels } });
    await this.make(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    return name;
  }

  /** @param path with its query, `watch=true` included. */
  async watch(path: string, request?: TestRequest): Promise<OpenWatch> {
    const response = await this.server.open(path, request);
    const lines = createInterface({ input: response, crlfDelay: Infinity })[Symbol.asyncIterator]();
    const next = async (): Promise<WatchedEvent | undefined> => {
      const { done, value } = await lines.next();
      if (done === true) return undefined;
      const event = JSON.parse(value as string) as Omit<WatchedEvent, 'at'>;
      return { ...event, at: (...steps) => valueAt(event.object, steps) };
    };
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      async take(count) {
        const events: WatchedEvent[] = [];
        while (events.length < count) {
          const event = await next();
          if (event === undefined) throw new Error(`the watch ended after ${events.length} of ${count} events`);
          events.push(event);
        }
        return events;
      },
      async rest() {
        const events: WatchedEvent[] = [];
        for (let event = await next(); event !== undefined; event = await next()) events.push(event);
        return events;
      },
      async [Symbol.asyncDispose]() {
        if (response.closed) return;
        response.destroy();
        await once(response, 'close');
      },
    };
  }
}
