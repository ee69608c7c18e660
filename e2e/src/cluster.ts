import type { ChildProcess, SpawnSyncReturns } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The command, as it is run by node. */
export const geobukScript = fileURLToPath(new URL('../../packages/cli/bin/geobuk.mjs', import.meta.url));

/** The image that tests run: busybox with its applets, built from the machine's own static binary. */
export const busyboxImage = 'example.test/busybox:1';

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ran = ({ status, stdout, stderr, error }: SpawnSyncReturns<string>): Ran => ({
  status: status ?? -1,
  stdout,
  stderr: error === undefined ? stderr : `${stderr}${error.message}`,
});

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

export interface UpOptions {
  readonly args?: readonly string[];
  readonly dataDir?: string;
  readonly port?: number;
}

/** One `geobuk up` in a directory of its own, driven from outside: kubectl, the geobuk command, signals. */
export class Cluster implements AsyncDisposable {
  readonly dataDir: string;
  readonly port: number;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(dataDir: string, port: number, args: readonly string[]) {
    this.dataDir = dataDir;
    this.port = port;
    this.#args = args;
  }

  /** Starts it and waits for its ready line. */
  static async up(options: UpOptions = {}): Promise<Cluster> {
    const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'geobuk-e2e-'));
    const cluster = new Cluster(dataDir, options.port ?? (await freePort()), options.args ?? []);
    await cluster.start();
    return cluster;
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig');
  }

  get output(): string {
    return this.#output;
  }

  /** @returns the seconds until the ready line. */
  async start(timeoutMs = 150_000): Promise<number> {
    const startedAt = performance.now();
    const args = [
      'up',
      '--no-tui',
      '--no-install',
      '--stop-pods',
      '--data-dir',
      this.dataDir,
      '--port',
      String(this.port),
      ...this.#args,
    ];
    const child = spawn(process.execPath, [geobukScript, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`not ready within ${timeoutMs} ms:\n${this.#output}\n${this.logs()}`)),
        timeoutMs,
      );
      const read = (chunk: Buffer): void => {
        this.#output += chunk.toString();
        if (!/^geobuk ready /m.test(this.#output)) return;
        clearTimeout(timer);
        resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', (code) => {
        clearTimeout(timer);
        reject(new Error(`geobuk up ended with ${code}:\n${this.#output}\n${this.logs()}`));
      });
    });
    return (performance.now() - startedAt) / 1000;
  }

  /** SIGTERM, and its containers with it. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    this.#process = undefined;
    this.#output = '';
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    return await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Pid of a part: the process whose command line has `geobuk.mjs <part> --data-dir <ours>`. */
  pidOf(part: 'control-plane' | 'kubelet'): number {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      let words: readonly string[];
      try {
        words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      } catch {
        continue; // ended meanwhile
      }
      if (words.includes(geobukScript) && words.includes(part) && words.includes(this.dataDir)) return Number(pid);
    }
    throw new Error(`no ${part} runs for ${this.dataDir}`);
  }

  kubectl(...args: readonly string[]): Ran {
    return ran(
      spawnSync('kubectl', ['--kubeconfig', this.kubeconfig, ...args], {
        encoding: 'utf8',
        timeout: 100_000,
        maxBuffer: 64 << 20,
      }),
    );
  }

  /** Like {@link kubectl} with one manifest, or several in a row, on standard input. */
  apply(manifest: object | readonly object[], ...args: readonly string[]): Ran {
    const documents = Array.isArray(manifest) ? (manifest as readonly object[]) : [manifest];
    const input = documents.map((each) => JSON.stringify(each)).join('\n');
    const all = ['--kubeconfig', this.kubeconfig, 'apply', '-f', '-', ...args];
    return ran(spawnSync('kubectl', all, { encoding: 'utf8', input, timeout: 60_000 }));
  }

  geobuk(...args: readonly string[]): Ran {
    return ran(
      spawnSync(process.execPath, [geobukScript, ...args, '--data-dir', this.dataDir], {
        encoding: 'utf8',
        timeout: 100_000,
      }),
    );
  }

  /** Like {@link geobuk} with more environment, while this process goes on: what is asked of may be served by it. */
  async geobukWith(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ran> {
    const child = spawn(process.execPath, [geobukScript, ...args, '--data-dir', this.dataDir], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      timeout: 100_000,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status: status ?? -1, stdout, stderr };
  }

  /** Like {@link geobuk}, for one of several nodes, which have data directories of their own. */
  geobukFor(dataDir: string, ...args: readonly string[]): Ran {
    return ran(
      spawnSync(process.execPath, [geobukScript, ...args, '--data-dir', dataDir], {
        encoding: 'utf8',
        timeout: 100_000,
      }),
    );
  }

  /** `kubectl get -o json`. */
  get<T = Record<string, unknown>>(...args: readonly string[]): T {
    const { status, stdout, stderr } = this.kubectl('get', ...args, '-o', 'json');
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  }

  /** The ends of the parts' logs, for a failure's message. */
  logs(): string {
    return ['control-plane.log', 'kubelet.log']
      .map((name) => join(this.dataDir, 'logs', name))
      .filter((path) => existsSync(path))
      .map((path) => `--- ${path}\n${readFileSync(path, 'utf8').split('\n').slice(-30).join('\n')}`)
      .join('\n');
  }
}

/** Runs the geobuk command for no cluster in particular. */
export const geobuk = (...args: readonly string[]): Ran =>
  ran(spawnSync(process.execPath, [geobukScript, ...args], { encoding: 'utf8', timeout: 60_000 }));

/** Asks again until `holds`, because what is waited for is outside and tells nobody. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  holds: (value: T) => boolean,
  timeoutMs = 60_000,
  everyMs = 250,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (performance.now() > end)
      throw new Error(`still not after ${timeoutMs} ms: ${JSON.stringify(value)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
