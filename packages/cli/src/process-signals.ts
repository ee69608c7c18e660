/** Why a command stops: somebody asked for it. */
export class StopRequested extends Error {
  override readonly name = 'StopRequested';
}

/**
 * Fires on SIGTERM, SIGINT or SIGHUP, and when the parent that holds our IPC channel is gone. A second signal ends the process
 * at once.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (name: string): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new StopRequested(`stopped by ${name}`));
  };
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => stop(name));
  if (process.send !== undefined) process.on('disconnect', () => stop('the end of the parent process'));
  return controller.signal;
}
