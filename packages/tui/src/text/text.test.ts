import { describe, expect, it } from 'vitest';
import { ansiSegments } from './ansi-text.js';
import { diffLines, diffText } from './diff-lines.js';
import { jsonLogLine } from './json-log.js';
import { LogRing } from './log-ring.js';
import { highlight, plainLine, textOfLine, wrapLine } from './styled-text.js';
import { toYaml, yamlLines } from './yaml-text.js';

describe('diffLines', () => {
  it.each([
    ['a\nb\nc', 'a\nB\nc', ' a -b +B  c'],
    ['a\nb', 'a\nb', ' a  b'],
    ['', 'a', '- +a'],
    ['a\nb\nc\nd', 'a\nd', ' a -b -c  d'],
    ['a\nd', 'a\nb\nc\nd', ' a +b +c  d'],
  ])('%j to %j', (before, after, expected) => {
    const signs = { same: ' ', added: '+', removed: '-' };
    expect(
      diffLines(before, after)
        .map(({ kind, text }) => `${signs[kind]}${text}`)
        .join(' '),
    ).toBe(expected);
  });

  it('shows changes with the lines around them, and leaves the rest out', () => {
    const before = Array.from({ length: 20 }, (_, index) => `line ${index}`).join('\n');
    const after = before.replace('line 3', 'changed').replace('line 17', 'too');
    expect(diffText(diffLines(before, after), 1).map(textOfLine)).toEqual([
      '  line 2',
      '- line 3',
      '+ changed',
      '  line 4',
      '  ⋯',
      '  line 16',
      '- line 17',
      '+ too',
      '  line 18',
    ]);
  });
});

describe('LogRing', () => {
  it('holds the latest lines within its bytes and counts what had to go', () => {
    const ring = new LogRing(10_000);
    for (let index = 0; index < 1_000; index += 1) ring.add({ source: '', time: '', text: `line ${index}` });
    expect(ring.bytes).toBeLessThanOrEqual(10_000);
    expect(ring.length + ring.dropped).toBe(1_000);
    expect(ring.at(ring.length - 1)?.text).toBe('line 999');
    expect(ring.at(0)?.text).toBe(`line ${ring.dropped}`);
  });

  it('G5 stays within its bound however long it is fed', () => {
    const ring = new LogRing(1_000_000);
    for (let index = 0; index < 300_000; index += 1)
      ring.add({ source: 's', time: 't', text: `a log line of ordinary length, number ${index}` });
    expect(ring.bytes).toBeLessThanOrEqual(1_000_000);
    expect([...ring].length).toBe(ring.length);
  });

  it('keeps one line however long it is', () => {
    const ring = new LogRing(100);
    ring.add({ source: '', time: '', text: 'x'.repeat(1_000) });
    expect(ring.length).toBe(1);
  });
});

describe('log lines', () => {
  it('G21 shows structured logs as level, time and message', () => {
    const line = jsonLogLine('{"level":50,"time":1772362802000,"msg":"lost","port":8080}')!;
    expect(textOfLine(line)).toBe('error 2026-03-01T11:00:02.000Z lost port=8080');
    expect(line[0]?.paint).toBe('alert');
    expect(jsonLogLine('plain')).toBeUndefined();
    expect(jsonLogLine('{broken')).toBeUndefined();
  });

  it('understands seconds, nanoseconds and text as times', () => {
    expect(textOfLine(jsonLogLine('{"ts":1772362802,"msg":"a"}')!)).toContain('2026-03-01T11:00:02.000Z');
    expect(textOfLine(jsonLogLine('{"ts":1772362802000000000,"msg":"a"}')!)).toContain('2026-03-01T11:00:02.000Z');
    expect(textOfLine(jsonLogLine('{"ts":"now","msg":"a"}')!)).toContain('now');
  });

  it('turns colour sequences into paints and takes others out', () => {
    expect(ansiSegments('\x1b[31mred\x1b[0m plain\x1b[2K')).toEqual([
      { text: 'red', paint: 'alert' },
      { text: ' plain', paint: 'text' },
    ]);
  });

  it('tells errors and warnings from the rest', () => {
    expect(ansiSegments('2026 ERROR no')[0]?.paint).toBe('alert');
    expect(ansiSegments('W0301 low')[0]?.paint).toBe('warn');
    expect(ansiSegments('terror is fine')[0]?.paint).toBe('text');
  });
});

describe('styled text', () => {
  it('paints parts of a line without losing any of it', () => {
    const line = highlight(
      [
        { text: 'abc', paint: 'key' },
        { text: 'def', paint: 'string' },
      ],
      [{ from: 2, to: 4, paint: 'match' }],
    );
    expect(line).toEqual([
      { text: 'ab', paint: 'key' },
      { text: 'cd', paint: 'match' },
      { text: 'ef', paint: 'string' },
    ]);
  });

  it('wraps styled lines whole', () => {
    const rows = wrapLine(plainLine('거북선거북선'), 5);
    expect(rows.map(textOfLine).join('')).toBe('거북선거북선');
    expect(rows).toHaveLength(3);
  });

  it('tells keys, strings, numbers and literals of YAML apart', () => {
    const lines = yamlLines(toYaml({ name: 'web', replicas: 3, paused: true, list: ['a'] }));
    expect(lines.map(textOfLine)).toEqual(['name: web', 'replicas: 3', 'paused: true', 'list:', '  - a']);
    expect(lines[1]?.at(-1)?.paint).toBe('number');
    expect(lines[2]?.at(-1)?.paint).toBe('literal');
  });
});
