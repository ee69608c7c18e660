import type { PaintName } from '../screen/paint.js';

/** A colour as `#rrggbb`, or undefined for the terminal's own. */
export type Color = `#${string}` | undefined;

export interface Look {
  readonly fg?: Color;
  readonly bg?: Color;
  readonly bold?: boolean | undefined;
  readonly underline?: boolean | undefined;
  readonly inverse?: boolean | undefined;
}

/** A skin: a look for each paint. */
export type Theme = Readonly<Record<PaintName, Look>>;

/** The colours of a sea and its ships; the terminal's own background shines through. */
export const turtleShip: Theme = {
  text: {},
  dim: { fg: '#7a8a99' },
  border: { fg: '#3f88a8' },
  title: { fg: '#7fd4e8', bold: true },
  accent: { fg: '#ff9e64', bold: true },
  label: { fg: '#e0af68' },
  value: { fg: '#e6edf3', bold: true },
  hintKey: { fg: '#5fb3ff', bold: true },
  hintText: { fg: '#9aa7b2' },
  columnTitle: { fg: '#e6edf3', bold: true },
  sorted: { fg: '#7fd4e8', bold: true, underline: true },
  ok: { fg: '#87cefa' },
  pending: { fg: '#ffb000' },
  error: { fg: '#ff6b4a', bold: true },
  done: { fg: '#708090' },
  killing: { fg: '#b18cff' },
  added: { fg: '#3fa7ff' },
  modified: { fg: '#b6e354' },
  marked: { fg: '#98fb98', bold: true },
  highlight: { fg: '#00e5ee', bold: true },
  crumb: { fg: '#10212b', bg: '#6fc3df' },
  crumbActive: { fg: '#10212b', bg: '#ff9e64', bold: true },
  info: { fg: '#ffdead' },
  warn: { fg: '#ffa500', bold: true },
  alert: { fg: '#ff6b4a', bold: true },
  match: { fg: '#10212b', bg: '#e0af68' },
  matchActive: { fg: '#10212b', bg: '#ff9e64', bold: true },
  dialog: { fg: '#e6edf3' },
  button: { fg: '#9aa7b2' },
  buttonFocus: { fg: '#10212b', bg: '#6fc3df', bold: true },
  prompt: { fg: '#e6edf3', bold: true },
  suggestion: { fg: '#7a8a99' },
  logo: { fg: '#8fbf6a', bold: true },
  key: { fg: '#6fc3df' },
  string: { fg: '#d7c9a7' },
  number: { fg: '#ff9e64' },
  literal: { fg: '#c792ea' },
  comment: { fg: '#7a8a99' },
  diffAdd: { fg: '#7ee787' },
  diffRemove: { fg: '#ff7b72' },
  badge: { fg: '#10212b', bg: '#8fbf6a', bold: true },
  danger: { fg: '#ffffff', bg: '#b3261e', bold: true },
  series1: { fg: '#5fb3ff' },
  series2: { fg: '#ff9e64' },
  series3: { fg: '#8fbf6a' },
  series4: { fg: '#c792ea' },
  sea: { fg: '#2f6f8f' },
};

/** For bright rooms and projectors: nothing is told by a faint colour. */
const highContrast: Theme = {
  ...turtleShip,
  dim: { fg: '#c0c0c0' },
  border: { fg: '#ffffff' },
  hintText: { fg: '#ffffff' },
  ok: { fg: '#ffffff' },
  pending: { fg: '#ffff00', bold: true },
  error: { fg: '#ff5555', bold: true },
  done: { fg: '#a8a8a8' },
  killing: { fg: '#ff87ff' },
  suggestion: { fg: '#c0c0c0' },
  comment: { fg: '#c0c0c0' },
};

/** Blue against orange, which those who confuse red and green tell apart. */
const blueOrange: Theme = {
  ...turtleShip,
  ok: { fg: '#56b4e9' },
  pending: { fg: '#f0e442' },
  error: { fg: '#d55e00', bold: true },
  alert: { fg: '#d55e00', bold: true },
  killing: { fg: '#cc79a7' },
  added: { fg: '#0072b2', bold: true },
  modified: { fg: '#e69f00' },
  diffAdd: { fg: '#56b4e9' },
  diffRemove: { fg: '#e69f00' },
  logo: { fg: '#56b4e9', bold: true },
  series1: { fg: '#56b4e9' },
  series2: { fg: '#e69f00' },
  series3: { fg: '#f0e442' },
  series4: { fg: '#cc79a7' },
};

/** Skins that need no file. */
export const builtInSkins: Readonly<Record<string, Theme>> = {
  'turtle-ship': turtleShip,
  'high-contrast': highContrast,
  'blue-orange': blueOrange,
};
