import { Readable } from 'node:stream';
import type { KubernetesObject, ResourceType } from '@geobuk/api';
import { ApiError, builtInResources } from '@geobuk/api';
import { addons } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import type { Clock, LoopState, RawRequest, RawResponse } from '@geobuk/client';
import type { Connection } from '../cluster/connection.js';
import type { ServerColumn } from '../cluster/table-source.js';

export interface FakeConnectionOptions {
  readonly objects?: readonly KubernetesObject[] | undefined;
  readonly clock?: Clock | undefined;
  readonly version?: string | undefined;
  readonly loops?: readonly LoopState[] | undefined;
  /** Kinds beside the built-in ones, with the columns the server prints for them. */
  readonly types?:
    | readonly {
        readonly type: ResourceType;
        readonly columns: readonly (ServerColumn & { readonly cell: (object: KubernetesObject) => unknown })[];
      }[]
    | undefined;
  /** Log lines by `pod/container`. */
  readonly logs?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** What was asked of a fake connection, for tests that count. */
export interface SeenRequest {
  readonly verb: string;
  readonly what: string;
}

const logPath = /^\/api\/v1\/namespaces\/([^/]+)\/pods\/([^/]+)\/log$/;

/** A recorded cluster: objects in memory behind the paths and calls the dashboard uses. */
export class FakeConnection extends FakeClient implements Connection {
  readonly seen: SeenRequest[] = [];
  /** Set: every call fails with it, as if the network were gone. */
  down: Error | undefined;
  readonly #options: FakeConnectionOptions;
  readonly #types: readonly ResourceType[];

  constructor(options: FakeConnectionOptions = {}) {
    const own = [addons as ResourceType, ...(options.types ?? []).map(({ type }) => type)];
    super({ clock: options.clock, objects: options.objects, types: own });
    this.#options = options;
    this.#types = [...builtInResources, ...own];
    this.intercept = ({ verb, type, name }) => {
      this.seen.push({ verb, what: name === undefined ? type.plural : `${type.plural}/${name}` });
      if (this.down !== undefined) throw this.down;
    };
  }

  discover(): ReturnType<Connection['discover']> {
    if (this.down !== undefined) return Promise.reject(this.down);
    return Promise.resolve({ resources: this.#types, unavailable: [] });
  }

  openChannels(path: string): ReturnType<Connection['openChannels']> {
    this.seen.push({ verb: 'connect', what: path });
    return Promise.reject(ApiError.unavailable('a recorded cluster runs no commands'));
  }

  request({ path, query, method = 'GET', signal }: RawRequest): Promise<RawResponse> {
    this.seen.push({ verb: method.toLowerCase(), what: path });
    if (this.down !== undefined) return Promise.reject(this.down);
    const [bare = '', search = ''] = path.split('?', 2);
    if (bare === '/version') return answer({ gitVersion: this.#options.version ?? 'v1.34.1+geobuk' });
    if (bare === '/debug/geobuk/loops' && this.#options.loops !== undefined) return answer(this.#options.loops);
    const log = logPath.exec(bare);
    if (log !== null) return this.#log(log[2]!, String(query?.['container'] ?? ''), query?.['follow'] === true, signal);
    const own = this.#options.types?.find(({ type }) => bare.endsWith(`/${type.plural}`) && bare.includes(type.group));
    if (own !== undefined) return this.#table(own, new URLSearchParams(search), signal);
    return Promise.reject(ApiError.noSuchResource());
  }

  #log(pod: string, container: string, follow: boolean, signal: AbortSignal): Promise<RawResponse> {
    const lines = this.#options.logs?.[`${pod}/${container}`] ?? [];
    const body = new Readable({ read: () => undefined });
    body.push(lines.map((line) => `${line}\n`).join(''));
    if (!follow) body.push(null);
    signal.addEventListener('abort', () => body.destroy(), { once: true });
    return Promise.resolve(responseOf(body));
  }

  async #table(
    { type, columns }: NonNullable<FakeConnectionOptions['types']>[number],
    search: URLSearchParams,
    signal: AbortSignal,
  ): Promise<RawResponse> {
    const rowOf = (object: KubernetesObject) => ({
      cells: columns.map(({ cell }) => cell(object)),
      object: { metadata: object.metadata },
    });
    const definitions = columns.map(({ name, type: of, priority }) => ({ name, type: of, priority }));
    if (search.get('watch') !== 'true') {
      const list = await this.list(type, { signal });
      return answer({ metadata: list.metadata, columnDefinitions: definitions, rows: list.items.map(rowOf) });
    }
    const events = this.watch(type, { resourceVersion: search.get('resourceVersion') ?? '', signal });
    const lines = async function* (): AsyncGenerator<string> {
      for await (const event of events) {
        if (event.type === 'BOOKMARK') continue;
        yield `${JSON.stringify({ type: event.type, object: { rows: [rowOf(event.object)] } })}\n`;
      }
    };
    return responseOf(Readable.from(lines()));
  }
}

const answer = (value: unknown): Promise<RawResponse> =>
  Promise.resolve(responseOf(Readable.from([Buffer.from(JSON.stringify(value))])));

function responseOf(body: Readable): RawResponse {
  const text = async (): Promise<string> => {
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(Buffer.from(piece as Buffer));
    return Buffer.concat(pieces).toString('utf8');
  };
  return { status: 200, header: () => undefined, body, text, json: async () => JSON.parse(await text()) as unknown };
}
