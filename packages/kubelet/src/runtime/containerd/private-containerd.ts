import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openCriRuntime } from '../cri/cri-runtime.js';
import { importImage } from '../images/import-image.js';
import type { ContainerdClient } from '../images/import-image.js';
import { pauseImage, writePauseArchive } from '../pause/pause-image.js';
import { pauseArchitecture } from '../pause/pause-program.js';
import { isAlive, processIdentity, signalProcess } from '../process-identity.js';
import type { ProcessIdentity } from '../process-identity.js';
import { RuntimeError } from '../runtime.js';
import { socketBelow } from '../short-socket.js';
import type { RuntimeCallOptions } from '../runtime.js';
import { containerdConfig } from './containerd-config.js';
import { findCniBinDir, findContainerd, maySetOomScores, pickSnapshotter, usualSearchPath } from './containerd-host.js';
import type { ContainerdInstallation } from './containerd-host.js';

export interface PrivateContainerdConfig {
  /** Everything of this containerd is below; it survives restarts. */
  readonly directory: string;
  /** Directories with containerd, ctr, runc and the shim. Default: the usual ones. */
  readonly searchPath?: readonly string[] | undefined;
  /** Where pod networks are configured. Default: `cni` below the directory. */
  readonly cniConfDir?: string | undefined;
  /** Default: the first usual directory that has plugins. */
  readonly cniBinDir?: string | undefined;
  /** Default: the project's own pause image, imported when missing. */
  readonly sandboxImage?: string | undefined;
  /** Default false: pod cgroups are paths (cgroupfs), also where systemd runs. */
  readonly systemdCgroup?: boolean | undefined;
  /** Extra environment, for proxies on the way to registries. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface PrivateContainerdDeps {
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
}

/** It loads its records and shims before it listens; a full node on a slow disk takes a while. */
const startTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
/** Between two looks for the socket of a containerd that starts: it does not say when it listens. */
const readyCheckMs = 20;
/** A containerd that dies at once is started again no faster than this. */
const restartDelayMs = 1_000;
/** At a start, a log above this is set aside as `.old`. */
const logBytes = 8 << 20;

/**
 * A containerd of one's own, from the distribution's package: own root, state, socket, configuration and CNI. It runs
 * detached, and its containers under their shims: neither ends with the kubelet, and the next start adopts both.
 */
export class PrivateContainerd {
  readonly socket: string;
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  /** Holds a folder with a `hosts.toml` for each registry that is not reached by its name; read at each pull. */
  readonly registryConfigDir: string;
  /** For `importImage`. */
  readonly client: ContainerdClient;
  readonly #start: () => Promise<ProcessIdentity>;
  readonly #deps: PrivateContainerdDeps;
  #process: ProcessIdentity;

  private constructor(
    parts: {
      readonly client: ContainerdClient;
      readonly cniConfDir: string;
      readonly cniBinDir: string;
      readonly registryConfigDir: string;
      readonly process: ProcessIdentity;
      readonly start: () => Promise<ProcessIdentity>;
    },
    deps: PrivateContainerdDeps,
  ) {
    this.client = parts.client;
    this.socket = parts.client.socket;
    this.cniConfDir = parts.cniConfDir;
    this.cniBinDir = parts.cniBinDir;
    this.registryConfigDir = parts.registryConfigDir;
    this.#process = parts.process;
    this.#start = parts.start;
    this.#deps = deps;
  }

  /**
   * Adopts the containerd that runs there, else starts it, and waits until it answers.
   * @throws {RuntimeError} Unavailable: not installed, or it does not come up.
   */
  static async open(
    config: PrivateContainerdConfig,
    deps: PrivateContainerdDeps,
    { signal }: RuntimeCallOptions,
  ): Promise<PrivateContainerd> {
    const searchPath = config.searchPath ?? usualSearchPath;
    const installation = await findContainerd(searchPath);
    const { directory } = config;
    const root = join(directory, 'root');
    const socket = socketBelow(directory, 'containerd.sock');
    const cniConfDir = config.cniConfDir ?? join(directory, 'cni');
    const cniBinDir = config.cniBinDir ?? (await findCniBinDir());
    const registryConfigDir = join(directory, 'registries');
    for (const path of [root, cniConfDir, dirname(socket)]) await mkdir(path, { recursive: true, mode: 0o700 });

    const snapshotter = await pickSnapshotter(root);
    const text = containerdConfig({
      version: installation.version,
      root,
      state: join(directory, 'state'),
      socket,
      sandboxImage: config.sandboxImage ?? pauseImage,
      snapshotter,
      cniConfDir,
      cniBinDir,
      restrictOomScoreAdj: !(await maySetOomScores()),
      systemdCgroup: config.systemdCgroup ?? false,
      registryConfigDir,
    });
    const launch: Launch = { installation, directory, socket, searchPath, env: config.env ?? {} };
    const configChanged = await writeIfChanged(configFile(directory), text);

    let running = await adoptable(directory);
    if (running !== undefined && configChanged) {
      deps.log.info({ pid: running.pid }, 'containerd restarts for its new configuration');
      await terminate(running);
      running = undefined;
    }
    if (running !== undefined) deps.log.info({ pid: running.pid, socket }, 'containerd adopted');
    const start = async (): Promise<ProcessIdentity> => {
      const started = await startContainerd(launch);
      deps.log.info({ pid: started.pid, socket }, 'containerd started');
      return started;
    };
    const identity = running ?? (await start());
    await answering(launch, identity, signal);

    const { ctr, version } = installation;
    const client = { ctr, socket, snapshotter, version };
    const parts = { client, cniConfDir, cniBinDir, registryConfigDir, process: identity, start };
    const containerd = new PrivateContainerd(parts, deps);
    if (config.sandboxImage === undefined) await containerd.#importPause(directory, signal);
    return containerd;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Starts containerd again whenever it dies. On abort it leaves it running: its end is `stop`. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await deathOf(this.#process, this.socket, signal);
      if (signal.aborted) return;
      this.#deps.log.warn({ pid: this.#process.pid }, 'containerd died, starting it again');
      this.#process = await this.#start();
    }
  }

  /** Ends containerd. The containers go on under their shims. */
  async stop(): Promise<void> {
    await terminate(this.#process);
    await rm(this.socket, { force: true });
  }

  async #importPause(directory: string, signal: AbortSignal): Promise<void> {
    using runtime = await openCriRuntime({ socket: this.socket }, { signal });
    if ((await runtime.image(pauseImage, { signal })) !== undefined) return;
    const archive = await writePauseArchive(directory, pauseArchitecture(process.arch), { signal });
    await importImage(this.client, archive, { signal });
    await rm(archive);
  }
}

interface Launch {
  readonly installation: ContainerdInstallation;
  readonly directory: string;
  readonly socket: string;
  readonly searchPath: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const configFile = (directory: string): string => join(directory, 'config.toml');
const processFile = (directory: string): string => join(directory, 'containerd.pid.json');
const logFile = (directory: string): string => join(directory, 'containerd.log');

async function writeIfChanged(file: string, text: string): Promise<boolean> {
  const before = await readIfThere(file);
  if (before === text) return false;
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return before !== undefined;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function adoptable(directory: string): Promise<ProcessIdentity | undefined> {
  const text = await readIfThere(processFile(directory));
  if (text === undefined) return undefined;
  const { pid, startTime } = JSON.parse(text) as ProcessIdentity;
  return isAlive({ pid, startTime }) ? { pid, startTime } : undefined;
}

async function startContainerd(launch: Launch): Promise<ProcessIdentity> {
  const { directory, installation, searchPath, env } = launch;
  const file = logFile(directory);
  if (((await stat(file).catch(() => undefined))?.size ?? 0) > logBytes) await rename(file, `${file}.old`);
  const log = await open(file, 'a', 0o600);
  try {
    const child = spawn(installation.containerd, ['--config', configFile(directory)], {
      // Its own session, and no pipe to us: it outlives the kubelet.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      cwd: '/',
      env: { ...env, PATH: searchPath.join(':') },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : processIdentity(child.pid);
    if (identity === undefined) throw new RuntimeError('Unavailable', await lastWords(launch));
    await writeFile(processFile(directory), JSON.stringify(identity), { mode: 0o600 });
    return identity;
  } finally {
    await log.close();
  }
}

/** Waits until CRI answers. */
async function answering(launch: Launch, identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const giveUp = Date.now() + startTimeoutMs;
  for (;;) {
    signal.throwIfAborted();
    if (await listens(launch.socket)) {
      try {
        using _runtime = await openCriRuntime({ socket: launch.socket }, { signal });
        return;
      } catch (error) {
        // It listens before its CRI plugin is ready.
        if (!(error instanceof RuntimeError) || Date.now() > giveUp) throw error;
      }
    }
    if (!isAlive(identity)) throw new RuntimeError('Unavailable', await lastWords(launch));
    if (Date.now() > giveUp) throw new RuntimeError('Unavailable', `containerd does not answer at ${launch.socket}`);
    await sleep(readyCheckMs, undefined, { signal });
  }
}

const listens = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false));
    connection.once('connect', () => connection.destroy());
  });

async function lastWords({ directory }: Launch): Promise<string> {
  const words = (await readIfThere(logFile(directory)))?.trim().split('\n').at(-1) ?? '';
  return `containerd did not start: ${words.slice(-500)} (see ${logFile(directory)})`;
}

/**
 * Resolves when the process is dead or on abort. It may be another's child, whose exit nobody tells us; but the kernel
 * closes its connections, so an idle connection is the bell.
 */
async function deathOf(identity: ProcessIdentity, socket: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isAlive(identity)) {
    await new Promise<void>((resolve) => {
      const connection = connect(socket);
      const onAbort = (): void => void connection.destroy();
      signal.addEventListener('abort', onAbort, { once: true });
      // containerd itself hangs up on silent peers after two minutes: then the next round asks again.
      connection.once('close', () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      connection.on('error', () => undefined);
      connection.resume();
    });
    await sleep(restartDelayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** SIGTERM, and SIGKILL for one that does not listen. It may be another's child, so its end can only be looked for. */
async function terminate(identity: ProcessIdentity): Promise<void> {
  const giveUp = Date.now() + stopTimeoutMs;
  signalProcess(identity, 'SIGTERM');
  while (isAlive(identity)) {
    if (Date.now() > giveUp) signalProcess(identity, 'SIGKILL');
    await sleep(readyCheckMs);
  }
}
