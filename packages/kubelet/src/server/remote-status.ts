import type { Status } from '@geobuk/api';

/** How a remote command ended. Follows: remotecommand v4, the error stream holds a Status. */
export function exitStatus(exitCode: number): Partial<Status> {
  if (exitCode === 0) return { metadata: {}, status: 'Success' } as Partial<Status>;
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${exitCode}`,
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  } as Partial<Status>;
}

/** It could not be run at all. */
export const failureStatus = (message: string): Partial<Status> =>
  ({ metadata: {}, status: 'Failure', reason: 'InternalError', message, code: 500 }) as Partial<Status>;
