import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@geobuk/client';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { FakeRuntime } from '../runtime/testing/fake-runtime.js';
import { containerSpec, sandboxSpec } from '../runtime/testing/specs.js';
import { LogRotation } from './log-rotation.js';

const { signal } = new AbortController();

it('7.11.1 sets a large log aside, has the engine open a new one, and keeps so many only', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logs-'));
  await using _remove = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
  const runtime = new FakeRuntime();
  runtime.addImage('web:1', {}, true);
  const pod = sandboxSpec('u1', { logDirectory: directory });
  const sandbox = await runtime.runSandbox(pod, { signal });
  const id = await runtime.createContainer(sandbox, containerSpec('main', 'web:1', { logPath: '0.log' }), pod, {
    signal,
  });
  await runtime.startContainer(id, { signal });
  for (const old of ['0.log.20260101-000000', '0.log.20260102-000000']) await writeFile(join(directory, old), 'old');
  await writeFile(join(directory, '0.log'), 'x'.repeat(100));

  const rotation = new LogRotation({
    runtimes: [runtime],
    clock: systemClock,
    log: pino({ level: 'silent' }),
    maxBytes: 50,
    maxFiles: 3,
  });
  await rotation.rotate(runtime, signal);
  const names = (await readdir(directory)).sort();
  expect(names).toEqual(['0.log.20260102-000000.gz', expect.stringMatching(/^0\.log\.\d{8}-\d{6}$/)]);
  expect(await readFile(join(directory, names[1] as string), 'utf8')).toBe('x'.repeat(100));
  expect(runtime.history).toContain('reopen log main');
});
