import { ApiError } from '@geobuk/api';
import { isConnectionError } from '@geobuk/client';
import { CliError } from './cli-error.js';

/** What a failed command prints, and its exit code. One line: what, why, what to do. */
export function describeFailure(error: unknown): { readonly line: string; readonly exitCode: 1 | 2 } {
  if (error instanceof CliError) return { line: `geobuk: ${oneLine(error.message)}`, exitCode: error.exitCode };
  if (error instanceof ApiError)
    return {
      line: `geobuk: refused by the API server: ${oneLine(error.message)} (${error.status.reason ?? 'Unknown'})`,
      exitCode: 1,
    };
  if (isConnectionError(error))
    return { line: `geobuk: cannot reach the API server: ${oneLine(error.message)}: is the cluster up?`, exitCode: 1 };
  // Configuration errors of the parts are one line already; anything else is a bug and shows where.
  if (error instanceof Error && error.name.endsWith('Error') && error.name !== 'Error' && error.name !== 'TypeError') {
    return { line: `geobuk: ${oneLine(error.message)}`, exitCode: error.name === 'ConfigError' ? 2 : 1 };
  }
  return {
    line: `geobuk: unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    exitCode: 1,
  };
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();
