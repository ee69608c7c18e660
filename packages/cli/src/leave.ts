/**
 * Ends the process: what a command that is over has left open must not keep it. But first goes out what was written; to a
 * pipe that takes as long as its reader does.
 */
export async function leave(exitCode: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(exitCode);
}

const written = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    stream.write('', () => resolve()); // also when the reader is gone
  });

/** A reader that has seen enough, such as `head`, ends the command without a word. Follows: SIGPIPE. */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
