import { Cron } from 'croner';

/** A CronJob's schedule is not one; validation let it through before the rule was there. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
}

/** More missed times than this are not counted, and somebody should look at the clock. */
const tooManyMissed = 100;

export interface MissedRuns {
  /** The last time that has come since `earliest`, in epoch milliseconds. */
  readonly latest: number | undefined;
  readonly tooMany: boolean;
}

/** A five-field schedule in a time zone; UTC unless said. Follows: CronJob schedules (names, ranges, steps, macros, `@every`). */
export class CronSchedule {
  readonly #cron: Cron | undefined;
  readonly #everyMs: number = 0;

  /** @throws {ScheduleError} */
  constructor(schedule: string, timeZone: string | undefined) {
    const every = /^@every\s+(\S+)$/.exec(schedule)?.[1];
    try {
      if (every !== undefined) this.#everyMs = durationMs(every);
      else {
        // 5-part alone takes no macros.
        const mode = schedule.startsWith('@') ? {} : ({ mode: '5-part' } as const);
        this.#cron = new Cron(schedule, { ...mode, paused: true, timezone: timeZone ?? 'Etc/UTC', legacyMode: true });
        this.#cron.nextRun(new Date(0));
      }
    } catch (cause) {
      throw new ScheduleError(`unparseable schedule: ${schedule}`, { cause });
    }
  }

  /** The first time after `after`, or undefined when there is none. */
  next(after: number): number | undefined {
    if (this.#cron === undefined) return after + this.#everyMs;
    return this.#cron.nextRun(new Date(after))?.getTime();
  }

  /** What has come due in (earliest, now]. Only the last counts; walking stops early when there are very many. */
  missed(earliest: number, now: number): MissedRuns {
    let latest: number | undefined;
    let count = 0;
    for (let at = this.next(earliest); at !== undefined && at <= now; at = this.next(at)) {
      latest = at;
      count += 1;
      if (count > tooManyMissed) return { latest: this.#lastBefore(earliest, now) ?? latest, tooMany: true };
    }
    return { latest, tooMany: false };
  }

  /** Looks back in growing steps, so that years of silence cost no more than a day. */
  #lastBefore(earliest: number, now: number): number | undefined {
    for (let back = 60_000; ; back *= 2) {
      const from = Math.max(earliest, now - back);
      let latest: number | undefined;
      for (let at = this.next(from); at !== undefined && at <= now; at = this.next(at)) latest = at;
      if (latest !== undefined || from === earliest) return latest;
    }
  }
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0), 0);
  if (parts.map(([whole]) => whole).join('') !== text || total === 0) throw new TypeError(`no duration: ${text}`);
  return Math.max(1_000, Math.floor(total / 1_000) * 1_000);
}
