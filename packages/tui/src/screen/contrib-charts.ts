import { createRequire } from 'node:module';
import { PassThrough, Writable } from 'node:stream';
import type { Canvas } from './frame.js';
import type { PaintName } from './paint.js';

/** A chart as cells, ready to be put on a canvas as often as it is seen. */
export interface ChartImage {
  readonly rows: readonly (readonly ChartCell[])[];
}

interface ChartCell {
  readonly char: string;
  readonly paint: PaintName;
}

export interface Series {
  readonly values: readonly number[];
  readonly paint: PaintName;
}

/** A widget of neo-blessed-contrib, as far as it is used here. */
interface Widget {
  setData(...data: readonly unknown[]): void;
  detach(): void;
}

interface BlessedScreen {
  append(widget: Widget): void;
  alloc(): void;
  render(): void;
  /** Cells: attributes (flags, foreground, background) and character. */
  readonly lines: readonly (readonly (readonly [number, string])[])[];
}

type Options = Readonly<Record<string, unknown>>;
type MakeWidget = (options: Options) => Widget;

interface Blessed {
  readonly Screen: { _bound: boolean };
  readonly screen: (options: Options) => BlessedScreen;
}

/** The colours contrib widgets are told, by their number on a terminal, and what they mean here. */
const inks = ['red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const;
const defaultColor = 0x1ff;

const screenWidth = 240;
const screenHeight = 60;

/**
 * Charts drawn by the widgets of neo-blessed-contrib: on a screen of neo-blessed that no terminal shows, whose cells are
 * then read. Loading them takes longer than the first frame may: only pages with charts do it.
 */
export class ContribCharts {
  readonly #screen: BlessedScreen;
  readonly #line: MakeWidget;
  readonly #gauge: MakeWidget;
  readonly #sparkline: MakeWidget;

  private constructor() {
    const load = createRequire(import.meta.url);
    const blessed = load('neo-blessed') as Blessed;
    this.#line = load('neo-blessed-contrib/lib/widget/charts/line') as MakeWidget;
    this.#gauge = load('neo-blessed-contrib/lib/widget/gauge') as MakeWidget;
    this.#sparkline = load('neo-blessed-contrib/lib/widget/sparkline') as MakeWidget;
    // A screen takes over signals and uncaught errors of the process, which are not its to take: it is told it has.
    blessed.Screen._bound = true;
    const input = Object.assign(new PassThrough(), { isTTY: true, isRaw: true, setRawMode: () => undefined });
    const output = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), {
      isTTY: true,
      columns: screenWidth,
      rows: screenHeight,
    });
    this.#screen = blessed.screen({ input, output, terminal: 'xterm', tput: false, warnings: false });
  }

  static #loaded: ContribCharts | undefined;

  /** Loads the widgets, once. */
  static load(): ContribCharts {
    ContribCharts.#loaded ??= new ContribCharts();
    return ContribCharts.#loaded;
  }

  /**
   * Curves over the same stretch of time, oldest value first, with axes. `top` is the value of the upper edge; `spanMs`
   * the time the longest curve covers.
   */
  line(width: number, height: number, series: readonly Series[], top: number, spanMs: number): ChartImage {
    const count = Math.max(0, ...series.map(({ values }) => values.length));
    if (count < 2 || width < 20 || height < 5) return { rows: [] };
    const labels = Array.from({ length: count }, (_, index) => `-${ago(((count - index) * spanMs) / count)}`);
    const widget = this.#line({
      width: width + 6,
      // contrib leaves three rows under its labels.
      height: height + 3,
      style: { line: 'cyan', text: 'white', baseline: 'black' },
      xLabelPadding: 3,
      xPadding: 5,
      numYLabels: 5,
      showNthLabel: Math.ceil(count / 4),
      wholeNumbersOnly: top >= 8,
      maxY: top,
    });
    const lines = series.map(({ values }, index) => ({
      title: '',
      x: labels,
      // A curve that begins later begins with its first value: contrib has no gaps.
      y: [...new Array<number>(count - values.length).fill(values[0] ?? 0), ...values],
      style: { line: inks[index] },
    }));
    const paints = new Map<number, PaintName>([
      [0, 'border'],
      [7, 'dim'],
      ...series.map(({ paint }, index): [number, PaintName] => [index + 1, paint]),
    ]);
    return this.#draw(widget, width, height, [lines], paints);
  }

  /** A bar of one row with its percentage on it. */
  gauge(width: number, percent: number, paint: PaintName): ChartImage {
    const bounded = Math.max(0, Math.min(100, percent));
    const widget = this.#gauge({ width, height: 5, stroke: 'red', fill: 'white' });
    const paints = new Map<number, PaintName>([
      [1, paint],
      [7, 'value'],
    ]);
    // Up to 1 contrib takes a number for a share of 1, not of 100.
    const { rows } = this.#draw(widget, width, 5, [bounded <= 1 ? bounded / 100 : bounded], paints);
    return { rows: rows.slice(3, 4) };
  }

  /** A curve of one row: the newest value at the right. */
  sparkline(width: number, values: readonly number[], paint: PaintName): ChartImage {
    if (values.length === 0 || width < 4) return { rows: [] };
    const widget = this.#sparkline({ width: width + 2, height: 6, tags: true, style: { fg: 'red', titleFg: 'white' } });
    const paints = new Map<number, PaintName>([[1, paint]]);
    const shown = values.slice(-width);
    const { rows } = this.#draw(widget, width, 3, [[''], [shown]], paints);
    const row = rows[2] ?? [];
    const blank: ChartCell = { char: ' ', paint: 'text' };
    return { rows: [[...new Array<ChartCell>(width - shown.length).fill(blank), ...row.slice(0, shown.length)]] };
  }

  #draw(
    widget: Widget,
    width: number,
    height: number,
    data: readonly unknown[],
    paints: ReadonlyMap<number, PaintName>,
  ): ChartImage {
    this.#screen.alloc();
    this.#screen.append(widget);
    widget.setData(...data);
    this.#screen.render();
    const rows = this.#screen.lines
      .slice(0, height)
      .map((line) => line.slice(0, width).map(([attributes, char]) => cellOf(attributes, char, paints)));
    widget.detach();
    return { rows };
  }
}

/** neo-blessed packs background and foreground into nine bits each. A filled blank becomes a block: it shows without colour too. */
function cellOf(attributes: number, char: string, paints: ReadonlyMap<number, PaintName>): ChartCell {
  const background = attributes & 0x1ff;
  const foreground = (attributes >> 9) & 0x1ff;
  if (char === ' ' && background !== defaultColor) return { char: '█', paint: paints.get(background) ?? 'text' };
  return { char, paint: paints.get(foreground) ?? 'text' };
}

function ago(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds}s` : `${Math.round(seconds / 60)}m`;
}

/** Puts a chart on a canvas, its upper left corner at the canvas' own. */
export function drawImage(canvas: Canvas, { rows }: ChartImage): void {
  rows.forEach((row, y) => row.forEach(({ char, paint }, x) => canvas.text(x, y, char, paint)));
}
