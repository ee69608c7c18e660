import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from './audit-log.js';
import type { AuditLogConfig } from './audit-log.js';

describe('the file of the audit log', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'geobuk-audit-log-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const open = (config: Partial<AuditLogConfig> = {}, lost: number[] = []) =>
    new AuditLog(
      {
        path: join(directory, 'a', 'audit.log'),
        maxAgeDays: 0,
        maxBackups: 0,
        maxSizeMiB: 1,
        compress: false,
        ...config,
      },
      { clock: systemClock, log: pino({ level: 'silent' }), onLost: (events) => lost.push(events) },
    );
  const names = () => readdirSync(join(directory, 'a')).sort();
  const event = JSON.stringify({ text: 'x'.repeat(700_000) });

  it('begins a new file when one is full and keeps as many old ones as it may', async () => {
    const log = open({ maxBackups: 2 });
    for (let i = 0; i < 5; i++) {
      log.write(event);
      await vi.waitFor(() => expect(readFileSync(join(directory, 'a', 'audit.log'), 'utf8')).toBe(`${event}\n`), {
        timeout: 10_000,
      });
      await new Promise((resolve) => setTimeout(resolve, 2)); // a time of its own in each name
    }
    await log[Symbol.asyncDispose]();
    expect(names().map((name) => name.replace(/\d{4}-.*\d{3}(?=\.log)/, 'T'))).toEqual([
      'audit-T.log',
      'audit-T.log',
      'audit.log',
    ]);
    expect(readFileSync(join(directory, 'a', 'audit.log'), 'utf8')).toBe(`${event}\n`);
  });

  it('gzips old files where that is wanted', async () => {
    const log = open({ compress: true });
    log.write(event);
    await vi.waitFor(() => expect(names()).toHaveLength(1));
    log.write(event);
    await log[Symbol.asyncDispose]();
    expect(names().filter((name) => name.endsWith('.log.gz'))).toHaveLength(1);
  });

  it('keeps events while the disk does not take them and writes them later', async () => {
    mkdirSync(join(directory, 'a', 'audit.log'), { recursive: true }); // a directory where the file should be
    const lost: number[] = [];
    const log = open({}, lost);
    log.write('{"first":1}');
    await new Promise((resolve) => setTimeout(resolve, 50));
    rmSync(join(directory, 'a', 'audit.log'), { recursive: true });
    log.write('{"second":2}');
    await vi.waitFor(
      () => expect(readFileSync(join(directory, 'a', 'audit.log'), 'utf8')).toBe('{"first":1}\n{"second":2}\n'),
      { timeout: 10_000 },
    );
    await log[Symbol.asyncDispose]();
    expect(lost).toEqual([]);
  });

  it('counts what it could not keep', async () => {
    mkdirSync(join(directory, 'a', 'audit.log'), { recursive: true });
    const lost: number[] = [];
    const log = open({}, lost);
    log.write('{"first":1}');
    await log[Symbol.asyncDispose]();
    log.write('{"late":1}');
    expect(lost).toEqual([1, 1]);
  });
});
