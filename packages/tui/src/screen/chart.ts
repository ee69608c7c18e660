import type { Canvas } from './frame.js';
import type { PaintName } from './paint.js';

const levels = ' ▁▂▃▄▅▆▇█';

/**
 * The course of a value over time, newest at the right, one column a sample. `top` is the value of a full column.
 * Undefined samples are gaps, not zeros.
 */
export function drawSparkline(
  canvas: Canvas,
  samples: readonly (number | undefined)[],
  top: number,
  paint: PaintName,
): void {
  const { width, height } = canvas;
  const shown = samples.slice(-width);
  shown.forEach((value, index) => {
    if (value === undefined) return;
    const x = width - shown.length + index;
    const filled = Math.max(0, Math.min(1, top <= 0 ? 0 : value / top)) * height * 8;
    for (let y = 0; y < height; y += 1) {
      const inRow = Math.round(Math.max(0, Math.min(8, filled - (height - 1 - y) * 8)));
      // The lowest row always shows something: a zero is a value too.
      const level = y === height - 1 ? Math.max(1, inRow) : inRow;
      if (level > 0) canvas.text(x, y, levels[level]!, paint);
    }
  });
}
