/** Bytes that are not what protobuf allows. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

const maxVarintBytes = 10;
const low32 = 0x1_0000_0000;

/** Follows: Protocol Buffers encoding, of varints and length-delimited fields. */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType);
  }

  /** Negative ones take ten bytes, as int32 and int64 do. */
  varint(value: number): void {
    this.#reserve(maxVarintBytes);
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 0x7fn) {
        this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
        rest >>= 7n;
      }
      this.#buffer[this.#length++] = Number(rest);
      return;
    }
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
  }

  bytes(bytes: Buffer): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    bytes.copy(this.#buffer, this.#length);
    this.#length += bytes.length;
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

/** Every read is checked against the end: the bytes come from outside. */
export class WireReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get atEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  /** @throws {WireError} */
  tag(): { readonly number: number; readonly wireType: number } {
    const tag = this.varint(false);
    return { number: Math.floor(tag / 8), wireType: tag % 8 };
  }

  /** Exact up to 2^53; times in nanoseconds lose a quarter of a microsecond, more than anybody reads. @throws {WireError} */
  varint(signed: boolean): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < maxVarintBytes; index++) {
      const byte = this.#buffer[this.#at++];
      if (byte === undefined) throw new WireError('message ends inside a number');
      const bits = byte & 0x7f;
      // 28 bits fit the low half whole; the fifth byte is shared; the rest belongs to the high half.
      if (index < 4) low += bits * 2 ** (7 * index);
      else if (index === 4) {
        low += (bits & 0x0f) * 2 ** 28;
        high += bits >> 4;
      } else if (index < 9) high += bits * 2 ** (3 + 7 * (index - 5));
      else high += (bits & 1) * 2 ** 31;
      if (byte < 0x80) {
        const negative = signed && high >= low32 / 2;
        return negative ? (high - low32) * low32 + low : high * low32 + low;
      }
    }
    throw new WireError('number of more than 64 bits');
  }

  /** @throws {WireError} */
  bytes(): Buffer {
    const length = this.varint(false);
    const end = this.#at + length;
    if (end > this.#buffer.length) throw new WireError('message ends inside a field');
    const found = this.#buffer.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  /** A field that nobody asked for. @throws {WireError} */
  skip(wireType: number): void {
    const fixed: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
    if (wireType === 0) this.varint(false);
    else if (wireType === 2) this.bytes();
    else if (fixed[wireType] !== undefined) this.#at += fixed[wireType];
    else throw new WireError(`unknown wire type ${wireType}`);
    if (this.#at > this.#buffer.length) throw new WireError('message ends inside a field');
  }
}
