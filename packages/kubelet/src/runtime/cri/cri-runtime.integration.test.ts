import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxImage } from '../testing/busybox-image.js';
import { openContainerdUnderTest } from '../testing/containerd-under-test.js';
import { describeRuntime } from '../testing/runtime-contract.js';
import type { ContractProgram } from '../testing/runtime-contract.js';

// Needs root, containerd, runc and busybox-static.

const scripts: Readonly<Record<ContractProgram, string>> = {
  sleep: 'trap "exit 143" TERM; sleep 1000 & wait',
  'exit-3': 'exit 3',
  'ignore-term': 'trap "" TERM; while true; do sleep 1; done',
  print: 'while true; do echo to stdout; echo to stderr >&2; sleep 0.5; done',
};

describeRuntime('containerd through CRI', { logs: true }, async () => {
  const logDirectory = await mkdtemp(join(tmpdir(), 'geobuk-logs-'));
  const under = await openContainerdUnderTest();
  return {
    runtime: under.runtime,
    handler: '',
    logDirectory,
    program: (program) => ({
      image: busyboxImage,
      imageRef: busyboxImage,
      command: ['sh', '-c', scripts[program]],
      args: [],
    }),
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await rm(logDirectory, { recursive: true, force: true });
    },
  };
});
