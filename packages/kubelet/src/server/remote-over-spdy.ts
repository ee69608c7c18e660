import { finished } from 'node:stream/promises';
import type { Duplex, Writable } from 'node:stream';
import type { Status } from '@geobuk/api';
import { TerminalSizes } from './remote-session.js';
import type { RemoteSession, WantedStreams } from './remote-session.js';
import { headerOfStream, serveSpdy } from './spdy-server.js';
import type { SpdyStream } from './spdy-server.js';

const streamsTimeoutMs = 30_000;
const flushTimeoutMs = 5000;

/**
 * Waits for the streams a client has to open for what it asked. Follows: remotecommand over SPDY, v4.
 * @throws {Error} they do not come.
 */
export function remoteOverSpdy(socket: Duplex, wanted: WantedStreams): Promise<RemoteSession> {
  const expected = new Set<string>(['error']);
  if (wanted.stdin) expected.add('stdin');
  if (wanted.stdout) expected.add('stdout');
  if (wanted.stderr && !wanted.tty) expected.add('stderr');
  if (wanted.tty) expected.add('resize');
  const gone = new AbortController();
  const found = new Map<string, SpdyStream>();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('timed out waiting for client to create streams'));
      socket.destroy();
    }, streamsTimeoutMs);
    serveSpdy(socket, {
      stream: (stream) => {
        found.set(headerOfStream(stream, 'streamtype'), stream);
        if (![...expected].every((type) => found.has(type))) return;
        clearTimeout(timer);
        resolve(sessionOf(found, wanted, socket, gone.signal));
      },
      closed: () => {
        clearTimeout(timer);
        gone.abort(new Error('the client closed the connection'));
        reject(new Error('the client closed the connection'));
      },
    });
  });
}

function sessionOf(
  found: ReadonlyMap<string, SpdyStream>,
  { tty }: WantedStreams,
  socket: Duplex,
  gone: AbortSignal,
): RemoteSession {
  const sizes = new TerminalSizes();
  found.get('resize')?.on('data', (chunk: Buffer) => sizes.push(chunk.toString()));
  found.get('resize')?.on('end', () => sizes.end());
  const stdout = found.get('stdout');
  const stderr = found.get('stderr');
  const streams = { stdin: found.get('stdin'), stdout, stderr, tty, resize: tty ? sizes : undefined };
  return {
    streams,
    gone,
    async finish(status: Partial<Status>) {
      sizes.end();
      for (const stream of [stdout, stderr]) await ended(stream);
      const errors = found.get('error') as SpdyStream;
      errors.end(JSON.stringify(status));
      await ended(errors);
      // The client closes when it has read everything; one that does not is hung up on.
      setTimeout(() => socket.destroy(), flushTimeoutMs).unref();
    },
  };
}

async function ended(stream: Writable | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await finished(stream, { readable: false }).catch(() => undefined);
}
