import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { randomInt } from 'node:crypto';
import { connect, isIPv6 } from 'node:net';

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** `1.2.3.4`, `1.2.3.4:5353`, `[::1]:53` or `::1`. */
export function parseServerAddress(text: string): ServerAddress {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] as string, port: Number(bracketed[2] ?? 53) };
  if (isIPv6(text)) return { host: text, port: 53 };
  const [host = '', port = '53'] = text.split(':');
  return { host, port: Number(port) };
}

interface Waiting {
  readonly question: Buffer;
  readonly settle: (result: Buffer | Error) => void;
}

/** Each of another source port, so that an answer is hard to forge. */
const socketCount = 8;

/** One other DNS server. Asks by UDP, and by TCP what does not fit. */
export class Upstream {
  readonly address: ServerAddress;
  readonly #timeoutMs: number;
  readonly #sockets: Promise<Socket>[] = [];
  readonly #waiting = new Map<string, Waiting>();
  #next = 0;
  #closed = false;

  constructor(address: ServerAddress, timeoutMs: number) {
    this.address = address;
    this.#timeoutMs = timeoutMs;
  }

  /** @param packet a whole query; its id is replaced. @throws {Error} no answer in time. */
  async ask(packet: Buffer, questionEnd: number): Promise<Buffer> {
    const answer = await this.#askByUdp(packet, questionEnd);
    const isTruncated = ((answer[2] as number) & 0x02) !== 0;
    return isTruncated ? this.#askByTcp(packet, questionEnd) : answer;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const socket of this.#sockets) (await socket.catch(() => undefined))?.close();
    for (const { settle } of this.#waiting.values()) settle(new Error('closed'));
  }

  async #askByUdp(packet: Buffer, questionEnd: number): Promise<Buffer> {
    const index = this.#next++ % socketCount;
    const socket = await (this.#sockets[index] ??= this.#open(index));
    return new Promise((resolve, reject) => {
      let id = randomInt(65_536);
      while (this.#waiting.has(`${index} ${id}`)) id = (id + 1) % 65_536;
      const key = `${index} ${id}`;
      const timer = setTimeout(() => settle(new Error('no answer in time')), this.#timeoutMs);
      const settle = (result: Buffer | Error): void => {
        clearTimeout(timer);
        this.#waiting.delete(key);
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      this.#waiting.set(key, { question: packet.subarray(12, questionEnd), settle });
      const query = Buffer.from(packet);
      query.writeUInt16BE(id, 0);
      socket.send(query, (error) => {
        if (error !== null) settle(error);
      });
    });
  }

  /** Connected, so that the kernel drops what comes from elsewhere and tells when nobody listens. */
  #open(index: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createSocket(isIPv6(this.address.host) ? 'udp6' : 'udp4');
      socket.on('message', (message) => this.#receive(index, message));
      socket.on('error', (error) => {
        for (const [key, { settle }] of this.#waiting) if (key.startsWith(`${index} `)) settle(error);
      });
      socket.connect(this.address.port, this.address.host, (error?: Error) => {
        if (error === undefined || error === null) resolve(socket);
        else reject(error);
      });
      socket.unref();
    });
  }

  #receive(index: number, message: Buffer): void {
    if (message.length < 12 || this.#closed) return;
    const waiting = this.#waiting.get(`${index} ${message.readUInt16BE(0)}`);
    if (waiting === undefined) return;
    const { question, settle } = waiting;
    // An answer to another question is none.
    if (sameQuestion(message.subarray(12, 12 + question.length), question)) settle(message);
  }

  #askByTcp(packet: Buffer, questionEnd: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.address);
      const chunks: Buffer[] = [];
      let size = 0;
      socket.setTimeout(this.#timeoutMs, () => socket.destroy(new Error('no answer in time')));
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('closed without an answer')));
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        const all = Buffer.concat(chunks);
        if (size < 2 || size < all.readUInt16BE(0) + 2) return;
        socket.destroy();
        const message = all.subarray(2, all.readUInt16BE(0) + 2);
        if (sameQuestion(message.subarray(12, questionEnd), packet.subarray(12, questionEnd))) resolve(message);
        else reject(new Error('answered another question'));
      });
      const length = Buffer.alloc(2);
      length.writeUInt16BE(packet.length);
      socket.write(Buffer.concat([length, packet]));
    });
  }
}

const sameQuestion = (one: Buffer, other: Buffer): boolean =>
  one.equals(other) || one.toString('latin1').toLowerCase() === other.toString('latin1').toLowerCase();
