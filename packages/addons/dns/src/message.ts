import type { Answer, DecodedPacket, OptAnswer, Question } from 'dns-packet';
import { decode, encode } from 'dns-packet';

export const rcodes = { noerror: 0, formerr: 1, servfail: 2, nxdomain: 3, notimp: 4, refused: 5 } as const;
export type Rcode = keyof typeof rcodes;

const responseBit = 0x8000;
const authoritativeBit = 0x0400;
const truncatedBit = 0x0200;
const recursionDesiredBit = 0x0100;
const recursionAvailableBit = 0x0080;
const opcodeMask = 0x7800;

/** What a query says about the client that sent it. */
export interface Query {
  readonly packet: DecodedPacket;
  readonly question: Question;
  /** Largest UDP answer the client takes. */
  readonly udpPayloadSize: number;
  readonly edns: boolean;
  readonly dnssecOk: boolean;
}

/** Larger than this is cut on many paths. Follows: DNS flag day 2020 asks for 1232; 4096 is honoured when the client says so. */
const maxUdpPayload = 4096;
const classicUdpPayload = 512;

/** A query, or the code to refuse it with. Never throws: the bytes come from anybody. */
export function parseQuery(message: Buffer): Query | { readonly refuse: Rcode } | undefined {
  if (message.length < 12 || message.readUInt16BE(2) >= responseBit) return undefined; // no query: no answer
  if ((message.readUInt16BE(2) & opcodeMask) !== 0) return { refuse: 'notimp' };
  if (!hasLikelyCounts(message)) return { refuse: 'formerr' };
  let packet: DecodedPacket;
  try {
    packet = decode(message);
  } catch {
    return { refuse: 'formerr' };
  }
  const { questions = [], additionals = [] } = packet;
  const [question] = questions;
  if (question === undefined || questions.length !== 1) return { refuse: 'formerr' };
  const opt = additionals.find((record): record is OptAnswer => record.type === 'OPT');
  const size =
    opt === undefined ? classicUdpPayload : Math.min(maxUdpPayload, Math.max(classicUdpPayload, opt.udpPayloadSize));
  return { packet, question, udpPayloadSize: size, edns: opt !== undefined, dnssecOk: opt?.flag_do === true };
}

/** The decoder makes room for as many records as a header promises: nobody may have it make room for 65 535. */
function hasLikelyCounts(message: Buffer): boolean {
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => message.readUInt16BE(at));
  return questions === 1 && answers === 0 && (authorities ?? 0) <= 1 && (additionals ?? 0) <= 8;
}

export interface Reply {
  readonly rcode: Rcode | number;
  readonly authoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

/** A whole answer, cut to `limit` bytes with the TC bit set where it does not fit. */
export function encodeReply(query: Query, reply: Reply, limit: number): Buffer {
  const whole = encodeAnswers(query, reply, reply.answers, reply.additionals, false);
  if (whole.length <= limit) return whole;
  const withoutExtras = encodeAnswers(query, reply, reply.answers, [], false);
  if (withoutExtras.length <= limit) return withoutExtras;
  let low = 0;
  let high = reply.answers.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (encodeAnswers(query, reply, reply.answers.slice(0, middle), [], true).length <= limit) low = middle;
    else high = middle - 1;
  }
  return encodeAnswers(query, reply, reply.answers.slice(0, low), [], true);
}

function encodeAnswers(
  query: Query,
  reply: Reply,
  answers: readonly Answer[],
  additionals: readonly Answer[],
  truncated: boolean,
): Buffer {
  const code = typeof reply.rcode === 'number' ? reply.rcode : rcodes[reply.rcode];
  const flags =
    ((query.packet.flags ?? 0) & recursionDesiredBit) |
    recursionAvailableBit |
    (reply.authoritative ? authoritativeBit : 0) |
    (truncated ? truncatedBit : 0) |
    code;
  const opt: OptAnswer = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 1232,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: query.dnssecOk ? 0x8000 : 0,
    flag_do: query.dnssecOk,
    options: [],
  };
  return encode({
    type: 'response',
    id: query.packet.id ?? 0,
    flags,
    questions: [query.question],
    answers: [...answers],
    authorities: [...reply.authorities],
    additionals: query.edns ? [...additionals, opt] : [...additionals],
  });
}

/** The header of a query with a code, for what cannot be parsed further. */
export function bareRefusal(message: Buffer, code: Rcode): Buffer {
  const reply = Buffer.alloc(12);
  message.copy(reply, 0, 0, 2);
  const flags = message.readUInt16BE(2);
  reply.writeUInt16BE(responseBit | (flags & (opcodeMask | recursionDesiredBit)) | rcodes[code], 2);
  return reply;
}

export const rcodeOf = (packet: DecodedPacket): number => (packet.flags ?? 0) & 0x0f;
