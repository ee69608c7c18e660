import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HostRuntime } from '../host/host-runtime.js';
import { shimProcessFile } from '../host/shim-client.js';
import { isAlive, signalProcess } from '../process-identity.js';
import type { ProcessIdentity } from '../process-identity.js';
import { buildShim } from './build-shim.js';

/** What the packages of the tests run, by package name. */
export const hostPrograms = {
  sleep: 'process.on("SIGTERM", () => process.exit(143)); setInterval(() => {}, 1e6)',
  'exit-3': 'process.exit(3)',
  'ignore-term': 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)',
  print: 'setInterval(() => { console.log("to stdout"); console.error("to stderr") }, 500)',
  environment:
    'console.log(JSON.stringify({ ...process.env, uid: process.getuid(), gid: process.getgid(), groups: process.getgroups(), args: process.argv.slice(2) })); setInterval(() => {}, 1e6)',
  family:
    'const { spawn } = require("node:child_process"); for (const detached of [false, true]) { const child = spawn("sleep", ["1000"], { detached }); console.log("child " + child.pid) } setInterval(() => {}, 1e6)',
  greedy: 'const all = []; setInterval(() => all.push(Buffer.alloc(8 << 20, 1)), 5)',
  counter: 'let n = 0; setInterval(() => console.log("count " + ++n), 50)',
} as const;

export interface HostUnderTest extends AsyncDisposable {
  readonly directory: string;
  readonly runtime: HostRuntime;
  /** A second kubelet over the same shim. */
  again(): HostRuntime;
  shim(): ProcessIdentity;
}

/** A host runtime in a directory of its own, with packages to run. Disposing takes everything away again. */
export async function openHostUnderTest(): Promise<HostUnderTest> {
  const { signal } = new AbortController();
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-host-'));
  // Containers of other users read their packages here.
  chmodSync(directory, 0o755);
  for (const [name, source] of Object.entries(hostPrograms)) {
    const root = join(directory, 'project/node_modules', name);
    mkdirSync(root, { recursive: true });
    writeFileSync(join(root, 'package.json'), JSON.stringify({ name, version: '1.2.3', main: 'main.cjs' }));
    writeFileSync(join(root, 'main.cjs'), source);
  }
  const shimProgram = buildShim(join(directory, 'shim-program'));
  const open = (): HostRuntime =>
    new HostRuntime({
      directory: join(directory, 'host'),
      moduleRoots: [join(directory, 'project')],
      npmDirectory: join(directory, 'npm'),
      env: { GEOBUK_CLUSTER_ID: 'test' },
      shimProgram,
    });
  const runtime = open();
  const shim = (): ProcessIdentity =>
    JSON.parse(readFileSync(shimProcessFile(join(directory, 'host')), 'utf8')) as ProcessIdentity;
  await runtime.status({ signal });
  return {
    directory,
    runtime,
    again: open,
    shim,
    [Symbol.asyncDispose]: async () => {
      for (const pod of await runtime.observeAll({ signal })) {
        for (const { id } of pod.sandboxes) await runtime.removeSandbox(id, { signal });
      }
      const process = shim();
      runtime[Symbol.dispose]();
      signalProcess(process, 'SIGTERM');
      while (isAlive(process)) await sleep(10);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
