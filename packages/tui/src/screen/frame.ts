import type { Paint, PaintName } from './paint.js';
import { inverseBit, paintOf } from './paint.js';
import { charWidth } from './text-width.js';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A grid of character cells: what the screen should show. A wide character owns two cells; the second holds ''. */
export class Frame {
  readonly width: number;
  readonly height: number;
  readonly chars: string[];
  readonly paints: Uint16Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.chars = new Array<string>(width * height).fill(' ');
    this.paints = new Uint16Array(width * height);
  }

  /** The whole frame to draw on. */
  canvas(): Canvas {
    return new Canvas(this, { x: 0, y: 0, width: this.width, height: this.height });
  }

  /** The text of each row without trailing blanks: what tests compare. */
  lines(): readonly string[] {
    return Array.from({ length: this.height }, (_, y) =>
      this.chars
        .slice(y * this.width, (y + 1) * this.width)
        .join('')
        .trimEnd(),
    );
  }

  /** The paint at a cell. */
  paintAt(x: number, y: number): Paint {
    return this.paints[y * this.width + x] ?? 0;
  }
}

/** A rectangle of a frame with its own origin. Whatever is drawn outside of it is cut off. */
export class Canvas {
  readonly #frame: Frame;
  readonly #rect: Rect;

  constructor(frame: Frame, rect: Rect) {
    this.#frame = frame;
    this.#rect = rect;
  }

  get width(): number {
    return this.#rect.width;
  }

  get height(): number {
    return this.#rect.height;
  }

  /** A part of this canvas, cut to its bounds. */
  region(x: number, y: number, width: number, height: number): Canvas {
    const left = Math.max(0, Math.min(x, this.width));
    const top = Math.max(0, Math.min(y, this.height));
    return new Canvas(this.#frame, {
      x: this.#rect.x + left,
      y: this.#rect.y + top,
      width: Math.max(0, Math.min(width, this.width - left)),
      height: Math.max(0, Math.min(height, this.height - top)),
    });
  }

  /** Writes a text on one row and returns the column after it. Control characters are left out. */
  text(x: number, y: number, text: string, paint: PaintName = 'text', inverse = false): number {
    if (y < 0 || y >= this.height) return x;
    const { chars, paints, width } = this.#frame;
    const value = paintOf(paint) | (inverse ? inverseBit : 0);
    const row = (this.#rect.y + y) * width + this.#rect.x;
    let column = x;
    for (const char of text) {
      const code = char.codePointAt(0)!;
      const columns = code >= 0x20 && code < 0x7f ? 1 : charWidth(code);
      if (columns === 0) {
        // A mark that joins the character before it stays with that cell.
        if (code >= 0x300 && column > 0 && column <= this.width) {
          const at = row + column - 1;
          const target = chars[at] === '' ? at - 1 : at;
          chars[target] = (chars[target] ?? '') + char;
        }
        continue;
      }
      if (column + columns > this.width) break;
      if (column >= 0) {
        const at = row + column;
        // Writing over half of a wide character leaves a blank, not the other half.
        if (chars[at] === '' && column > 0) chars[at - 1] = ' ';
        if (chars[at + columns] === '' && column + columns < this.width) chars[at + columns] = ' ';
        chars[at] = char;
        paints[at] = value;
        if (columns === 2) {
          chars[at + 1] = '';
          paints[at + 1] = value;
        }
      }
      column += columns;
    }
    return column;
  }

  fill(char = ' ', paint: PaintName = 'text', inverse = false): void {
    const row = char.repeat(this.width);
    for (let y = 0; y < this.height; y += 1) this.text(0, y, row, paint, inverse);
  }

  /** A frame along the edges with a title in its upper one. Returns the inside. */
  box(title: string, paint: PaintName = 'border', titlePaint: PaintName = 'title'): Canvas {
    const { width, height } = this;
    if (width < 2 || height < 2) return this.region(0, 0, 0, 0);
    this.text(0, 0, `┌${'─'.repeat(width - 2)}┐`, paint);
    for (let y = 1; y < height - 1; y += 1) {
      this.text(0, y, '│', paint);
      this.text(width - 1, y, '│', paint);
    }
    this.text(0, height - 1, `└${'─'.repeat(width - 2)}┘`, paint);
    if (title !== '') this.region(2, 0, width - 4, 1).text(0, 0, ` ${title} `, titlePaint);
    return this.region(1, 1, width - 2, height - 2);
  }
}
