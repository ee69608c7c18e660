import type { ApiError } from '@geobuk/api';
import type { Clock } from '@geobuk/client';
import { backOff } from '@geobuk/client';
import type { Catalog } from './catalog.js';
import { assumedCatalog, Catalog as DiscoveredCatalog } from './catalog.js';
import type { Connection, ContextIdentity } from './connection.js';
import { getJson } from './connection.js';
import { readOnly } from './read-only.js';
import { follow } from './follow.js';
import type { Sink, Source } from './follow.js';

/** How it stands with a cluster. What was seen of it stays on the screen in every state. */
export type ClusterState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'lost'; readonly since: number; readonly reason: string };

export interface ClusterDeps {
  readonly identity: ContextIdentity;
  /** Reads credentials and opens nothing yet; may be slow (exec plugins) and may fail. */
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly readOnly: boolean;
}

/**
 * One context: its connection, what it serves, whether it answers. Made at once and connected in the background, so
 * that no screen ever waits for a cluster; tried again for ever, so that none ends because of one.
 */
export class Cluster {
  readonly identity: ContextIdentity;
  readonly readOnly: boolean;
  readonly #deps: ClusterDeps;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Set<(connection: Connection) => void>();
  #connection: Connection | undefined;
  #state: ClusterState = { kind: 'connecting' };
  #catalog: Catalog = assumedCatalog;
  #version = '';
  #discoveredAt = -Infinity;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
    this.identity = deps.identity;
    this.readOnly = deps.readOnly;
  }

  get state(): ClusterState {
    return this.#state;
  }

  /** What the server serves; until it has told, what every server does. */
  get catalog(): Catalog {
    return this.#catalog;
  }

  /** Such as `v1.34.1`; '' until known. */
  get version(): string {
    return this.#version;
  }

  /** Called after every change of state, catalog or version. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Connects and finds out what is served; again and again until it succeeds. Resolves then, or after an abort. */
  async run(signal: AbortSignal): Promise<void> {
    const delays = backOff({ initialMs: 500, maxMs: 10_000, jitter: 0.3, random: this.#deps.random });
    while (!signal.aborted) {
      try {
        this.#connection ??= await this.#connect(signal);
        for (const tell of this.#waiting) tell(this.#connection);
        this.#waiting.clear();
        const version = await getJson<{ readonly gitVersion?: string }>(this.#connection, '/version', signal);
        this.#version = version.gitVersion ?? '';
        await this.discover(signal);
        this.reached();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.lost(error);
        await this.#deps.clock.after(delays.next(), { signal }).catch(() => undefined);
      }
    }
  }

  /** Asks again what is served: CRDs come and go. Does nothing when it was asked within `unlessWithinMs`. */
  async discover(signal: AbortSignal, unlessWithinMs = 0): Promise<void> {
    const { clock } = this.#deps;
    if (this.#connection === undefined || clock.now() - this.#discoveredAt < unlessWithinMs) return;
    this.#discoveredAt = clock.now();
    const { resources } = await this.#connection.discover({ signal });
    this.#catalog = new DiscoveredCatalog(resources);
    this.#tell();
  }

  /** Waits until there is something to send requests with; not until the server answers. */
  connection(signal: AbortSignal): Promise<Connection> {
    if (this.#connection !== undefined) return Promise.resolve(this.#connection);
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        this.#waiting.delete(arrived);
        reject(signal.reason as Error);
      };
      const arrived = (connection: Connection): void => {
        signal.removeEventListener('abort', aborted);
        resolve(connection);
      };
      this.#waiting.add(arrived);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** Follows a resource into a sink until the signal fires; failures become the cluster's state. */
  async follow<Item>(
    open: (connection: Connection) => Source<Item>,
    sink: Sink<Item>,
    refused: (error: ApiError) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, random } = this.#deps;
    const state = { reached: () => this.reached(), lost: (error: unknown) => this.lost(error), refused };
    try {
      const source = open(await this.connection(signal));
      await follow({ source, sink, state, clock, random }, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  reached(): void {
    if (this.#state.kind === 'connected') return;
    this.#state = { kind: 'connected' };
    this.#tell();
  }

  lost(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const since = this.#state.kind === 'lost' ? this.#state.since : this.#deps.clock.now();
    this.#state = { kind: 'lost', since, reason };
    this.#tell();
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const connection = await this.#deps.connect(signal);
    return this.readOnly ? readOnly(connection) : connection;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
