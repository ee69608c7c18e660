import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Level } from './audit-policy.js';

/** What `/metrics` shows of the audit log. Follows: kube-apiserver's metric names. */
export class AuditMetrics {
  readonly #events: Counter;
  readonly #levels: Counter<'level'>;
  readonly #errors: Counter<'plugin'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#events = new Counter({
      name: 'apiserver_audit_event_total',
      help: 'Audit events that were generated and sent to the backends.',
      registers,
    });
    this.#levels = new Counter({
      name: 'apiserver_audit_level_total',
      help: 'Requests by the audit level that the policy gave them.',
      labelNames: ['level'],
      registers,
    });
    this.#errors = new Counter({
      name: 'apiserver_audit_error_total',
      help: 'Audit events that a backend could not keep.',
      labelNames: ['plugin'],
      registers,
    });
  }

  event(): void {
    this.#events.inc();
  }

  decided(level: Level): void {
    this.#levels.inc({ level });
  }

  lost(plugin: string, events: number): void {
    this.#errors.inc({ plugin }, events);
  }
}
