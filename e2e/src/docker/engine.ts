import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../cluster.js';

/**
 * A Docker engine of the test's own, in a network namespace of its own: its bridges and what runs on them never meet this
 * machine's network. Client and testcontainers find it by `DOCKER_HOST`.
 */
export class DockerEngine implements AsyncDisposable {
  readonly environment: NodeJS.ProcessEnv;
  readonly #directory: string;
  readonly #namespace: string;
  readonly #daemon: ChildProcess;

  private constructor(directory: string, namespace: string, daemon: ChildProcess, host: string) {
    this.#directory = directory;
    this.#namespace = namespace;
    this.#daemon = daemon;
    this.environment = { ...process.env, DOCKER_HOST: host };
  }

  static async start(): Promise<DockerEngine> {
    const directory = mkdtempSync(join(tmpdir(), 'geobuk-e2e-docker-'));
    const namespace = `geobuk-e2e-${process.pid}`;
    must('ip', 'netns', 'add', namespace);
    must('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    const host = `unix://${join(directory, 'docker.sock')}`;
    // nsenter and not `ip netns exec`: the latter hides the cgroups behind a fresh /sys.
    const daemon = spawn(
      'nsenter',
      [
        `--net=/run/netns/${namespace}`,
        'dockerd',
        ...['--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec'), '--host', host],
        ...['--pidfile', join(directory, 'pid'), '--iptables=false'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    daemon.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    const engine = new DockerEngine(directory, namespace, daemon, host);
    await eventually(
      () => {
        if (daemon.exitCode !== null) throw new Error(`dockerd ended:\n${said}`);
        return engine.docker('info').status;
      },
      (status) => status === 0,
    );
    return engine;
  }

  docker(...args: readonly string[]): { readonly status: number; readonly stdout: string; readonly stderr: string } {
    const { status, stdout, stderr } = spawnSync('docker', args, {
      encoding: 'utf8',
      env: this.environment,
      timeout: 100_000,
      maxBuffer: 64 << 20,
    });
    return { status: status ?? -1, stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.docker('ps', '--all', '--quiet').stdout.split('\n').filter(Boolean);
    if (left.length > 0) this.docker('rm', '--force', '--volumes', ...left);
    const exited = new Promise((resolve) => this.#daemon.once('exit', resolve));
    this.#daemon.kill('SIGTERM');
    await exited;
    // It leaves the namespaces of its networks mounted.
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n').reverse()) {
      const place = line.split(' ')[1] ?? '';
      if (place.startsWith(this.#directory)) spawnSync('umount', ['-l', place]);
    }
    spawnSync('ip', ['netns', 'del', this.#namespace]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function must(command: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
