import { CliError } from './cli-error.js';

/** @throws {CliError} usage: not a port. */
export function parsePort(text: string, flag = '--port'): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new CliError(`${flag} ${text}: not a port: use 1 to 65535 (0 for any free one)`, 2);
  return port;
}

/** @throws {CliError} usage: not a whole number in range. */
export function parseCount(text: string, flag: string, least: number, most: number): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < least || count > most)
    throw new CliError(`${flag} ${text}: use a whole number from ${least} to ${most}`, 2);
  return count;
}

/** `a,b , c` as names. */
export const parseNames = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
