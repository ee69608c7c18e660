import type { KeyPress } from '../terminal/terminal.js';

/** One line of text being typed, with its cursor. Pure: every key gives the next state. */
export interface Line {
  readonly text: string;
  /** In UTF-16 units, always between characters. */
  readonly cursor: number;
}

export const emptyLine: Line = { text: '', cursor: 0 };

export const lineOf = (text: string): Line => ({ text, cursor: text.length });

const previous = ({ text, cursor }: Line): number => {
  if (cursor === 0) return 0;
  const low = text.charCodeAt(cursor - 1);
  return low >= 0xdc00 && low <= 0xdfff ? cursor - 2 : cursor - 1;
};

const next = ({ text, cursor }: Line): number => {
  if (cursor >= text.length) return text.length;
  const high = text.charCodeAt(cursor);
  return high >= 0xd800 && high <= 0xdbff ? cursor + 2 : cursor + 1;
};

const cut = ({ text }: Line, from: number, to: number): Line => ({
  text: text.slice(0, from) + text.slice(to),
  cursor: from,
});

/** The line after a key; undefined for keys that are not for editing. */
export function edit(line: Line, { name, text }: KeyPress): Line | undefined {
  const { text: before, cursor } = line;
  switch (name) {
    case 'backspace':
    case 'C-h':
      return cut(line, previous(line), cursor);
    case 'delete':
      return cut(line, cursor, next(line));
    case 'left':
      return { text: before, cursor: previous(line) };
    case 'right':
      return { text: before, cursor: next(line) };
    case 'home':
    case 'C-a':
      return { text: before, cursor: 0 };
    case 'end':
    case 'C-e':
      return lineOf(before);
    case 'C-u':
      return cut(line, 0, cursor);
    case 'C-k':
      return { text: before.slice(0, cursor), cursor };
    case 'C-w': {
      const from = before.slice(0, cursor).replace(/\S*\s*$/, '').length;
      return cut(line, from, cursor);
    }
    default:
      if (text === '') return undefined;
      return { text: before.slice(0, cursor) + text + before.slice(cursor), cursor: cursor + text.length };
  }
}
