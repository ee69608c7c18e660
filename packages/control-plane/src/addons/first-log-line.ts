import type { HttpClient } from '@geobuk/client';
import { deadline, openLogs } from '@geobuk/client';
import type { FailingContainer } from './addon-health.js';

/** Reads what a failing container said. */
export interface FirstLogLine {
  /** undefined when nobody knows: no log yet, node away. */
  of(failing: FailingContainer, options: { readonly signal: AbortSignal }): Promise<string | undefined>;
}

const timeoutMs = 3_000;
const limitBytes = 4_096;

/** The first line of a container's log that tells of a failure, else the first; each container that failed is asked once for every restart. */
export function firstLogLine(client: Pick<HttpClient, 'request'>): FirstLogLine {
  const known = new Map<string, { readonly restarts: number; readonly line: string | undefined }>();
  return {
    async of(failing, { signal }) {
      const id = `${failing.uid}/${failing.container}`;
      const before = known.get(id);
      if (before?.restarts === failing.restarts) return before.line;
      using limit = deadline(signal, timeoutMs);
      const line = await read(client, failing, limit.signal).catch(() => undefined);
      signal.throwIfAborted();
      if (known.size > 100) known.clear();
      known.set(id, { restarts: failing.restarts, line });
      return line;
    },
  };
}

async function read(
  client: Pick<HttpClient, 'request'>,
  { pod, container, restarts }: FailingContainer,
  signal: AbortSignal,
): Promise<string | undefined> {
  const body = await openLogs(client, pod, { container, previous: restarts > 0, limitBytes, signal });
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  return firstFailure(lines);
}

/** pino's level of errors. */
const errorLevel = 50;

/** Of our own programs' JSON the first error, since what comes before it is how they start; of all others the first line. */
export function firstFailure(lines: readonly string[]): string | undefined {
  const failure = lines.find((line) => Number(/^\{"level":(\d+),/.exec(line)?.[1] ?? 0) >= errorLevel);
  return failure === undefined ? lines.map(wordsOf).find((line) => line !== '') : wordsOf(failure);
}

/** Our own programs log JSON; people want its message, and the error's when there is one. */
function wordsOf(line: string): string {
  const whole = line.trim();
  const trimmed = whole.slice(0, 500);
  if (!whole.startsWith('{')) return trimmed;
  try {
    // Cut, it would be no JSON: an error with its stack is longer.
    const { msg, err } = JSON.parse(whole) as { readonly msg?: string; readonly err?: { readonly message?: string } };
    return (
      [msg, err?.message]
        .filter((part) => part !== undefined)
        .join(': ')
        .slice(0, 500) || trimmed
    );
  } catch {
    return trimmed;
  }
}
