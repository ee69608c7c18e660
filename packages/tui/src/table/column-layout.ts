import type { ColumnShape } from './row.js';

export interface PlacedColumn {
  readonly index: number;
  readonly x: number;
  readonly width: number;
}

export interface ColumnLayout {
  readonly columns: readonly PlacedColumn[];
  /** Columns there was no room for. */
  readonly hidden: number;
}

/** A name or a status that is cut shorter than this tells nothing any more. */
const shortestName = 22;
const shortestText = 10;

/**
 * Finds places for columns: all at their natural width if they fit; else long texts give way, and then whole columns,
 * those of least use first. NAME always stays.
 */
export function layoutColumns(
  shapes: readonly ColumnShape[],
  natural: readonly number[],
  available: number,
  { wide, skip = 0, metrics = true }: { readonly wide: boolean; readonly skip?: number; readonly metrics?: boolean },
): ColumnLayout {
  const nameAt = Math.max(
    0,
    shapes.findIndex(({ title }) => title === 'NAME'),
  );
  const isShown = (shape: ColumnShape): boolean => (wide || shape.wide !== true) && (metrics || shape.metric !== true);
  let chosen = shapes.flatMap((shape, index) => (isShown(shape) ? [index] : []));
  // Scrolled to the side: columns behind NAME make room for those that were cut off.
  chosen = chosen.filter((index, place) => index <= nameAt || place > chosen.indexOf(nameAt) + skip);
  const total = chosen.length;
  for (;;) {
    const widths = fit(chosen, shapes, natural, available, nameAt);
    if (widths !== undefined || chosen.length <= 1) {
      return { columns: place(chosen, widths ?? [available], available), hidden: total - chosen.length };
    }
    const victim = chosen
      .filter((index) => index !== nameAt)
      .reduce((worst, index) => (dropOrder(shapes, index) >= dropOrder(shapes, worst) ? index : worst));
    chosen = chosen.filter((index) => index !== victim);
  }
}

const dropOrder = (shapes: readonly ColumnShape[], index: number): number =>
  shapes[index]!.drop ?? (shapes[index]!.wide === true ? 100 + index : index);

function fit(
  chosen: readonly number[],
  shapes: readonly ColumnShape[],
  natural: readonly number[],
  available: number,
  nameAt: number,
): readonly number[] | undefined {
  const widths = chosen.map((index) => natural[index] ?? 0);
  const isTelling = (index: number): boolean => index === nameAt || (shapes[index]!.drop ?? Infinity) <= 2;
  // When nothing else is left to give way, the telling columns do.
  const last = chosen.every(isTelling);
  const least = chosen.map((index, place) => {
    const tells = isTelling(index) && !last;
    const usual = index === nameAt || tells ? shortestName : Math.max(shortestText, shapes[index]!.title.length + 1);
    const floor = shapes[index]!.least ?? usual;
    return Math.min(widths[place]!, floor);
  });
  const sum = (): number => widths.reduce((total, width) => total + width, 0) + chosen.length - 1;
  for (let excess = sum() - available; excess > 0; excess = sum() - available) {
    let widest = -1;
    widths.forEach((width, place) => {
      const spare = width - least[place]!;
      if (spare > 0 && (widest < 0 || width > widths[widest]!)) widest = place;
    });
    if (widest < 0) return undefined;
    const others = Math.max(0, ...widths.filter((_, place) => place !== widest && widths[place]! > least[place]!));
    const down = Math.max(least[widest]!, Math.min(widths[widest]! - 1, Math.max(others, widths[widest]! - excess)));
    widths[widest] = down;
  }
  return widths;
}

/** Spare room becomes wider gaps, up to three columns. */
function place(chosen: readonly number[], widths: readonly number[], available: number): readonly PlacedColumn[] {
  const spare = available - widths.reduce((total, width) => total + width, 0);
  const gap = chosen.length < 2 ? 1 : Math.max(1, Math.min(3, Math.floor(spare / (chosen.length - 1))));
  let x = 0;
  return chosen.map((index, position) => {
    const placed = { index, x, width: widths[position]! };
    x += placed.width + gap;
    return placed;
  });
}
