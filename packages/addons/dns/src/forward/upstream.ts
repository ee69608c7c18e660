import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createConnection, isIPv6 } from 'node:net';

export interface UpstreamAddress {
  readonly address: string;
  readonly port: number;
}

/** A server did not answer in time, or answered something else than was asked. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
}

const truncatedBit = 0x02;

/**
 * Asks one server by UDP and, when its answer was cut, by TCP. Each question goes out with an id and from a port of its own, so
 * that nobody can guess an answer into our cache.
 * @param query a whole message; its id is replaced. @returns the answer with the query's own id.
 * @throws {UpstreamError}
 */
export async function askUpstream(
  server: UpstreamAddress,
  query: Buffer,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const id = randomInt(0x10000);
  const sent = Buffer.from(query);
  sent.writeUInt16BE(id, 0);
  const question = questionBytes(query);
  const accept = (answer: Buffer): boolean =>
    answer.length >= 12 &&
    answer.readUInt16BE(0) === id &&
    (answer[2] ?? 0) >= 0x80 &&
    sameQuestion(questionBytes(answer), question);
  let answer = await askUdp(server, sent, accept, timeoutMs, signal);
  if (((answer[2] ?? 0) & truncatedBit) !== 0) answer = await askTcp(server, sent, accept, timeoutMs, signal);
  const returned = Buffer.from(answer);
  query.copy(returned, 0, 0, 2);
  return returned;
}

/** Name, type and class of the first question, as they stand in the message. */
function questionBytes(message: Buffer): Buffer {
  let at = 12;
  while (at < message.length && message[at] !== 0) at += (message[at] ?? 0) + 1;
  return message.subarray(12, at + 5);
}

const sameQuestion = (a: Buffer, b: Buffer): boolean =>
  a.toString('latin1').toLowerCase() === b.toString('latin1').toLowerCase();

function askUdp(
  server: UpstreamAddress,
  query: Buffer,
  accept: (answer: Buffer) => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.close();
      settle();
    };
    const fail = (why: string): void => finish(() => reject(new UpstreamError(`${server.address}: ${why}`)));
    const abort = (): void => finish(() => reject(signal.reason as Error));
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => fail(error.message));
    socket.on('message', (answer) => {
      if (accept(answer)) finish(() => resolve(answer));
    });
    // Connected: the kernel drops answers from anybody else and reports a closed port at once.
    socket.connect(server.port, server.address, () => socket.send(query));
  });
}

function askTcp(
  server: UpstreamAddress,
  query: Buffer,
  accept: (answer: Buffer) => boolean,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: server.address, port: server.port });
    let received = Buffer.alloc(0);
    const finish = (settle: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    const fail = (why: string): void => finish(() => reject(new UpstreamError(`${server.address}: ${why}`)));
    const abort = (): void => finish(() => reject(signal.reason as Error));
    signal.addEventListener('abort', abort, { once: true });
    socket.setTimeout(timeoutMs, () => fail(`no answer over TCP within ${timeoutMs} ms`));
    socket.once('error', (error) => fail(error.message));
    socket.once('end', () => fail('the connection ended before the answer'));
    socket.once('connect', () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(query.length);
      socket.write(Buffer.concat([length, query]));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const answer = received.subarray(2, 2 + received.readUInt16BE(0));
      if (accept(answer)) finish(() => resolve(answer));
      else fail('an answer to something else');
    });
  });
}
