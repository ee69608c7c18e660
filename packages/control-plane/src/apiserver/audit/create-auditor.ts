import { createHttpClient, loadKubeconfig } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { ConfigError } from '../../config.js';
import type { AuditOptions } from '../options.js';
import { AuditLog } from './audit-log.js';
import { AuditMetrics } from './audit-metrics.js';
import { readAuditPolicy } from './audit-policy.js';
import { AuditWebhook } from './audit-webhook.js';
import { Auditor } from './auditor.js';
import type { AuditBackend } from './auditor.js';

export interface CreateAuditorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

/** The audit log that the options ask for. @throws {ConfigError} a file that cannot be used. */
export async function createAuditor(options: AuditOptions, deps: CreateAuditorDeps): Promise<Auditor> {
  const { clock, log, registry } = deps;
  const policy = readAuditPolicy(options.policyFile);
  const metrics = new AuditMetrics(registry);
  const backends: AuditBackend[] = [];
  if (options.log !== undefined) {
    backends.push(new AuditLog(options.log, { clock, log, onLost: (events) => metrics.lost('log', events) }));
  }
  if (options.webhookConfigFile !== undefined) {
    const file = options.webhookConfigFile;
    const config = await loadKubeconfig({ paths: [file] }).catch((cause: unknown) => {
      throw new ConfigError(`--audit-webhook-config-file ${file}: ${(cause as Error).message}`, { cause });
    });
    backends.push(
      new AuditWebhook({
        client: createHttpClient(config),
        clock,
        log,
        onLost: (events) => metrics.lost('webhook', events),
      }),
    );
  }
  return new Auditor({ policy, backends, metrics, now: () => clock.now() });
}
