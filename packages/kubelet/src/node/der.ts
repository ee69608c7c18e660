import { isIPv4 } from 'node:net';

/** The part of ASN.1 that a certificate and a request for one are made of. Follows: X.690, DER. */
const encode = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
};

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => encode(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => encode(0x31, ...parts);
export const utf8String = (text: string): Buffer => encode(0x0c, Buffer.from(text));
export const octetString = (bytes: Uint8Array): Buffer => encode(0x04, bytes);
export const bitString = (bytes: Uint8Array): Buffer => encode(0x03, Buffer.from([0]), bytes);
/** Of a context, constructed: `[number]`. */
export const context = (number: number, ...parts: readonly Uint8Array[]): Buffer => encode(0xa0 | number, ...parts);

/** Never negative. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0);
  const short = first < 0 ? Buffer.from([0]) : Buffer.from(bytes.subarray(first));
  return encode(0x02, (short[0] ?? 0) < 0x80 ? short : Buffer.concat([Buffer.from([0]), short]));
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const groups = [number & 0x7f];
    for (let left = number >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return encode(0x06, Buffer.from(bytes));
}

/** UTCTime until 2049, as certificates have it. */
export const time = (at: Date): Buffer =>
  encode(0x17, Buffer.from(`${at.toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`));

/** Names that a certificate is good for beside its subject's. */
export const generalNames = (dnsNames: readonly string[], ipAddresses: readonly string[]): Buffer =>
  sequence(
    ...dnsNames.map((name) => encode(0x82, Buffer.from(name))),
    ...ipAddresses.map((address) => encode(0x87, addressBytes(address))),
  );

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // The parser of URLs writes each address in one way: lower case, no dots, zeros left out once.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const words = (text: string | undefined): readonly string[] =>
    text === undefined || text === '' ? [] : text.split(':');
  const zeros = Math.max(0, 8 - words(head).length - words(tail).length);
  const all = [...words(head), ...Array<string>(tail === undefined ? 0 : zeros).fill('0'), ...words(tail)];
  return Buffer.from(all.map((word) => word.padStart(4, '0')).join(''), 'hex');
}
