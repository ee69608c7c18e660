import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pauseArchitecture, pauseProgram } from './pause-program.js';

let directory: string;
let program: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'geobuk-pause-'));
  program = join(directory, 'pause');
  writeFileSync(program, pauseProgram(pauseArchitecture(process.arch)), { mode: 0o755 });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the pause program', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('waits, and leaves with 0 on %s', async (signal) => {
    const child = spawn(program, { stdio: 'ignore' });
    await once(child, 'spawn');
    const exit = once(child, 'exit');
    // A signal of no interest changes nothing, and the program waits until it is told to leave.
    child.kill('SIGCHLD');
    expect(await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, 100, 'waiting'))])).toBe('waiting');
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
  });

  it('is a static executable of a few hundred bytes', () => {
    for (const architecture of ['amd64', 'arm64'] as const) {
      const elf = pauseProgram(architecture);
      expect(elf.length).toBeLessThan(400);
      expect(elf.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
    }
  });

  it('has the arm64 instructions that the reference assembler makes', () => {
    // As `objdump -d` prints them.
    const code = Buffer.from(pauseProgram('arm64').subarray(120));
    expect(code.readUInt32LE(0)).toBe(0xd2800000); // mov x0, #0
    expect(code.readUInt32LE(8)).toBe(0xd2800002); // mov x2, #0
    expect(code.readUInt32LE(12)).toBe(0xd2800103); // mov x3, #8
    expect(code.readUInt32LE(16)).toBe(0xd28010e8); // mov x8, #135
    expect(code.readUInt32LE(20)).toBe(0xd4000001); // svc #0
    expect(code.readUInt32LE(48)).toBe(0xf100441f); // cmp x0, #17
  });
});
