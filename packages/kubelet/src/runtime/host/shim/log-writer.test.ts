import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LogWriter, rfc3339Nano } from './log-writer.js';

it('writes whole lines, pieces of long ones, and the rest at the end', () => {
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-log-'));
  try {
    const file = join(directory, 'main/0.log');
    const log = new LogWriter(file);
    log.write('stdout', Buffer.from('one\ntw'));
    log.write('stderr', Buffer.from('between\n'));
    log.write('stdout', Buffer.from('o\n'));
    log.write('stdout', Buffer.from(`${'x'.repeat(20_000)}\nlast`));
    log.end();
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const parts = lines.map((line) => line.split(' ').slice(1));
    expect(parts.map(([stream, tag, text]) => [stream, tag, text?.length])).toEqual([
      ['stdout', 'F', 3],
      ['stderr', 'F', 7],
      ['stdout', 'F', 3],
      ['stdout', 'P', 16_384],
      ['stdout', 'F', 3_616],
      ['stdout', 'F', 4],
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

it('prints times with nanoseconds', () => {
  expect(rfc3339Nano(Date.UTC(2026, 0, 2, 3, 4, 5, 678), 901_234)).toBe('2026-01-02T03:04:05.678901234Z');
});
