import { request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeSelfSigned } from '@geobuk/addon-sdk/certificates';
import type { Access } from '../auth/access.js';
import { createRegistryServer } from '../http/registry-server.js';
import { ContentStore } from '../store/content-store.js';
import { Repositories } from '../store/repositories.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  json(): unknown;
}

export interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export const everybody: Access = { check: () => Promise.resolve() };

/** The real server over a real folder, on a port of its own. */
export class RegistryUnderTest implements AsyncDisposable {
  readonly contents: ContentStore;
  readonly repositories: Repositories;
  readonly port: number;
  readonly ca: string;
  readonly #close: () => Promise<unknown>;

  private constructor(
    parts: Pick<RegistryUnderTest, 'contents' | 'repositories' | 'port' | 'ca'>,
    close: () => Promise<unknown>,
  ) {
    this.contents = parts.contents;
    this.repositories = parts.repositories;
    this.port = parts.port;
    this.ca = parts.ca;
    this.#close = close;
  }

  static async open(
    directory: string,
    options: { readonly access?: Access; readonly capacityBytes?: number } = {},
  ): Promise<RegistryUnderTest> {
    const contents = await ContentStore.open({ directory, capacityBytes: options.capacityBytes ?? 0 });
    const repositories = new Repositories(directory, contents);
    const { key, certificate } = await makeSelfSigned({ commonName: 'registry', hosts: ['localhost', '127.0.0.1'] }, 1);
    const server = createRegistryServer({
      contents,
      repositories,
      access: options.access ?? everybody,
      log: { error: (...words: readonly unknown[]) => console.error(...words) },
      tls: { key, cert: certificate },
      problem: () => undefined,
      metrics: () => Promise.resolve(''),
      onAnswer: () => undefined,
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    return new RegistryUnderTest({ contents, repositories, port, ca: certificate }, () => server.close());
  }

  ask(method: string, path: string, { headers = {}, body }: AskOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: this.port, method, path, headers, ca: this.ca, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            const whole = Buffer.concat(chunks);
            const { statusCode: status = 0, headers: answered } = response;
            resolve({
              status,
              headers: answered,
              body: whole,
              json: () => JSON.parse(whole.toString('utf8')) as unknown,
            });
          });
        },
      );
      asked.once('error', reject);
      asked.end(body);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close().then(() => undefined);
  }
}
