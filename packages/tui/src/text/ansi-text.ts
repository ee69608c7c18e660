import type { PaintName } from '../screen/paint.js';
import type { Segment, StyledLine } from './styled-text.js';

const colors: Readonly<Record<string, PaintName>> = {
  '31': 'alert',
  '91': 'alert',
  '32': 'diffAdd',
  '92': 'diffAdd',
  '33': 'warn',
  '93': 'warn',
  '34': 'series1',
  '94': 'series1',
  '35': 'literal',
  '95': 'literal',
  '36': 'highlight',
  '96': 'highlight',
  '90': 'dim',
  '2': 'dim',
};

/** A log line with its colour sequences turned into paints; other control sequences are taken out. */
export function ansiSegments(text: string): StyledLine {
  if (!text.includes('\x1b')) return [{ text: text.replaceAll('\t', '    '), paint: levelPaint(text) }];
  const segments: Segment[] = [];
  let paint: PaintName = 'text';
  for (const part of text.split(/(\x1b\[[0-9;?]*[A-Za-z])/)) {
    const codes = /^\x1b\[([0-9;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) {
      for (const code of codes.split(';'))
        paint = code === '' || code === '0' || code === '39' ? 'text' : (colors[code] ?? paint);
    } else if (!part.startsWith('\x1b') && part !== '') segments.push({ text: part.replaceAll('\t', '    '), paint });
  }
  return segments;
}

/** Lines that say they are errors or warnings look like it. */
export function levelPaint(text: string): PaintName {
  const head = text.slice(0, 120);
  if (/\b(ERROR|FATAL|PANIC|CRITICAL)\b|\blevel="?(error|fatal)|^E\d{4} /i.test(head)) return 'alert';
  return /\bWARN(ING)?\b|\blevel="?warn|^W\d{4} /i.test(head) ? 'warn' : 'text';
}
