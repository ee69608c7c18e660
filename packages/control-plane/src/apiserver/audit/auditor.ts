import type { User } from '../authentication/user.js';
import type { AuditMetrics } from './audit-metrics.js';
import type { AuditPolicy } from './audit-policy.js';
import { AuditRecord } from './audit-record.js';
import type { AuditedRequest } from './audit-record.js';

/** Where events go. Takes them at once and keeps nobody waiting. */
export interface AuditBackend extends AsyncDisposable {
  readonly name: string;
  /** One event as JSON, without a newline. */
  write(event: string): void;
}

export interface AuditorDeps {
  readonly policy: AuditPolicy;
  readonly backends: readonly AuditBackend[];
  readonly metrics: AuditMetrics;
  now(): number;
}

/** Writes down who did what, as far as the policy wants it. */
export class Auditor implements AsyncDisposable {
  readonly #deps: AuditorDeps;

  constructor(deps: AuditorDeps) {
    this.#deps = deps;
  }

  /** Begins the record of a request; undefined when the policy wants none. */
  begin(user: User | undefined, request: AuditedRequest): AuditRecord | undefined {
    const { policy, backends, metrics, now } = this.#deps;
    const decision = policy.decide(user, request.info);
    metrics.decided(decision.level);
    if (decision.level === 'None') return undefined;
    return new AuditRecord({
      decision,
      user,
      request,
      now,
      emit: (event) => {
        metrics.event();
        const text = JSON.stringify(event);
        for (const backend of backends) backend.write(text);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#deps.backends.map((backend) => backend[Symbol.asyncDispose]()));
  }
}
