import type { APIService } from '@geobuk/api';
import { apiServices, isNotFound } from '@geobuk/api';
import type { Client, Clock, Informer } from '@geobuk/client';
import { isConnectionError } from '@geobuk/client';
import type { Logger } from 'pino';
import { apiServiceName } from '../manifests.js';

export interface ApiRegistrationDeps {
  readonly client: Pick<Client, 'patch'>;
  readonly apiServices: Pick<Informer<APIService>, 'subscribe'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const retryMs = 2_000;

/**
 * Keeps the APIService trusting the authority of this process's certificate. The object itself is the addon's; only
 * this field cannot be known before the process runs.
 */
export class ApiRegistration {
  readonly #deps: ApiRegistrationDeps;
  #wanted: string | undefined;
  #present: APIService | undefined;
  #wake = (): void => undefined;

  constructor(deps: ApiRegistrationDeps) {
    this.#deps = deps;
  }

  /** Whether the cluster trusts this process now. */
  get done(): boolean {
    return this.#wanted !== undefined && this.#present?.spec.caBundle === this.#wanted;
  }

  /** @param caPem of the certificate that is served from now on. */
  trust(caPem: string): void {
    this.#wanted = Buffer.from(caPem).toString('base64');
    this.#wake();
  }

  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#wake();
    signal.addEventListener('abort', stop, { once: true });
    using _subscription = this.#deps.apiServices.subscribe({
      changed: (now) => {
        this.#present = now;
        this.#wake();
      },
    });
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const again = await this.#settle(signal);
      using _timer = again ? this.#deps.clock.timer(retryMs, () => this.#wake()) : undefined;
      if (!signal.aborted) await woken;
    }
    signal.removeEventListener('abort', stop);
  }

  /** @returns whether to try again soon. */
  async #settle(signal: AbortSignal): Promise<boolean> {
    const { client, log } = this.#deps;
    if (this.#wanted === undefined || this.#present === undefined || this.done) return false;
    const body = { spec: { caBundle: this.#wanted } };
    try {
      this.#present = await client.patch(
        apiServices,
        { name: apiServiceName },
        { type: 'merge', body },
        { signal, fieldManager: 'geobuk-metrics' },
      );
      log.info({ apiService: apiServiceName }, 'the API trusts this server');
      return false;
    } catch (error) {
      if (signal.aborted || isNotFound(error)) return false; // it comes back as an event
      log.warn({ err: error, connected: !isConnectionError(error) }, 'the API does not trust this server yet');
      return true;
    }
  }
}
