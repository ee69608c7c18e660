import type { Canvas } from '../screen/frame.js';
import { textWidth } from '../screen/text-width.js';
import type { StyledLine } from '../text/styled-text.js';
import { highlight, textOfLine, wrapLine } from '../text/styled-text.js';

interface Match {
  readonly line: number;
  readonly from: number;
  readonly to: number;
}

/** A row of a wrapped line, and where in the line it begins. */
interface WrappedRow {
  readonly line: number;
  readonly from: number;
  readonly row: StyledLine;
}

/** Matches beyond this are not counted: nobody steps through more. */
const mostMatches = 10_000;

/** A text to scroll and search in: what YAML, describe, help and logs have in common. */
export class TextView {
  #lines: readonly StyledLine[] = [];
  #rows: readonly WrappedRow[] | undefined;
  #rowsWidth = 0;
  #matches: readonly Match[] = [];
  #match = -1;
  #pattern: RegExp | undefined;
  wrapped = false;
  offset = 0;
  shift = 0;
  height = 1;

  get lines(): readonly StyledLine[] {
    return this.#lines;
  }

  setLines(lines: readonly StyledLine[]): void {
    this.#lines = lines;
    this.#rows = undefined;
    this.#search();
  }

  /** Looks for a pattern in all lines; undefined: no longer. */
  search(pattern: RegExp | undefined): void {
    this.#pattern = pattern;
    this.#search();
    const next = this.#matches.findIndex(({ line }) => line >= this.offset);
    this.#match = this.#matches.length === 0 ? -1 : Math.max(0, next);
    this.#showMatch();
  }

  get found(): { readonly index: number; readonly count: number } {
    return { index: this.#match + 1, count: this.#matches.length };
  }

  step(by: 1 | -1): void {
    if (this.#matches.length === 0) return;
    this.#match = (this.#match + by + this.#matches.length) % this.#matches.length;
    this.#showMatch();
  }

  scroll(by: number): void {
    this.offset = Math.max(0, Math.min(this.offset + by, this.lastOffset));
  }

  get lastOffset(): number {
    return Math.max(0, this.#rowCount - this.height);
  }

  get #rowCount(): number {
    return this.wrapped ? (this.#rows?.length ?? this.#lines.length) : this.#lines.length;
  }

  draw(canvas: Canvas): void {
    this.height = canvas.height;
    if (this.wrapped && (this.#rows === undefined || this.#rowsWidth !== canvas.width)) {
      this.#rowsWidth = canvas.width;
      this.#rows = this.#lines.flatMap((line, index) => rowsOf(line, index, canvas.width));
    }
    this.scroll(0);
    for (let y = 0; y < canvas.height; y += 1) {
      const row = this.#rowAt(this.offset + y);
      if (row === undefined) return;
      let x = -this.shift;
      for (const { text, paint } of row) {
        if (x < 0) {
          // Scrolled to the side: the canvas cuts what lies left of it.
          canvas.text(x, y, text, paint);
          x += textWidth(text);
        } else x = canvas.text(x, y, text, paint);
      }
    }
  }

  /** A row of the screen, with what was searched for pointed out. */
  #rowAt(index: number): StyledLine | undefined {
    const { line, from, row } = this.wrapped
      ? (this.#rows?.[index] ?? { line: -1, from: 0, row: undefined })
      : { line: index, from: 0, row: this.#lines[index] };
    if (row === undefined || this.#matches.length === 0) return row;
    const length = textOfLine(row).length;
    const ranges = this.#matches.flatMap((match, place) => {
      const range = { from: Math.max(0, match.from - from), to: Math.min(length, match.to - from) };
      if (match.line !== line || range.from >= range.to) return [];
      return [{ ...range, paint: place === this.#match ? ('matchActive' as const) : ('match' as const) }];
    });
    return highlight(row, ranges);
  }

  /** The line that was found last, else the first one seen. */
  get lineInFocus(): number {
    return this.#matches[this.#match]?.line ?? (this.wrapped ? (this.#rows?.[this.offset]?.line ?? 0) : this.offset);
  }

  #search(): void {
    const pattern = this.#pattern;
    if (pattern === undefined) {
      this.#matches = [];
      this.#match = -1;
      return;
    }
    const matches: Match[] = [];
    const global = new RegExp(pattern.source, 'gi');
    this.#lines.forEach((line, index) => {
      if (matches.length >= mostMatches) return;
      for (const found of textOfLine(line).matchAll(global)) {
        if (found[0] !== '') matches.push({ line: index, from: found.index, to: found.index + found[0].length });
      }
    });
    this.#matches = matches;
    this.#match = Math.min(this.#match, matches.length - 1);
  }

  #showMatch(): void {
    const match = this.#matches[this.#match];
    if (match === undefined) return;
    const row = this.wrapped ? (this.#rows?.findIndex(({ line }) => line === match.line) ?? match.line) : match.line;
    if (row < this.offset || row >= this.offset + this.height)
      this.offset = Math.max(0, row - Math.floor(this.height / 3));
    this.scroll(0);
  }
}

function rowsOf(line: StyledLine, index: number, width: number): readonly WrappedRow[] {
  let from = 0;
  return wrapLine(line, width).map((row) => {
    const wrapped = { line: index, from, row };
    from += textOfLine(row).length;
    return wrapped;
  });
}
