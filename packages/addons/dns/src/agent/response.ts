import { createRequire } from 'node:module';
import type { Query } from './query.js';
import type { Answer, Rcode, RecordType, ResourceRecord } from './resource-record.js';
import { rcodes, typeNumbers } from './resource-record.js';

interface Codec {
  encode(data: unknown): Buffer;
}
// The published types leave these two out.
const codecs = createRequire(import.meta.url)('dns-packet') as {
  readonly record: (type: RecordType) => Codec;
  readonly name: { encode(name: string): Buffer };
};

/** All of a response that does not depend on who asks: what stands behind the question. */
export interface ResponseBody {
  readonly rcode: Rcode;
  readonly authoritative: boolean;
  readonly counts: readonly [answers: number, authority: number, additional: number];
  readonly bytes: Buffer;
  /** Size of each answer when they are all of one size, so that they can be rotated; otherwise 0. */
  readonly rotation: number;
}

/** A pointer to the question's name, which stands behind the header. */
const toQuestion = Buffer.from([0xc0, 0x0c]);

/** Encodes an answer once; it is then sent to many. */
export function responseBody(answer: Answer): ResponseBody {
  const { answers, authority, additional } = answer;
  const parts = [...answers, ...authority, ...additional].map(encodeRecord);
  const sizes = new Set(parts.slice(0, answers.length).map(({ length }) => length));
  const isUniform = answers.length > 1 && sizes.size === 1 && answers.every(({ type }) => type !== 'CNAME');
  return {
    rcode: answer.rcode,
    authoritative: true,
    counts: [answers.length, authority.length, additional.length],
    bytes: Buffer.concat(parts),
    rotation: isUniform ? (parts[0] as Buffer).length : 0,
  };
}

function encodeRecord({ owner, type, ttlSeconds, data }: ResourceRecord): Buffer {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt16BE(typeNumbers[type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttlSeconds, 4);
  return Buffer.concat([
    owner === undefined ? toQuestion : codecs.name.encode(owner),
    fixed,
    codecs.record(type).encode(data),
  ]);
}

/** Without EDNS a client takes this much. */
const plainUdpSize = 512;
/** We take this much, and send no more by UDP: larger packets get lost in pieces on the way. */
const ownUdpSize = 1232;
const optSize = 11;
const responseFlag = 0x8000;
const authoritativeFlag = 0x0400;
const truncatedFlag = 0x0200;
const recursionFlags = 0x0080;

/** What a client takes by this way. */
export const sizeLimit = (query: Query, transport: 'udp' | 'tcp'): number =>
  transport === 'tcp' ? 65_535 : Math.min(4_096, Math.max(plainUdpSize, query.udpSize ?? plainUdpSize));

/**
 * The packet for one client: its own id and question (in its own writing), then the body. Too large for its way, the
 * body is left out and TC says: ask again by TCP.
 */
export function respond(packet: Buffer, query: Query, body: ResponseBody, limit: number): Buffer {
  const hasEdns = query.udpSize !== undefined;
  const tail = hasEdns ? optSize : 0;
  const { questionEnd } = query;
  const fits = questionEnd + body.bytes.length + tail <= limit;
  const size = questionEnd + (fits ? body.bytes.length : 0) + tail;
  const response = Buffer.allocUnsafe(size);
  packet.copy(response, 0, 0, questionEnd);
  const flags =
    responseFlag |
    (body.authoritative ? authoritativeFlag : 0) |
    (fits ? 0 : truncatedFlag) |
    (query.recursionDesired ? 0x0100 : 0) |
    recursionFlags |
    rcodes[body.rcode];
  response.writeUInt16BE(flags, 2);
  const [answers, authority, additional] = fits ? body.counts : [0, 0, 0];
  response.writeUInt16BE(answers, 6);
  response.writeUInt16BE(authority, 8);
  response.writeUInt16BE(additional + (hasEdns ? 1 : 0), 10);
  if (fits) copyRotated(body, response, questionEnd);
  if (hasEdns) writeOpt(response, size - optSize, query.dnssecOk);
  return response;
}

/** Clients take the first address; all of them should get their turn. */
function copyRotated({ bytes, rotation, counts }: ResponseBody, target: Buffer, at: number): void {
  if (rotation === 0) {
    bytes.copy(target, at);
    return;
  }
  const all = rotation * counts[0];
  const start = Math.floor(Math.random() * counts[0]) * rotation;
  bytes.copy(target, at, start, all);
  bytes.copy(target, at + all - start, 0, start);
  bytes.copy(target, at + all, all);
}

function writeOpt(target: Buffer, at: number, dnssecOk: boolean): void {
  target[at] = 0;
  target.writeUInt16BE(41, at + 1);
  target.writeUInt16BE(ownUdpSize, at + 3);
  target.writeUInt32BE(dnssecOk ? 0x8000 : 0, at + 5);
  target.writeUInt16BE(0, at + 9);
}

const emptyBytes = Buffer.alloc(0);

/** An answer that is a code alone. */
export const codeAlone = (rcode: Rcode): ResponseBody => ({
  rcode,
  authoritative: false,
  counts: [0, 0, 0],
  bytes: emptyBytes,
  rotation: 0,
});

/** For a packet whose question cannot be read: its id and the code. */
export function refusal(packet: Buffer, rcode: Rcode): Buffer {
  const response = Buffer.alloc(12);
  packet.copy(response, 0, 0, 2);
  response.writeUInt16BE(responseFlag | (packet.readUInt16BE(2) & 0x7900) | rcodes[rcode], 2);
  return response;
}
