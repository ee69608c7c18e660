/** A line longer than this is no object of Kubernetes: etcd's own limit is a tenth of it. */
const lineLimitBytes = 16 << 20;
const newline = 0x0a;

/**
 * Splits a stream of bytes at newlines; gives lines without them, and a last one that has none.
 * @throws {RangeError} a line over the limit.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  limitBytes = lineLimitBytes,
): AsyncGenerator<Buffer, void, undefined> {
  // A long line comes in many chunks; they are put together once, when its end has come.
  let parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      yield parts.length === 0 ? asBuffer(tail) : Buffer.concat([...parts, tail]);
      parts = [];
      size = 0;
      start = end + 1;
    }
    if (start === chunk.length) continue;
    parts.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > limitBytes) throw new RangeError(`a line is longer than ${limitBytes} bytes`);
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
