import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CachedObject } from './watch-cache.js';

const pieceBytes = 256 * 1024;
const comma = 0x2c;

/**
 * The JSON of `items`, joined by commas, without the list around it, in pieces of about 256 KiB. The event loop turns
 * between two pieces, so a long list holds up nobody; a reader that stops pulling (back-pressure) stops the copying.
 */
export async function* encodeItems(items: readonly CachedObject[]): AsyncGenerator<Buffer, void, void> {
  for (let start = 0; start < items.length;) {
    if (start > 0) await nextTurn();
    let bytes = 0;
    let end = start;
    while (end < items.length && (bytes === 0 || bytes < pieceBytes)) bytes += 1 + items[end++]!.jsonBytes;
    if (start === 0) bytes -= 1; // no comma before the first

    const piece = Buffer.allocUnsafe(bytes);
    let offset = 0;
    for (let i = start; i < end; i++) {
      const item = items[i]!;
      if (i > 0) piece[offset++] = comma;
      item.copyJson(piece, offset);
      offset += item.jsonBytes;
    }
    start = end;
    yield piece;
  }
}
