import { fork, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterConfig } from '@geobuk/client';
import { loadKubeconfig } from '@geobuk/client';

/** A control plane in a process of its own, as a user would start it. */
export interface RealControlPlane extends AsyncDisposable {
  readonly config: ClusterConfig;
}

const repository = fileURLToPath(new URL('../../../../../', import.meta.url));

/** Builds the program from the sources as they are, and starts it with an empty data directory. */
export async function startControlPlane(): Promise<RealControlPlane> {
  const built = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '--build', 'packages/cli/tsconfig.lib.json'],
    { cwd: repository, encoding: 'utf8' },
  );
  const dataDir = await mkdtemp(join(tmpdir(), 'geobuk-dashboard-'));
  const port = await freePort();
  const options = ['--data-dir', dataDir, '--port', String(port), '--bind', '127.0.0.1', '--log-level', 'warn'];
  const child = fork(join(repository, 'packages/cli/bin/geobuk.mjs'), ['control-plane', ...options], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
  // Whether the types are right is for the type check to say; here it matters whether the program runs.
  let said = built.stdout;
  const keep = (chunk: Buffer): void => void (said = `${said}${chunk.toString()}`.slice(-10_000));
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the control plane ended with ${code}:\n${said}`)));
    });
    return { config: await loadKubeconfig({ paths: [join(dataDir, 'kubeconfig')] }), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
