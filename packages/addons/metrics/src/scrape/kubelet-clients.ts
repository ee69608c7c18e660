import type { Node } from '@geobuk/api';
import type { ClusterConfig, HttpClient } from '@geobuk/client';
import { createHttpClient } from '@geobuk/client';

/** As for every client of kubelets, with the address that its certificate surely holds first. */
const preference = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS'];
const defaultPort = 10250;

/** Where a node's kubelet listens, as the node itself reports it; undefined before it has. */
export function kubeletUrl({ status }: Node): string | undefined {
  const addresses = status?.addresses ?? [];
  for (const wanted of preference) {
    const address = addresses.find(({ type }) => type === wanted)?.address;
    if (address === undefined) continue;
    const port = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? defaultPort;
    return `https://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }
  return undefined;
}

/** A client for each kubelet: it keeps its connection from one look to the next. */
export class KubeletClients implements AsyncDisposable {
  readonly #config: ClusterConfig;
  readonly #clients = new Map<string, HttpClient>();

  /** @param config of the API server: kubelets are of the same CA and take the same token. */
  constructor(config: ClusterConfig) {
    this.#config = config;
  }

  /** The text of a kubelet's path. @throws {ApiError} refused; {ConnectionError} no answer. */
  async read(url: string, path: string, signal: AbortSignal): Promise<string> {
    let client = this.#clients.get(url);
    if (client === undefined) {
      client = createHttpClient({ ...this.#config, server: url });
      this.#clients.set(url, client);
    }
    const answer = await client.request({ path, idleTimeoutMs: 5_000, signal });
    return answer.text();
  }

  /** Closes the connections to all others. */
  async keepOnly(urls: ReadonlySet<string>): Promise<void> {
    for (const [url, client] of this.#clients) {
      if (urls.has(url)) continue;
      this.#clients.delete(url);
      await client[Symbol.asyncDispose]();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.keepOnly(new Set());
  }
}
