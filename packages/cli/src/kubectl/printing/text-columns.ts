/**
 * Lines of left-aligned columns.
 * Follows: kubectl's tab writer: three spaces between columns, none narrower than six with them, nothing behind the last.
 * Rows that come later line up with earlier ones when both are given the same `widths`.
 */
export function textColumns(rows: readonly (readonly string[])[], widths: number[] = []): string {
  for (const row of rows) {
    row.forEach((cell, index) => {
      widths[index] = Math.max(widths[index] ?? 6, cell.length + 3);
    });
  }
  return rows
    .map(
      (row) =>
        `${row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0))).join('')}\n`,
    )
    .join('');
}
