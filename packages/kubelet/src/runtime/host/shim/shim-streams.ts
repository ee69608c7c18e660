import { execFile } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { HostContainer } from './host-container.js';
import { writeJsonLine } from './json-lines.js';
import type { StreamLine } from './protocol.js';

/** Carries a command's streams over the connection until it ends; a kubelet that hangs up takes the command with it. */
export function streamExec(socket: Socket, child: ChildProcess): (line: StreamLine) => void {
  forward(socket, child.stdout, 'stdout');
  forward(socket, child.stderr, 'stderr');
  const send = (exit: number): void => {
    if (socket.writable) socket.end(`${JSON.stringify({ exit } satisfies StreamLine)}\n`);
  };
  child.once('error', () => send(127));
  child.once('close', (code, signal) => send(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  socket.once('close', () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) killGroup(child.pid);
  });
  child.stdin?.on('error', () => undefined);
  return ({ stdin, stdinEnd, resize }) => {
    if (stdin !== undefined && child.stdin?.write(Buffer.from(stdin, 'base64')) === false) {
      socket.pause();
      child.stdin.once('drain', () => socket.resume());
    }
    if (stdinEnd === true) child.stdin?.end();
    if (resize !== undefined && child.pid !== undefined) resizeTerminal(child.pid, resize);
  };
}

export function streamAttach(socket: Socket, container: HostContainer): (line: StreamLine) => void {
  const attached = container.attach((stream, chunk) => {
    writeJsonLine(socket, { [stream]: chunk.toString('base64') });
  });
  socket.once('close', () => attached.leave());
  void attached.ended.then(() => {
    if (socket.writable) socket.end(`${JSON.stringify({ exit: 0 } satisfies StreamLine)}\n`);
  });
  return ({ stdin, stdinEnd }) => {
    if (stdin !== undefined) attached.stdin?.write(Buffer.from(stdin, 'base64'));
    if (stdinEnd === true) attached.stdin?.end();
  };
}

function forward(socket: Socket, from: Readable | null, stream: 'stdout' | 'stderr'): void {
  from?.on('data', (chunk: Buffer) => {
    if (writeJsonLine(socket, { [stream]: chunk.toString('base64') })) return;
    from.pause();
    socket.once('drain', () => from.resume());
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Sets the size of the terminal that `script` made, through its child, which has it as stdin. */
function resizeTerminal(
  scriptPid: number,
  { width, height }: { readonly width: number; readonly height: number },
): void {
  try {
    const child = readFileSync(`/proc/${scriptPid}/task/${scriptPid}/children`, 'utf8').trim().split(' ')[0] ?? '';
    const terminal = readlinkSync(`/proc/${child}/fd/0`);
    if (!terminal.startsWith('/dev/pts/')) return;
    execFile('stty', ['-F', terminal, 'rows', String(height), 'cols', String(width)], () => undefined);
  } catch {
    // The command has ended meanwhile: nothing to size.
  }
}
