import type { Canvas } from '../screen/frame.js';
import type { PaintName } from '../screen/paint.js';
import { healthGlyph, healthPaint } from '../screen/paint.js';
import { pad } from '../screen/text-width.js';
import { formatAge } from './age.js';
import { layoutColumns } from './column-layout.js';
import type { Row } from './row.js';
import type { TableModel } from './table-model.js';

export interface TableLook {
  readonly now: number;
  readonly wide: boolean;
  /** Columns behind NAME scrolled out to the left. */
  readonly skip: number;
  /** Whether columns of measured usage have anything to show. */
  readonly metrics?: boolean | undefined;
  /** Column chosen for sorting by the arrow keys. */
  readonly selectedColumn?: number | undefined;
  /** Shown for a time that is not known; absent: `<none>`. */
  readonly noTime?: string | undefined;
  /** Shown where there are no rows. */
  readonly empty: string;
}

/** Columns in front of the first cell: mark, health, blank. */
const gutter = 3;

/** Draws the visible part of a table. Only rows on the screen are turned into text. */
export function drawTable(canvas: Canvas, model: TableModel, look: TableLook): { readonly hiddenColumns: number } {
  const { now, wide, skip } = look;
  const order = model.settle(now);
  model.setHeight(canvas.height - 1);
  const layout = layoutColumns(model.columns, model.widths(), canvas.width - gutter, {
    wide,
    skip,
    metrics: look.metrics ?? true,
  });
  for (const { index, x, width } of layout.columns) {
    const { title, align } = model.columns[index]!;
    const sorted = model.sort.column === index;
    const arrow = sorted ? (model.sort.descending ? '↓' : '↑') : '';
    canvas.text(
      gutter + x,
      0,
      pad(title + arrow, width, align),
      sorted ? 'sorted' : 'columnTitle',
      look.selectedColumn === index,
    );
  }
  if (order.length === 0) canvas.text(gutter, 2, look.empty, 'dim');
  const last = Math.min(order.length, model.offset + canvas.height - 1);
  for (let index = model.offset; index < last; index += 1) {
    const row = order[index]!;
    drawRow(canvas, index - model.offset + 1, row, model, layout.columns, look, index === model.cursorIndex);
  }
  return { hiddenColumns: layout.hidden };
}

function drawRow(
  canvas: Canvas,
  y: number,
  row: Row,
  model: TableModel,
  columns: readonly { readonly index: number; readonly x: number; readonly width: number }[],
  { now, noTime = '<none>' }: TableLook,
  underCursor: boolean,
): void {
  const freshness = model.freshness(row.id, now);
  const marked = model.isMarked(row.id);
  const paint = rowPaint(row, marked, freshness);
  if (underCursor) canvas.text(0, y, ' '.repeat(canvas.width), paint, true);
  const mark = marked ? '✓' : freshness === 'new' ? '+' : freshness === 'changed' ? 'Δ' : ' ';
  canvas.text(0, y, mark, paint, underCursor);
  canvas.text(1, y, healthGlyph(row.health), healthPaint(row.health), underCursor);
  for (const { index, x, width } of columns) {
    const { align, kind } = model.columns[index]!;
    const text = kind === 'time' ? ageOf(row.values[index], now, noTime) : (row.cells[index] ?? '');
    const cellPaint = row.cellPaints?.get(index);
    canvas.text(gutter + x, y, pad(text, width, align), underCursor ? paint : (cellPaint ?? paint), underCursor);
    // In the gap behind the cell: what it holds stays where it was.
    if (freshness === 'changed') canvas.text(gutter + x + width, y, model.delta(row, index), 'modified', underCursor);
  }
}

function rowPaint(row: Row, marked: boolean, freshness: 'new' | 'changed' | undefined): PaintName {
  if (marked) return 'marked';
  if (row.health === 'ok' && freshness !== undefined) return freshness === 'new' ? 'added' : 'modified';
  return healthPaint(row.health);
}

const ageOf = (at: number | undefined, now: number, otherwise: string): string =>
  at === undefined ? otherwise : formatAge(now - at);
