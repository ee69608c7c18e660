/** Bytes that are not what they should be. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

export type WireType = 0 | 1 | 2 | 5;

/** Steps through one encoded message. Follows: the Protocol Buffers wire format. */
export class ProtoReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** @throws {ProtobufError} */
  tag(): { readonly field: number; readonly wire: WireType } {
    const tag = Number(this.varint());
    const wire = tag & 7;
    if (wire !== 0 && wire !== 1 && wire !== 2 && wire !== 5) throw new ProtobufError(`unknown wire type ${wire}`);
    return { field: Math.floor(tag / 8), wire };
  }

  /** @throws {ProtobufError} */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufError('the message ends inside a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtobufError('a number is too long');
  }

  /** @throws {ProtobufError} */
  bytes(): Buffer {
    return this.#take(Number(this.varint()));
  }

  double(): number {
    return this.#take(8).readDoubleLE();
  }

  float(): number {
    return this.#take(4).readFloatLE();
  }

  /** A field that nobody knows. */
  skip(wire: WireType): void {
    if (wire === 0) this.varint();
    else if (wire === 1) this.#take(8);
    else if (wire === 5) this.#take(4);
    else this.bytes();
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (!(end <= this.#bytes.length)) throw new ProtobufError('the message ends inside a field');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}
