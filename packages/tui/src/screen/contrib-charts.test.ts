import { describe, expect, it } from 'vitest';
import { ContribCharts, drawImage } from './contrib-charts.js';
import type { ChartImage } from './contrib-charts.js';
import { Frame } from './frame.js';
import { paintOf } from './paint.js';

function drawn(image: ChartImage, width: number, height: number): Frame {
  const frame = new Frame(width, height);
  drawImage(frame.canvas(), image);
  return frame;
}

describe('charts of neo-blessed-contrib', () => {
  it('take over neither signals nor errors of the process', () => {
    const counts = () => ['SIGTERM', 'SIGINT', 'uncaughtException'].map((name) => process.listenerCount(name));
    const before = counts();
    ContribCharts.load();
    expect(counts()).toEqual(before);
  });

  it('draw curves with axes and times, each in its own paint', () => {
    const values = Array.from({ length: 30 }, (_, index) => 50 + 40 * Math.sin(index / 4));
    const series = [
      { values, paint: 'series1' as const },
      { values: values.slice(15).map(() => 10), paint: 'series2' as const },
    ];
    const frame = drawn(ContribCharts.load().line(60, 12, series, 125, 60_000), 60, 12);
    const lines = frame.lines();
    expect(lines.map((line) => /^ *(\d+)/.exec(line)?.[1]).filter((label) => label !== undefined)).toEqual([
      '100',
      '75',
      '50',
      '25',
      '0',
    ]);
    expect(lines.at(-1)).toMatch(/-60s .*-44s .*-28s .*-12s/);
    const inks = new Set(Array.from({ length: 12 * 60 }, (_, at) => frame.paintAt(at % 60, Math.floor(at / 60))));
    expect(inks.has(paintOf('series1')) && inks.has(paintOf('series2'))).toBe(true);
  });

  it.each([
    [0, 0],
    [0.4, 0],
    [1, 0],
    [50, 20],
    [100, 40],
    [250, 40],
  ])('draw a bar for %d percent', (percent, least) => {
    const [line = ''] = drawn(ContribCharts.load().gauge(50, percent, 'series1'), 50, 1).lines();
    expect(line).toContain(`${Math.min(100, Math.round(percent))}%`);
    const blocks = [...line].filter((char) => char === '█').length;
    expect(blocks).toBeGreaterThanOrEqual(least);
    expect(blocks).toBeLessThanOrEqual(least + 8);
  });

  it('draw the newest value at the right of a row', () => {
    const [line = ''] = drawn(ContribCharts.load().sparkline(10, [1, 2, 3, 9], 'series4'), 10, 1).lines();
    expect(line).toMatch(/^ {6}▁.*█$/);
    expect(ContribCharts.load().sparkline(10, [], 'series4').rows).toEqual([]);
  });
});
