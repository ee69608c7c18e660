/**
 * Aligns text by tabs: cells of one column in lines that follow each other get one width.
 * Follows: Go's text/tabwriter with two spaces of padding, as kubectl describe uses it.
 */
export function elasticTabs(text: string, padding = 2): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  // The last cell of a line belongs to no column.
  const has = (line: number, column: number): boolean => (lines[line]?.length ?? 0) - 1 > column;
  const widths = lines.map(() => [] as number[]);
  lines.forEach((cells, line) => {
    for (let column = 0; column < cells.length - 1; column += 1) {
      if (has(line - 1, column)) continue;
      let end = line;
      let width = 0;
      for (; has(end, column); end += 1) width = Math.max(width, lines[end]?.[column]?.length ?? 0);
      for (let each = line; each < end; each += 1) (widths[each] as number[])[column] = width + padding;
    }
  });
  return lines
    .map((cells, line) =>
      cells
        .map((cell, column) => (column === cells.length - 1 ? cell : cell.padEnd(widths[line]?.[column] ?? 0)))
        .join(''),
    )
    .join('\n');
}
