import { maxScore } from '../plugin.js';

/** Points 0–10 at a share in use, 0–100. */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

/**
 * Points 0–100 on the line through the given points, by how much of the whole is wanted. Before the first and after the last it is level.
 * Follows: BuildBrokenLinearFunction, RequestedToCapacityRatio.
 */
export function brokenLine(shape: readonly ShapePoint[]): (wanted: number, total: number) => number {
  const points = shape.map(({ utilization, score }) => ({ x: utilization, y: (score * maxScore) / 10 }));
  return (wanted, total) => {
    const x = total === 0 || wanted > total ? 100 : Math.floor((wanted * 100) / total);
    for (let i = 0; i < points.length; i += 1) {
      const right = points[i] as { x: number; y: number };
      if (x > right.x) continue;
      const left = points[i - 1];
      if (left === undefined) return right.y;
      return left.y + Math.trunc(((right.y - left.y) * (x - left.x)) / (right.x - left.x));
    }
    return points.at(-1)?.y ?? 0;
  };
}
