import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/** A line may be one request or one piece of a stream; a longer one is no peer of ours. */
const lineBytes = 4 << 20;

/** Calls back with each line's value. A peer that breaks the protocol is cut off. */
export function readJsonLines(socket: Socket, received: (value: unknown) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  socket.on('data', (chunk) => {
    rest += decoder.write(chunk as Buffer);
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      let value: unknown;
      try {
        value = JSON.parse(line);
      } catch {
        socket.destroy(new Error('a line that is no JSON'));
        return;
      }
      received(value);
    }
    if (rest.length > lineBytes) socket.destroy(new Error('a line without end'));
  });
}

/** @returns whether the socket takes more at once. */
export const writeJsonLine = (socket: Socket, value: object): boolean =>
  socket.writable && socket.write(`${JSON.stringify(value)}\n`);
