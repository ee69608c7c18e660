import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, processIdentity, signalProcess } from '../../process-identity.js';
import type { ProcessIdentity } from '../../process-identity.js';
import type { ContainerState, LinuxResources } from '../../runtime.js';
import { Cgroup } from '../../cgroup.js';
import { launchCommand, ttyCommand } from './launch.js';
import { LogWriter } from './log-writer.js';
import { makeMountView } from './mount-view.js';
import { OutputPipe } from './output-pipe.js';
import { killTree, sessionUsage } from './process-tree.js';
import type { ShimContainerSpec, ShimStats } from './protocol.js';
import { ShimError } from './shim-error.js';

/** Last lines of a dead container are in its pipes already; a stray process that holds one is not waited for. */
const drainMs = 1_000;
/** How often a process that another shim started is looked at: only a parent is told of an exit. */
const adoptedLookMs = 500;

/** What is on disk about a container, enough to go on after the death of the shim. */
interface ContainerRecord {
  readonly state: ContainerState;
  readonly spec: ShimContainerSpec;
  readonly cgroupParent: string;
  readonly process: ProcessIdentity | undefined;
}

/** One container of the host runtime: a process tree with log, limits and a record on disk. */
export class HostContainer {
  readonly spec: ShimContainerSpec;
  readonly #directory: string;
  readonly #cgroupParent: string;
  readonly #changed: () => void;
  readonly #listeners = new Set<(stream: 'stdout' | 'stderr', chunk: Buffer) => void>();
  /** First processes of execs, each the leader of a session. */
  readonly #commands = new Set<number>();
  #state: ContainerState;
  #process: ProcessIdentity | undefined;
  #child: ChildProcess | undefined;
  #cgroup: Cgroup | undefined;
  #log: LogWriter | undefined;
  #resources: LinuxResources;
  #ended: Promise<void> | undefined;
  #oomKilled = false;

  private constructor(directory: string, record: ContainerRecord, changed: () => void) {
    this.#directory = directory;
    this.spec = record.spec;
    this.#cgroupParent = record.cgroupParent;
    this.#state = record.state;
    this.#process = record.process;
    this.#resources = record.spec.resources;
    this.#changed = changed;
  }

  static create(
    directory: string,
    id: string,
    spec: ShimContainerSpec,
    cgroupParent: string,
    changed: () => void,
  ): HostContainer {
    const state: ContainerState = {
      id,
      sandboxId: spec.sandboxId,
      name: spec.name,
      attempt: spec.attempt,
      state: 'created',
      image: spec.image,
      imageId: spec.imageId,
      createdAt: Date.now(),
      startedAt: undefined,
      finishedAt: undefined,
      exitCode: undefined,
      reason: '',
      message: '',
      labels: spec.labels,
      annotations: spec.annotations,
      logPath: spec.logPath,
    };
    mkdirSync(directory, { recursive: true, mode: 0o755 });
    try {
      makeMountView(join(directory, 'root'), spec.mounts);
      const container = new HostContainer(directory, { state, spec, cgroupParent, process: undefined }, changed);
      container.#save();
      return container;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Takes over what an earlier shim left: a live process is watched again, a dead one has ended without a witness. */
  static adopt(directory: string, changed: () => void): HostContainer {
    const record = JSON.parse(readFileSync(join(directory, 'container.json'), 'utf8')) as ContainerRecord;
    const container = new HostContainer(directory, record, changed);
    if (record.state.state === 'running') container.#goOn();
    return container;
  }

  get state(): ContainerState {
    return this.#state;
  }

  start(): void {
    if (this.#state.state !== 'created') {
      throw new ShimError('StartContainer', `container ${this.#state.id} is ${this.#state.state}`);
    }
    const { spec } = this;
    this.#log = new LogWriter(spec.logPath);
    this.#cgroup = this.#openCgroup();
    this.#cgroup?.limit(this.#resources);
    const [out, err] = this.#openPipes(this.#log);
    const [command = '', ...args] = this.#launch(spec.argv);
    const child = out.giveTo((stdout) =>
      err.giveTo((stderr) =>
        spawn(command, args, {
          // A session of its own: that is how all of the tree is found again.
          detached: true,
          cwd: spec.cwd,
          env: this.#env(),
          stdio: [spec.stdin ? 'pipe' : 'ignore', stdout, stderr],
        }),
      ),
    );
    child.on('error', (error) => this.#finish(128, 'StartError', error.message));
    if (child.pid === undefined) throw new ShimError('StartContainer', `cannot start ${spec.argv.join(' ')}`);
    // Read at once: a process that has just been made cannot have been replaced by another with its number.
    this.#process = processIdentity(child.pid) ?? { pid: child.pid, startTime: '' };
    this.#child = child;
    this.#state = { ...this.#state, state: 'running', startedAt: Date.now() };
    this.#save();
    this.#ended = once(child, 'exit').then(async (result) => {
      const [code, signal] = result as [number | null, NodeJS.Signals | null];
      await this.#afterDeath(out, err);
      const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
      if (signal === 'SIGKILL' && this.#oomKilled) this.#finish(137, 'OOMKilled', '');
      else this.#finish(exitCode, exitCode === 0 ? 'Completed' : 'Error', '');
    });
    this.#changed();
  }

  async stop(graceSeconds: number): Promise<void> {
    if (this.#process === undefined || this.#ended === undefined || this.#state.state !== 'running') return;
    if (graceSeconds > 0) {
      signalProcess(this.#process, 'SIGTERM');
      const timer = new AbortController();
      const grace = sleep(graceSeconds * 1000, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([this.#ended, grace]);
      timer.abort();
      if (this.#isOver()) return;
    }
    await killTree(this.#process.pid, this.#cgroup);
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.stop(0);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  update(resources: LinuxResources): void {
    this.#resources = resources;
    this.#cgroup?.limit(resources);
    this.#save();
  }

  reopenLog(): void {
    this.#log?.reopen();
  }

  stats(): ShimStats | undefined {
    if (this.#state.state !== 'running' || this.#process === undefined) return undefined;
    const usage = this.#cgroup?.usage() ?? sessionUsage(this.#process.pid);
    return { containerId: this.#state.id, timestampMs: Date.now(), ...usage };
  }

  /** Starts a command inside: same user, limits, environment and directory. It dies with the container. */
  exec(argv: readonly string[], tty: boolean): ChildProcess {
    if (this.#state.state !== 'running') {
      throw new ShimError('NotFound', `container ${this.#state.id} is not running`);
    }
    const terminal = tty ? ttyCommand(argv) : undefined;
    const [command = '', ...args] = this.#launch(terminal?.argv ?? argv);
    const env = { ...this.#env(), ...terminal?.env };
    const child = spawn(command, args, { detached: true, cwd: this.spec.cwd, env, stdio: 'pipe' });
    if (child.pid !== undefined) {
      const { pid } = child;
      this.#commands.add(pid);
      child.once('close', () => this.#commands.delete(pid));
    }
    return child;
  }

  /** Hears the outputs from now on. @returns stdin, if the container has one, and how to leave. */
  attach(listener: (stream: 'stdout' | 'stderr', chunk: Buffer) => void): {
    readonly stdin: NodeJS.WritableStream | undefined;
    readonly ended: Promise<void>;
    leave(): void;
  } {
    if (this.#state.state !== 'running' || this.#ended === undefined) {
      throw new ShimError('NotFound', `container ${this.#state.id} is not running`);
    }
    this.#listeners.add(listener);
    const leave = (): void => void this.#listeners.delete(listener);
    return { stdin: this.#child?.stdin ?? undefined, ended: this.#ended, leave };
  }

  #isOver(): boolean {
    return this.#state.state === 'exited';
  }

  #goOn(): void {
    this.#log = new LogWriter(this.spec.logPath);
    this.#cgroup = this.#openCgroup();
    const [out, err] = this.#openPipes(this.#log);
    this.#ended = (async () => {
      while (this.#process !== undefined && isAlive(this.#process)) await sleep(adoptedLookMs);
      await this.#afterDeath(out, err);
      this.#finish(137, 'ContainerStatusUnknown', 'the process ended while nobody could be told its exit code');
    })();
  }

  #openCgroup(): Cgroup | undefined {
    return this.#cgroupParent === '' ? undefined : Cgroup.open(this.#cgroupParent, this.#state.id);
  }

  #openPipes(log: LogWriter): readonly [OutputPipe, OutputPipe] {
    const pipe = (stream: 'stdout' | 'stderr'): OutputPipe =>
      new OutputPipe(join(this.#directory, stream), (chunk) => {
        log.write(stream, chunk);
        for (const listener of this.#listeners) listener(stream, chunk);
      });
    return [pipe('stdout'), pipe('stderr')];
  }

  #launch(argv: readonly string[]): readonly string[] {
    const { user, noNewPrivileges } = this.spec;
    const { oomScoreAdj } = this.#resources;
    return launchCommand({ argv, cgroups: this.#cgroup?.directories ?? [], oomScoreAdj, user, noNewPrivileges });
  }

  #env(): Record<string, string> {
    return { ...this.spec.env, CONTAINER_SANDBOX_MOUNT_POINT: join(this.#directory, 'root') };
  }

  async #afterDeath(out: OutputPipe, err: OutputPipe): Promise<void> {
    for (const pid of this.#commands) await killTree(pid, undefined);
    if (this.#process !== undefined) await killTree(this.#process.pid, this.#cgroup);
    await Promise.all([out.drained(drainMs), err.drained(drainMs)]);
    this.#oomKilled = this.#cgroup?.oomKilled() ?? false;
    await this.#cgroup?.remove();
    this.#cgroup = undefined;
  }

  #finish(exitCode: number, reason: string, message: string): void {
    if (this.#isOver()) return;
    this.#log?.end();
    this.#log = undefined;
    this.#child = undefined;
    this.#state = { ...this.#state, state: 'exited', finishedAt: Date.now(), exitCode, reason, message };
    this.#save();
    this.#changed();
  }

  #save(): void {
    const record: ContainerRecord = {
      state: this.#state,
      spec: { ...this.spec, resources: this.#resources },
      cgroupParent: this.#cgroupParent,
      process: this.#process,
    };
    const file = join(this.#directory, 'container.json');
    // Environments hold secrets: for root's eyes only.
    writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}
