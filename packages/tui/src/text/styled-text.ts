import type { PaintName } from '../screen/paint.js';
import { wrap } from '../screen/text-width.js';

export interface Segment {
  readonly text: string;
  readonly paint: PaintName;
}

/** One line of a text page: pieces of text, each with what it means. */
export type StyledLine = readonly Segment[];

export const plainLine = (text: string, paint: PaintName = 'text'): StyledLine => [{ text, paint }];

export const textOfLine = (line: StyledLine): string => line.map(({ text }) => text).join('');

/** Cuts a styled line into rows of at most `width` columns. */
export function wrapLine(line: StyledLine, width: number): readonly StyledLine[] {
  const rows = wrap(textOfLine(line), width);
  if (rows.length === 1) return [line];
  let from = 0;
  return rows.map((row) => {
    const piece = sliceLine(line, from, from + row.length);
    from += row.length;
    return piece;
  });
}

/** The part of a styled line between two positions of its text. */
export function sliceLine(line: StyledLine, from: number, to: number): StyledLine {
  const piece: Segment[] = [];
  let at = 0;
  for (const { text, paint } of line) {
    const start = Math.max(from, at);
    const end = Math.min(to, at + text.length);
    if (start < end) piece.push({ text: text.slice(start - at, end - at), paint });
    at += text.length;
  }
  return piece;
}

/** Paints parts of a line: where a search found something. */
export function highlight(
  line: StyledLine,
  ranges: readonly { readonly from: number; readonly to: number; readonly paint: PaintName }[],
): StyledLine {
  if (ranges.length === 0) return line;
  const out: Segment[] = [];
  let at = 0;
  for (const { from, to, paint } of ranges) {
    out.push(...sliceLine(line, at, from), { text: textOfLine(sliceLine(line, from, to)), paint });
    at = to;
  }
  return [...out, ...sliceLine(line, at, Number.MAX_SAFE_INTEGER)];
}
