import { PassThrough, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { WebSocket } from 'ws';
import type { Status } from '@geobuk/api';
import { TerminalSizes } from './remote-session.js';
import type { RemoteSession, WantedStreams } from './remote-session.js';

export const remoteProtocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const normalClosure = 1000;

/** Bytes of one channel, each message led by the channel's number. Slow readers slow the writer. */
export function channelWriter(socket: WebSocket, number: number): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (socket.readyState !== socket.OPEN) {
        done(new Error('the client closed the connection'));
        return;
      }
      socket.send(Buffer.concat([Buffer.from([number]), chunk]), { binary: true }, (error) => done(error ?? null));
    },
  });
}

/** Follows: v4.channel.k8s.io and v5.channel.k8s.io; in v5 a client can close its stdin. */
export function remoteOverWebsocket(socket: WebSocket, wanted: WantedStreams): RemoteSession {
  const gone = new AbortController();
  const stdin = new PassThrough({ highWaterMark: 1 << 20 });
  const sizes = new TerminalSizes();
  socket.on('message', (data) => {
    const message = data as Buffer;
    const [number] = message;
    const body = message.subarray(1);
    if (number === channel.stdin && body.length > 0 && !stdin.writableEnded) {
      if (!stdin.write(body)) {
        socket.pause();
        stdin.once('drain', () => socket.resume());
      }
    } else if (number === channel.resize) sizes.push(body.toString());
    else if (number === channel.close && body[0] === channel.stdin) stdin.end();
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    stdin.end();
    sizes.end();
    gone.abort(new Error('the client closed the connection'));
  });
  const stdout = wanted.stdout ? quiet(channelWriter(socket, channel.stdout)) : undefined;
  const stderr = wanted.stderr && !wanted.tty ? quiet(channelWriter(socket, channel.stderr)) : undefined;
  // The lowest channel says that the connection stands; clients wait for it.
  const first = stdout !== undefined ? channel.stdout : stderr !== undefined ? channel.stderr : channel.error;
  socket.send(Buffer.from([first]), { binary: true });
  return {
    streams: {
      stdin: wanted.stdin ? stdin : undefined,
      stdout,
      stderr,
      tty: wanted.tty,
      resize: wanted.tty ? sizes : undefined,
    },
    gone: gone.signal,
    async finish(status: Partial<Status>) {
      for (const stream of [stdout, stderr]) {
        stream?.end();
        if (stream !== undefined) await finished(stream).catch(() => undefined);
      }
      if (socket.readyState !== socket.OPEN) return;
      socket.send(Buffer.concat([Buffer.from([channel.error]), Buffer.from(JSON.stringify(status))]), { binary: true });
      socket.close(normalClosure);
    },
  };
}

/** A client that left is no error of the command. */
function quiet(stream: Writable): Writable {
  stream.on('error', () => undefined);
  return stream;
}
