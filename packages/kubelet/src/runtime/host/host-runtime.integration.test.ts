import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openHostUnderTest } from '../testing/host-under-test.js';
import { describeRuntime } from '../testing/runtime-contract.js';

// Needs Linux with util-linux; root only for the users and control groups of host-pods.integration.test.ts.

describeRuntime('the host runtime', { logs: true }, async () => {
  const logDirectory = await mkdtemp(join(tmpdir(), 'geobuk-logs-'));
  const under = await openHostUnderTest();
  return {
    runtime: under.runtime,
    handler: 'host',
    logDirectory,
    program: (program) => ({ image: `npm:${program}`, imageRef: `npm:${program}@1.2.3`, command: [], args: [] }),
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await rm(logDirectory, { recursive: true, force: true });
    },
  };
});
