import { pino } from 'pino';
import type { Logger } from 'pino';
import { CliError } from './cli-error.js';

const levels = ['trace', 'debug', 'info', 'warn', 'error'];

/** The log of a long-running part: JSON lines on stdout. @throws {CliError} usage: no such level. */
export function processLog(level: string): Logger {
  if (!levels.includes(level)) throw new CliError(`--log-level ${level}: use one of ${levels.join(', ')}`, 2);
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
