import { Readable, Writable } from 'node:stream';
import { Command, CommanderError } from 'commander';
import type { KubernetesObject } from '@geobuk/api';
import { ApiError, builtInResources, tableFor } from '@geobuk/api';
import type { CallOptions, Channels, Discovery, HttpClient, RawRequest, RawResponse } from '@geobuk/client';
import { FakeClient, FakeClock } from '@geobuk/client/testing';
import { addKubectlCommands } from './index.js';
import type { Input, Output } from './io.js';

/** The client in memory with as much of the wire as the verbs use: raw reads, server-printed tables, logs. */
class FakeHttpClient extends FakeClient implements HttpClient {
  readonly #clock: FakeClock;
  readonly #raw: Readonly<Record<string, unknown>>;

  constructor(clock: FakeClock, objects: readonly KubernetesObject[], raw: Readonly<Record<string, unknown>>) {
    super({ clock, objects });
    this.#clock = clock;
    this.#raw = raw;
  }

  async request({ path, query = {}, signal }: RawRequest): Promise<RawResponse> {
    const raw = this.#raw[path];
    if (raw !== undefined) return response(typeof raw === 'string' ? raw : JSON.stringify(raw));
    const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(path);
    const [, group = '', version, namespace, plural, name] = match ?? [];
    const type = builtInResources.find(
      (each) => each.group === group && each.version === version && each.plural === plural,
    );
    if (type === undefined) throw ApiError.noSuchResource();
    const { labelSelector, fieldSelector } = query as Readonly<Record<string, string | undefined>>;
    const objects =
      name === undefined
        ? (await this.list(type, { namespace, labelSelector, fieldSelector, signal })).items
        : [await this.read(type, { namespace, name }, { signal })];
    const { columnDefinitions, rows } = tableFor(type, objects, { now: this.#clock.now() });
    const withObjects = rows.map((row, index) => ({ ...row, object: objects[index] }));
    return response(JSON.stringify({ kind: 'Table', metadata: {}, columnDefinitions, rows: withObjects }));
  }

  discover(_options: CallOptions): Promise<Discovery> {
    return Promise.resolve({ resources: builtInResources, unavailable: [] });
  }

  openChannels(): Promise<Channels> {
    return Promise.reject(ApiError.noSuchResource());
  }

  reconnect(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function response(body: string): RawResponse {
  return {
    status: 200,
    header: () => undefined,
    body: Readable.from([Buffer.from(body)]),
    text: () => Promise.resolve(body),
    json: () => Promise.resolve(JSON.parse(body) as unknown),
  };
}

export interface VerbResult {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

export interface FakeCluster {
  readonly client: FakeClient;
  readonly clock: FakeClock;
  /** Runs a command line to its end, such as `get pods -o wide`; words with spaces come in an array. */
  run(line: string | readonly string[], stdin?: string): Promise<VerbResult>;
}

export function fakeCluster(
  objects: readonly KubernetesObject[] = [],
  raw: Readonly<Record<string, unknown>> = {},
): FakeCluster {
  const clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
  const client = new FakeHttpClient(clock, objects, raw);
  return {
    client,
    clock,
    run: async (line, stdin = '') => {
      const [out, err] = [collector(), collector()];
      let code = 0;
      const stop = new AbortController();
      const program = new Command('geobuk')
        .exitOverride()
        .configureOutput({ writeErr: (text) => err.stream.write(text) });
      addKubectlCommands(program, {
        stdin: Readable.from(stdin === '' ? [] : [Buffer.from(stdin)]) as Input,
        stdout: out.stream,
        stderr: err.stream,
        clock,
        signal: () => stop.signal,
        open: () => Promise.resolve({ client, namespace: 'default' }),
        kubeconfigPaths: () => [],
        setExitCode: (value) => {
          code = value;
        },
      });
      try {
        await program.parseAsync(typeof line === 'string' ? line.split(' ') : [...line], { from: 'user' });
      } catch (error) {
        if (!(error instanceof CommanderError)) throw error;
        code = error.exitCode === 0 ? 0 : 2;
      } finally {
        stop.abort(new Error('the test is over'));
      }
      return { out: out.text(), err: err.text(), code };
    },
  };
}

function collector(): { readonly stream: Output; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}
