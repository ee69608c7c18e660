import { ApiError } from '@geobuk/api';
import { ConfigError, isConnectionError } from '@geobuk/client';
import { CliError } from '../cli-error.js';
import { StopRequested } from '../process-signals.js';

/** A command in a container that ended with another code than 0: its code is ours. */
export class ExitCodeError extends Error {
  override readonly name = 'ExitCodeError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a failed verb prints, and its exit code. Follows: kubectl's texts. Differs: wrong usage is 2, as for every command here. */
export function failureLine(error: unknown): { readonly line: string; readonly exitCode: number } {
  if (error instanceof ExitCodeError) return { line: error.message, exitCode: error.exitCode };
  if (error instanceof CliError) return { line: `error: ${error.message}`, exitCode: error.exitCode };
  if (error instanceof StopRequested) return { line: '', exitCode: 130 };
  if (error instanceof ApiError) return { line: refusalLine(error), exitCode: 1 };
  if (error instanceof ConfigError) return { line: `error: ${error.message}`, exitCode: 1 };
  if (isConnectionError(error)) return { line: `error: ${error.message}`, exitCode: 1 };
  if (error instanceof AggregateError) {
    return { line: error.errors.map((each: unknown) => failureLine(each).line).join('\n'), exitCode: 1 };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { line: `error: unexpected: ${text}`, exitCode: 1 };
}

function refusalLine({ status }: ApiError): string {
  const { reason, message, details, code } = status;
  if (reason === 'Unauthorized') return 'error: You must be logged in to the server (Unauthorized)';
  if (reason === 'Invalid') {
    const causes = details?.causes ?? [];
    const named = details?.kind === undefined ? '' : `The ${details.kind} "${details.name ?? ''}" is invalid`;
    if (named !== '' && causes.length === 1) return `${named}: ${causes[0]?.field ?? ''}: ${causes[0]?.message ?? ''}`;
    if (named !== '' && causes.length > 1) {
      return `${named}: \n${causes.map(({ field, message: why }) => `* ${field ?? ''}: ${why ?? ''}`).join('\n')}`;
    }
  }
  if (reason === undefined || reason === 'Unknown')
    return `Error from server: ${message === '' ? `code ${code}` : message}`;
  return `Error from server (${reason}): ${message}`;
}
