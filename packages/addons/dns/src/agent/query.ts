/** A question as it stands in a packet; nothing is copied but the key. */
export interface Query {
  readonly id: number;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  /** Lower case, without the last dot; '' is the root. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Offset of the first byte behind the question. */
  readonly questionEnd: number;
  /** Longest UDP answer that the client takes; undefined without EDNS. */
  readonly udpSize: number | undefined;
  readonly dnssecOk: boolean;
  /** EDNS version; 0 is the only one there is. */
  readonly ednsVersion: number;
}

export type ParsedQuery =
  | { readonly query: Query }
  /** Answered with this code alone; undefined: not even that (a response, or too short for an id). */
  | { readonly refuse: 'FORMERR' | 'NOTIMP' | undefined };

const headerSize = 12;
const lowerCase = Buffer.from(Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte)));
const scratch = Buffer.allocUnsafe(256);

/**
 * Reads a query's header, question and EDNS record. Runs for every packet of every client: allocates the name and one
 * object, reads nothing twice and believes nothing.
 * Follows: RFC 1035 section 4, RFC 6891 (EDNS).
 */
export function parseQuery(packet: Buffer): ParsedQuery {
  if (packet.length < headerSize) return { refuse: undefined };
  const flags = packet.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { refuse: undefined };
  if ((flags & 0x7800) !== 0) return { refuse: 'NOTIMP' };
  if (packet.readUInt16BE(4) !== 1) return { refuse: 'FORMERR' };
  let offset = headerSize;
  let length = 0;
  for (;;) {
    const size = packet[offset];
    if (size === undefined || size > 63) return { refuse: 'FORMERR' };
    offset += 1;
    if (size === 0) break;
    if (offset + size > packet.length || length + size + 1 > 254) return { refuse: 'FORMERR' };
    if (length > 0) scratch[length++] = 46;
    for (const end = offset + size; offset < end; offset += 1) {
      const byte = packet[offset] as number;
      // A dot within a label would make two names one; no name of ours has it.
      scratch[length++] = byte === 46 ? 0 : (lowerCase[byte] as number);
    }
  }
  if (offset + 4 > packet.length) return { refuse: 'FORMERR' };
  const name = scratch.toString('latin1', 0, length);
  const type = packet.readUInt16BE(offset);
  const questionClass = packet.readUInt16BE(offset + 2);
  const questionEnd = offset + 4;
  const edns = ednsOf(packet, questionEnd);
  if (edns === 'malformed') return { refuse: 'FORMERR' };
  return {
    query: {
      id: packet.readUInt16BE(0),
      recursionDesired: (flags & 0x0100) !== 0,
      checkingDisabled: (flags & 0x0010) !== 0,
      name,
      type,
      class: questionClass,
      questionEnd,
      udpSize: edns?.udpSize,
      dnssecOk: edns?.dnssecOk ?? false,
      ednsVersion: edns?.version ?? 0,
    },
  };
}

const optType = 41;

/** Queries carry nothing but an OPT record behind the question; its owner is the root, one zero byte. */
function ednsOf(packet: Buffer, start: number) {
  const others = packet.readUInt16BE(6) + packet.readUInt16BE(8);
  if (packet.readUInt16BE(10) === 0 || others > 0) return undefined;
  if (start + 11 > packet.length || packet[start] !== 0) return 'malformed';
  if (packet.readUInt16BE(start + 1) !== optType) return undefined;
  return {
    udpSize: packet.readUInt16BE(start + 3),
    version: packet[start + 6] as number,
    dnssecOk: ((packet[start + 7] as number) & 0x80) !== 0,
  };
}
