// Milliseconds, and milliseconds of processor time, from starting the built program to its first frame, with an API server nobody can reach.
// Run after a build: node scripts/first-frame.mjs [runs]
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node-pty';

const runs = Number(process.argv[2] ?? 5);
const directory = await mkdtemp(join(tmpdir(), 'first-frame-'));
const kubeconfig = join(directory, 'kubeconfig');
await writeFile(
  kubeconfig,
  JSON.stringify({
    'current-context': 'far',
    contexts: [{ name: 'far', context: { cluster: 'far', user: 'far' } }],
    clusters: [{ name: 'far', cluster: { server: 'https://192.0.2.1:6443' } }],
    users: [{ name: 'far', user: {} }],
  }),
);
const program = `
  import { runTui } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
  await runTui({ kubeconfig: ${JSON.stringify(kubeconfig)} });
`;

const firstFrame = () =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const pty = spawn(process.execPath, ['--input-type=module', '-e', program], { cols: 80, rows: 24 });
    pty.onData((data) => {
      if (data.includes('Context')) {
        const took = performance.now() - startedAt;
        // utime and stime, in hundredths of a second: what a busy machine does not change.
        const fields = readFileSync(`/proc/${pty.pid}/stat`, 'utf8').split(') ')[1].split(' ');
        resolve({ took, cpu: (Number(fields[11]) + Number(fields[12])) * 10 });
        pty.kill('SIGKILL');
      }
    });
  });

try {
  for (let run = 0; run < runs; run += 1) {
    const { took, cpu } = await firstFrame();
    console.log(`first frame: ${took.toFixed(0)} ms, of them ${cpu} ms of processor time`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
process.exit();
