import type { Paint } from '../screen/paint.js';
import { inverseBit, paints } from '../screen/paint.js';
import type { Look, Theme } from './theme.js';

/** What a terminal can show. `none` is NO_COLOR: bold, underline and inverse remain. */
export type ColorDepth = 'truecolor' | '256' | '16' | 'none';

interface ColorEnvironment {
  readonly NO_COLOR?: string | undefined;
  readonly COLORTERM?: string | undefined;
  readonly TERM?: string | undefined;
}

/** Follows: no-color.org (set and not empty), COLORTERM, and the `-256color` ending of terminal names. */
export function colorDepthOf({ NO_COLOR, COLORTERM = '', TERM = '' }: ColorEnvironment): ColorDepth {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return 'none';
  if (TERM === 'dumb') return 'none';
  if (/truecolor|24bit/i.test(COLORTERM)) return 'truecolor';
  if (/256color|kitty|alacritty|ghostty|tmux/i.test(TERM)) return '256';
  return '16';
}

type Rgb = readonly [number, number, number];

const rgbOf = (hex: string): Rgb => {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
};

const distance = (a: Rgb, b: Rgb): number => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;

const cubeSteps = [0, 95, 135, 175, 215, 255];

const nearestStep = (value: number): number =>
  cubeSteps.reduce(
    (best, step, index) => (Math.abs(step - value) < Math.abs(cubeSteps[best]! - value) ? index : best),
    0,
  );

/** The nearest of xterm's 240 fixed colours. */
function to256(rgb: Rgb): number {
  const [r, g, b] = rgb.map(nearestStep) as [number, number, number];
  const cube: Rgb = [cubeSteps[r]!, cubeSteps[g]!, cubeSteps[b]!];
  const grayIndex = Math.max(0, Math.min(23, Math.round(((rgb[0] + rgb[1] + rgb[2]) / 3 - 8) / 10)));
  const gray = 8 + grayIndex * 10;
  return distance(rgb, [gray, gray, gray]) < distance(rgb, cube) ? 232 + grayIndex : 16 + 36 * r + 6 * g + b;
}

const ansi16: readonly Rgb[] = [
  [0, 0, 0],
  [170, 0, 0],
  [0, 170, 0],
  [170, 120, 0],
  [0, 0, 170],
  [170, 0, 170],
  [0, 170, 170],
  [190, 190, 190],
  [95, 95, 95],
  [255, 85, 85],
  [85, 255, 85],
  [255, 255, 85],
  [85, 130, 255],
  [255, 85, 255],
  [85, 255, 255],
  [255, 255, 255],
];

const to16 = (rgb: Rgb): number =>
  ansi16.reduce((best, color, index) => (distance(rgb, color) < distance(rgb, ansi16[best]!) ? index : best), 0);

function colorCode(color: string, depth: ColorDepth, ground: 'fg' | 'bg'): string {
  const rgb = rgbOf(color);
  const base = ground === 'fg' ? 38 : 48;
  if (depth === 'truecolor') return `${base};2;${rgb.join(';')}`;
  if (depth === '256') return `${base};5;${to256(rgb)}`;
  const index = to16(rgb);
  const start = ground === 'fg' ? 30 : 40;
  return String(index < 8 ? start + index : start + 60 + index - 8);
}

function sgrOfLook(look: Look, depth: ColorDepth, inverse: boolean, ground: Look['bg']): string {
  const codes = ['0'];
  if (look.bold === true) codes.push('1');
  if (look.underline === true) codes.push('4');
  // Without colour, a look that lives by its background would be gone: inverse says it instead.
  const reversed =
    inverse || look.inverse === true || (depth === 'none' && look.bg !== undefined && look.bg !== ground);
  if (reversed) codes.push('7');
  if (depth !== 'none') {
    if (look.fg !== undefined) codes.push(colorCode(look.fg, depth, 'fg'));
    if (look.bg !== undefined) codes.push(colorCode(look.bg, depth, 'bg'));
  }
  return `\x1b[${codes.join(';')}m`;
}

/** Every paint of a theme as an SGR sequence, computed once. */
export function sgrTable(theme: Theme, depth: ColorDepth): (paint: Paint) => string {
  const plain = paints.map((name) => sgrOfLook(theme[name], depth, false, theme.text.bg));
  const inverse = paints.map((name) => sgrOfLook(theme[name], depth, true, theme.text.bg));
  return (paint) => (paint & inverseBit ? inverse : plain)[paint & 0xff] ?? '\x1b[0m';
}
