/**
 * What a cell means; the theme decides what that looks like. Screens speak in these words only, so that every skin,
 * 16 colours and NO_COLOR come for free.
 */
export const paints = [
  'text',
  'dim',
  'border',
  'title',
  'accent',
  'label',
  'value',
  'hintKey',
  'hintText',
  'columnTitle',
  'sorted',
  'ok',
  'pending',
  'error',
  'done',
  'killing',
  'added',
  'modified',
  'marked',
  'highlight',
  'crumb',
  'crumbActive',
  'info',
  'warn',
  'alert',
  'match',
  'matchActive',
  'dialog',
  'button',
  'buttonFocus',
  'prompt',
  'suggestion',
  'logo',
  'key',
  'string',
  'number',
  'literal',
  'comment',
  'diffAdd',
  'diffRemove',
  'badge',
  'danger',
  'series1',
  'series2',
  'series3',
  'series4',
  'sea',
] as const;

export type PaintName = (typeof paints)[number];

const indexes = new Map<string, number>(paints.map((name, index) => [name, index]));

/** Paint of a cell as a number: the index of its name, and {@link inverseBit} for the cursor. */
export type Paint = number;

/** The cell stands under the cursor: foreground and background change places. */
export const inverseBit = 0x100;

export const paintOf = (name: PaintName): Paint => indexes.get(name)!;

/** How an object is doing; the theme has a colour for each and {@link healthGlyph} a mark for who sees no colour. */
export type Health = 'ok' | 'pending' | 'error' | 'done' | 'killing' | 'unknown';

const glyphs: Readonly<Record<Health, string>> = {
  ok: '●',
  pending: '◐',
  error: '✖',
  done: '○',
  killing: '▼',
  unknown: '?',
};

export const healthGlyph = (health: Health): string => glyphs[health];

export const healthPaint = (health: Health): PaintName => (health === 'unknown' ? 'dim' : health);
