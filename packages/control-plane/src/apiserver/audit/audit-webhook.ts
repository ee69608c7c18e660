import type { Clock, HttpClient } from '@geobuk/client';
import type { Logger } from 'pino';
import type { AuditBackend } from './auditor.js';

export interface AuditWebhookDeps {
  readonly client: HttpClient;
  readonly clock: Clock;
  readonly log: Logger;
  onLost(events: number): void;
}

// Kubernetes' defaults of --audit-webhook-batch-*.
const batchEvents = 400;
const batchWaitMs = 30_000;
const mostWaiting = 10_000;
const attempts = 5;
const firstRetryMs = 10_000;
const callMs = 30_000;

/** Sends events to a server in batches, none of which keeps a request waiting. Follows: the audit webhook backend. */
export class AuditWebhook implements AuditBackend {
  readonly name = 'webhook';
  readonly #deps: AuditWebhookDeps;
  readonly #stop = new AbortController();
  #waiting: string[] = [];
  #timer: Disposable | undefined;
  #sending: Promise<void> | undefined;

  constructor(deps: AuditWebhookDeps) {
    this.#deps = deps;
  }

  write(event: string): void {
    if (this.#waiting.length >= mostWaiting || this.#stop.signal.aborted) {
      this.#lose(1);
      return;
    }
    this.#waiting.push(event);
    if (this.#waiting.length >= batchEvents) this.#begin();
    else this.#timer ??= this.#deps.clock.timer(batchWaitMs, () => this.#begin());
  }

  /** Sends what waits, once; then lets go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the server stops'));
    this.#timer?.[Symbol.dispose]();
    await this.#sending;
    const rest = this.#waiting.splice(0);
    if (rest.length > 0)
      await this.#post(rest, AbortSignal.timeout(2000)).catch((error: unknown) => this.#lose(rest.length, error));
    await this.#deps.client[Symbol.asyncDispose]();
  }

  #begin(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
      if (this.#waiting.length >= batchEvents && !this.#stop.signal.aborted) this.#begin();
    });
  }

  async #send(): Promise<void> {
    const { clock } = this.#deps;
    const { signal } = this.#stop;
    const batch = this.#waiting.splice(0, batchEvents);
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#post(batch, signal);
        return;
      } catch (error) {
        if (attempt === attempts || signal.aborted) {
          this.#lose(batch.length, error);
          return;
        }
        await clock.after(firstRetryMs * 2 ** (attempt - 1), { signal }).catch(() => undefined);
      }
    }
  }

  async #post(batch: readonly string[], signal: AbortSignal): Promise<void> {
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${batch.join(',')}]}`;
    const response = await this.#deps.client.request({
      method: 'POST',
      path: '',
      headers: { 'content-type': 'application/json' },
      body,
      idleTimeoutMs: callMs,
      signal,
    });
    response.body.destroy();
  }

  #lose(events: number, error?: unknown): void {
    this.#deps.log.error({ events, ...(error === undefined ? {} : { err: error }) }, 'audit events were lost');
    this.#deps.onLost(events);
  }
}
