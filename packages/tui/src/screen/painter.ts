import type { Frame } from './frame.js';
import type { Paint } from './paint.js';
import { charWidth } from './text-width.js';

export interface PainterDeps {
  /** The SGR sequence that switches to a paint, complete in itself. */
  readonly sgr: (paint: Paint) => string;
  /** Blanks have a colour of their own, which not every terminal takes from clearing the screen. */
  readonly fillsBlanks?: boolean | undefined;
}

/** Cells left alone between two changed ones cost less to write again than to jump over. */
const bridgedGap = 4;

/**
 * Terminals disagree on the width of symbols and emoji. After such a character the cursor is placed anew, so that a
 * disagreement costs one glyph and never the rest of the row.
 */
function isDisputed(char: string): boolean {
  const code = char.codePointAt(0)!;
  if (code < 0x2190) return char.length > 1 && code > 0x300;
  return (code < 0x2500 || code > 0x28ff || (code >= 0x25a0 && code < 0x2800)) && !(code >= 0xac00 && code <= 0xd7a3);
}

/** Turns frames into terminal bytes: only cells that differ from what was painted last are written. */
export class Painter {
  readonly #deps: PainterDeps;
  #shown: Frame | undefined;

  constructor(deps: PainterDeps) {
    this.#deps = deps;
  }

  /** The terminal was cleared, resized or used by somebody else: the next frame is written in full. */
  forget(): void {
    this.#shown = undefined;
  }

  /** The bytes that turn the last painted frame into this one; '' when nothing changed. */
  paint(frame: Frame): string {
    const before = this.#shown;
    const { fillsBlanks } = this.#deps;
    const all = before === undefined || before.width !== frame.width || before.height !== frame.height;
    const out: string[] = [];
    if (all) out.push(this.#deps.sgr(0), '\x1b[2J');
    let pen: Paint = -1;
    for (let y = 0; y < frame.height; y += 1) {
      const row = y * frame.width;
      let x = 0;
      /** Column where the terminal's cursor stands; −1: elsewhere. */
      let cursor = -1;
      while (x < frame.width) {
        const at = row + x;
        if (all ? fillsBlanks !== true && isBlank(frame, at) : isSame(before, frame, at)) {
          x += 1;
          continue;
        }
        // Half a wide character cannot be written alone.
        if (frame.chars[at] === '' && x > 0) x -= 1;
        if (cursor >= 0 && x > cursor && x - cursor <= bridgedGap && frame.chars[row + cursor] !== '') x = cursor;
        if (x !== cursor) out.push(`\x1b[${y + 1};${x + 1}H`);
        const char = frame.chars[row + x]!;
        const paint = frame.paints[row + x]!;
        if (paint !== pen) {
          out.push(this.#deps.sgr(paint));
          pen = paint;
        }
        out.push(char);
        x += charWidth(char.codePointAt(0) ?? 0x20) === 2 ? 2 : 1;
        cursor = isDisputed(char) ? -1 : x;
        // A character in the last column leaves the cursor in a state terminals disagree on.
        if (x >= frame.width) cursor = -1;
      }
    }
    if (pen > 0) out.push(this.#deps.sgr(0));
    this.#shown = frame;
    return out.join('');
  }
}

const isSame = (before: Frame, now: Frame, at: number): boolean =>
  before.chars[at] === now.chars[at] && before.paints[at] === now.paints[at];

const isBlank = (frame: Frame, at: number): boolean => frame.chars[at] === ' ' && frame.paints[at] === 0;
