import { fieldsAt, isFields } from '../config/fields.js';
import type { Fields } from '../config/fields.js';
import { paints } from '../screen/paint.js';
import type { PaintName } from '../screen/paint.js';
import { parseColor } from './color-names.js';
import type { Color, Look, Theme } from './theme.js';
import { turtleShip } from './theme.js';

/** Which of k9s' colours stands for which of our paints: foreground, then background. */
const sources: readonly (readonly [PaintName, string, string?])[] = [
  ['text', 'body.fgColor', 'body.bgColor'],
  ['logo', 'body.logoColor'],
  ['prompt', 'prompt.fgColor', 'prompt.bgColor'],
  ['suggestion', 'prompt.suggestColor', 'prompt.bgColor'],
  ['label', 'info.fgColor'],
  ['value', 'info.sectionColor'],
  ['dialog', 'dialog.fgColor', 'dialog.bgColor'],
  ['button', 'dialog.buttonFgColor', 'dialog.buttonBgColor'],
  ['buttonFocus', 'dialog.buttonFocusFgColor', 'dialog.buttonFocusBgColor'],
  ['border', 'frame.border.fgColor'],
  ['hintText', 'frame.menu.fgColor'],
  ['hintKey', 'frame.menu.keyColor'],
  ['series2', 'frame.menu.numKeyColor'],
  ['crumb', 'frame.crumbs.fgColor', 'frame.crumbs.bgColor'],
  ['crumbActive', 'frame.crumbs.fgColor', 'frame.crumbs.activeColor'],
  ['title', 'frame.title.fgColor', 'frame.title.bgColor'],
  ['accent', 'frame.title.highlightColor'],
  ['ok', 'frame.status.newColor'],
  ['modified', 'frame.status.modifyColor'],
  ['added', 'frame.status.addColor'],
  ['error', 'frame.status.errorColor'],
  ['alert', 'frame.status.errorColor'],
  ['highlight', 'frame.status.highlightColor'],
  ['killing', 'frame.status.killColor'],
  ['done', 'frame.status.completedColor'],
  ['pending', 'frame.status.pendingColor'],
  ['columnTitle', 'views.table.header.fgColor', 'views.table.header.bgColor'],
  ['sorted', 'views.table.header.sorterColor', 'views.table.header.bgColor'],
  ['marked', 'views.table.markColor'],
  ['sea', 'views.xray.graphicColor'],
  ['key', 'views.yaml.keyColor'],
  ['dim', 'views.yaml.colonColor'],
  ['string', 'views.yaml.valueColor'],
  ['number', 'views.yaml.valueColor'],
  ['literal', 'views.yaml.valueColor'],
  ['diffAdd', 'views.logs.indicator.toggleOnColor'],
  ['series1', 'views.charts.defaultChartColors.0'],
  ['series4', 'views.charts.defaultDialColors.0'],
];

/** A colour at a dotted path; 'absent' where the skin says nothing. */
function colorAt(skin: Fields, path: string): Color | 'absent' {
  const names = path.split('.');
  const last = names.pop()!;
  const parent: unknown = names.reduce<unknown>((value, name) => (isFields(value) ? value[name] : undefined), skin);
  const value: unknown = Array.isArray(parent) ? parent[Number(last)] : isFields(parent) ? parent[last] : undefined;
  return typeof value === 'string' ? parseColor(value) : 'absent';
}

/**
 * A skin as k9s writes it, turned into our looks; what it does not say stays as it is.
 * @throws {TypeError} a colour that is none.
 */
export function parseSkin(document: unknown): Theme {
  const skin = fieldsAt(document, 'k9s');
  const changed = new Map<PaintName, Look>();
  for (const [paint, fgPath, bgPath] of sources) {
    const fg = colorAt(skin, fgPath);
    const bg = bgPath === undefined ? 'absent' : colorAt(skin, bgPath);
    const look = changed.get(paint) ?? turtleShip[paint];
    changed.set(paint, {
      ...look,
      ...(fg === 'absent' ? {} : { fg }),
      ...(bg === 'absent' ? {} : { bg }),
    });
  }
  return withBackground({ ...turtleShip, ...Object.fromEntries(changed) });
}

/** The background of the page lies under everything that has none of its own. */
export function withBackground(theme: Theme): Theme {
  const { fg, bg } = theme.text;
  if (bg === undefined) return theme;
  return mapLooks(theme, (look) => ({ ...look, fg: look.fg ?? fg, bg: look.bg ?? bg }));
}

/** Light becomes dark and dark light; hues stay. Follows: k9s --invert. */
export const invertTheme = (theme: Theme): Theme =>
  withBackground(
    mapLooks({ ...theme, text: { fg: theme.text.fg ?? '#e6edf3', bg: theme.text.bg ?? '#10161c' } }, (look) => ({
      ...look,
      fg: invertColor(look.fg),
      bg: invertColor(look.bg),
    })),
  );

const mapLooks = (theme: Theme, change: (look: Look) => Look): Theme =>
  Object.fromEntries(paints.map((name) => [name, change(theme[name])])) as Theme;

/** Turns the lightness of a colour round, in HSL. */
function invertColor(color: Color): Color {
  if (color === undefined) return undefined;
  const value = Number.parseInt(color.slice(1), 16);
  const rgb = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
  // Adding the same to all three keeps the hue; the sum of greatest and least is twice the lightness.
  const shift = 255 - Math.max(...rgb) - Math.min(...rgb);
  return `#${rgb.map((part) => (part + shift).toString(16).padStart(2, '0')).join('')}`;
}

/** For terminals with a white background. */
export const paper: Theme = mapLooks(turtleShip, (look) => ({
  ...look,
  fg: look.bg === undefined ? darker(invertColor(look.fg)) : look.fg,
}));

/** Inverted pastel is still pale on white: half of it is ink enough. */
function darker(color: Color): Color {
  if (color === undefined) return undefined;
  const value = Number.parseInt(color.slice(1), 16);
  const parts = [(value >> 16) & 255, (value >> 8) & 255, value & 255].map((part) => Math.round(part * 0.8));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
