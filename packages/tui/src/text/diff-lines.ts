import type { StyledLine } from './styled-text.js';
import { plainLine } from './styled-text.js';

export type DiffLine = { readonly kind: 'same' | 'added' | 'removed'; readonly text: string };

/** Texts longer than this are compared in parts that cannot be compared well: all removed, all added. */
const mostLines = 4_000;

/** What turns one text into another, line by line: the longest common part stays. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let tail = 0;
  while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const same = (text: string): DiffLine => ({ kind: 'same', text });
  return [
    ...a.slice(0, start).map(same),
    ...middle(a.slice(start, a.length - tail), b.slice(start, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
}

function middle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text });
  const added = (text: string): DiffLine => ({ kind: 'added', text });
  if (a.length * b.length > mostLines * mostLines || a.length === 0 || b.length === 0) {
    return [...a.map(removed), ...b.map(added)];
  }
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push({ kind: 'same', text: a[i]! });
      i += 1;
      j += 1;
    } else if (j >= b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      lines.push(removed(a[i]!));
      i += 1;
    } else {
      lines.push(added(b[j]!));
      j += 1;
    }
  }
  return lines;
}

/** A diff as people read it: changed lines with `context` lines around them. */
export function diffText(lines: readonly DiffLine[], context = 2): readonly StyledLine[] {
  const near = new Set<number>();
  lines.forEach(({ kind }, index) => {
    if (kind === 'same') return;
    for (let at = index - context; at <= index + context; at += 1) near.add(at);
  });
  const out: StyledLine[] = [];
  let gap = false;
  lines.forEach(({ kind, text }, index) => {
    if (!near.has(index)) {
      gap = true;
      return;
    }
    if (gap && out.length > 0) out.push(plainLine('  ⋯', 'dim'));
    gap = false;
    if (kind === 'same') out.push(plainLine(`  ${text}`, 'dim'));
    else out.push(kind === 'added' ? plainLine(`+ ${text}`, 'diffAdd') : plainLine(`- ${text}`, 'diffRemove'));
  });
  return out;
}
