import { spawn } from 'node:child_process';
import { RuntimeError } from '../runtime.js';

export interface ContainerdClient {
  /** Path of `ctr`, containerd's own command line. */
  readonly ctr: string;
  readonly socket: string;
  readonly snapshotter: string;
  /** containerd's version; from 1.7 on `ctr` would unpack in the daemon, which knows only the default snapshotter. */
  readonly version: { readonly major: number; readonly minor: number };
}

/** What is kept of the words of a failing command. */
const messageBytes = 4096;

/**
 * Brings the images of a tar (OCI layout or `docker save`) into containerd, where CRI sees them.
 * @throws {RuntimeError} ImagePull when containerd does not take it.
 */
export async function importImage(
  client: ContainerdClient,
  archive: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const { major, minor } = client.version;
  const local = major > 1 || minor >= 7 ? ['--local'] : [];
  await run(
    client.ctr,
    [
      ...['--address', client.socket, '--namespace', 'k8s.io', 'images', 'import'],
      ...['--snapshotter', client.snapshotter, ...local, archive],
    ],
    signal,
  );
}

function run(command: string, args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], signal });
    let words = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (chunk: string) => (words = (words + chunk).slice(-messageBytes)));
    child.once('error', (error) => {
      if (signal.aborted) reject(signal.reason);
      else reject(new RuntimeError('ImagePull', `cannot run ${command}: ${error.message}`, { cause: error }));
    });
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new RuntimeError('ImagePull', `import of the image failed: ${words.trim() || `exit code ${code}`}`));
    });
  });
}
