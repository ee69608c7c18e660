import type { ObjectKey } from '@geobuk/api';
import { ApiError } from '@geobuk/api';
import { backOff, followLogs } from '@geobuk/client';
import type { Clock } from '@geobuk/client';
import type { Connection } from '../cluster/connection.js';
import type { LogLine } from '../text/log-ring.js';

export interface LogSource {
  readonly pod: ObjectKey;
  readonly container: string;
  /** What stands in front of its lines. */
  readonly label: string;
}

export interface LogRange {
  readonly tailLines?: number | undefined;
  readonly sinceSeconds?: number | undefined;
}

export interface LogFeedDeps {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly add: (line: LogLine) => void;
  /** Something to tell between the lines: an end, a break. */
  readonly note: (text: string) => void;
}

/**
 * Follows one container's log. After a break it goes on from the last line seen: lines of that very time are asked for
 * again and dropped if they were shown, so none is lost and none comes twice.
 */
export async function feedLog(
  deps: LogFeedDeps,
  source: LogSource,
  { tailLines, sinceSeconds, previous }: LogRange & { readonly previous: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { connection, clock, random, add, note } = deps;
  const delays = backOff({ initialMs: 500, maxMs: 10_000, jitter: 0.3, random });
  let lastTime = '';
  let atLastTime = new Set<string>();
  while (!signal.aborted) {
    const resumed = lastTime !== '';
    const range = resumed ? { sinceTime: lastTime } : { tailLines, sinceSeconds };
    try {
      const options = { container: source.container, follow: !previous, previous, timestamps: true, ...range, signal };
      for await (const raw of followLogs(connection, source.pod, options)) {
        const space = raw.indexOf(' ');
        const time = space < 0 ? raw : raw.slice(0, space);
        const text = space < 0 ? '' : raw.slice(space + 1);
        if (resumed && (time < lastTime || (time === lastTime && atLastTime.has(text)))) continue;
        if (time !== lastTime) atLastTime = new Set();
        atLastTime.add(text);
        lastTime = time;
        add({ source: source.label, time, text });
      }
      if (!previous) note(`${source.label}: the log has ended`);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError) {
        // Nothing to read yet, or no such container: the server's words say which.
        note(`${source.label}: ${error.message}`);
        if (previous || error.status.code === 404) return;
      } else note(`${source.label}: the stream broke, resuming`);
      await clock.after(delays.next(), { signal }).catch(() => undefined);
    }
  }
}
