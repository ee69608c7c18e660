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
  return { ok, text: [...lines.map(({ line }) => line), `${title} check ${ok ? 'passed' : 'failed'}`, ''].join('\n') };
}
