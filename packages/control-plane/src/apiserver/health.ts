import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** One named check: resolves when all is well; the error says what is not. */
export interface HealthCheck {
  readonly name: string;
  check(signal: AbortSignal): Promise<void>;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly text: string;
}

/** Runs checks and puts the answer as Kubernetes does. Follows: checklist 1.16.1. */
export async function reportHealth(
  title: string,
  checks: readonly HealthCheck[],
  { verbose, exclude }: { readonly verbose: boolean; readonly exclude: readonly string[] },
  signal: AbortSignal,
): Promise<HealthReport> {
  const lines = await Promise.all(
    checks.map(async ({ name, check }) => {
      if (exclude.includes(name)) return { ok: true, line: `[+]${name} excluded: ok` };
      try {
        await check(signal);
        return { ok: true, line: `[+]${name} ok` };
      } catch {
        return { ok: false, line: `[-]${name} failed: reason withheld` };
      }
    }),
  );
  const ok = lines.every((line) => line.ok);
  if (ok && !verbose) return { ok, text: 'ok' };
  const unknown = exclude.filter((name) => !checks.some((check) => check.name === name));
  const warning =
    unknown.length === 0
      ? []
      : [
          `warn: some health checks cannot be excluded: no matches for ${unknown.map((name) => JSON.stringify(name)).join(', ')}`,
        ];
  return {
    ok,
    text: [...lines.map(({ line }) => line), ...warning, `${title} check ${ok ? 'passed' : 'failed'}`, ''].join('\n'),
  };
}

/** What `/metrics/slis` shows: how each check stands, and how it stood at each scrape. Follows: component SLIs, 1.16.5. */
export class HealthIndicators {
  readonly #checks: readonly (readonly [type: string, checks: readonly HealthCheck[]])[];
  readonly #now: Gauge<'name' | 'type'>;
  readonly #total: Counter<'name' | 'type' | 'status'>;

  constructor(registry: Registry, checks: readonly (readonly [type: string, checks: readonly HealthCheck[]])[]) {
    this.#checks = checks;
    const registers = [registry];
    this.#now = new Gauge({
      name: 'kubernetes_healthcheck',
      help: '1 while a health check succeeds.',
      labelNames: ['name', 'type'],
      registers,
    });
    this.#total = new Counter({
      name: 'kubernetes_healthchecks_total',
      help: 'Results of health checks.',
      labelNames: ['name', 'type', 'status'],
      registers,
    });
  }

  async look(signal: AbortSignal): Promise<void> {
    for (const [type, checks] of this.#checks) {
      for (const { name, check } of checks) {
        const ok = await check(signal).then(
          () => true,
          () => false,
        );
        this.#now.set({ name, type }, ok ? 1 : 0);
        this.#total.inc({ name, type, status: ok ? 'success' : 'error' });
      }
    }
  }
}
