import { connect } from 'node:net';
import { dirname } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { EventQueue } from '../event-queue.js';
import { groupByPod } from '../group-by-pod.js';
import { podLabels } from '../pod-labels.js';
import { RuntimeError, isNotFound } from '../runtime.js';
import type {
  ContainerRuntime,
  ContainerSpec,
  ContainerState,
  ContainerStats,
  ExecStreams,
  ImageState,
  LinuxResources,
  PodState,
  RegistryCredentials,
  RuntimeCallOptions,
  RuntimeEvent,
  SandboxSpec,
} from '../runtime.js';
import { NpmImages, isRunnable } from './npm-images.js';
import type { ArchiveSource, NpmPackage } from './npm-images.js';
import { formatNpmReference } from './npm-reference.js';
import { ShimClient } from './shim-client.js';
import { writeJsonLine } from './shim/json-lines.js';
import type { ShimContainerSpec, ShimUser, StreamLine } from './shim/protocol.js';

export const hostHandler = 'host';

export interface HostRuntimeConfig {
  /** Records, pipes and mount views. */
  readonly directory: string;
  /** See NpmImagesConfig. */
  readonly moduleRoots: readonly string[];
  readonly npmDirectory: string;
  readonly archive?: ArchiveSource | undefined;
  readonly npm?: string | undefined;
  /** Environment of every container, below what its pod says. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: the usual directories. */
  readonly path?: string | undefined;
  readonly shimProgram?: string | undefined;
}

const version = '1.0.0';
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const execOutputBytes = 16 << 10;

/**
 * Runs npm packages as supervised Node.js processes on the node itself.
 * Follows: Windows HostProcess containers ($CONTAINER_SANDBOX_MOUNT_POINT, the node's network).
 * Differs: there is no root file system of one's own and no terminal for the main process.
 */
export class HostRuntime implements ContainerRuntime, Disposable {
  readonly name = 'host';
  readonly #config: HostRuntimeConfig;
  readonly #shim: ShimClient;
  readonly #images: NpmImages;

  constructor(config: HostRuntimeConfig) {
    this.#config = config;
    this.#shim = new ShimClient({ directory: config.directory, program: config.shimProgram });
    this.#images = new NpmImages({ ...config, directory: config.npmDirectory });
  }

  /** Leaves the shim and its containers as they are. */
  [Symbol.dispose](): void {
    this.#shim[Symbol.dispose]();
  }

  async version({ signal }: RuntimeCallOptions): Promise<{ readonly name: string; readonly version: string }> {
    signal.throwIfAborted();
    return { name: this.name, version };
  }

  async status({ signal }: RuntimeCallOptions): ReturnType<ContainerRuntime['status']> {
    await this.#shim.call('list', {}, signal);
    return { runtimeReady: true, networkReady: true, message: '', handlers: [hostHandler] };
  }

  async observe(uid: string, options: RuntimeCallOptions): Promise<PodState | undefined> {
    return (await this.observeAll(options)).find(({ pod }) => pod.uid === uid);
  }

  async observeAll({ signal }: RuntimeCallOptions): Promise<readonly PodState[]> {
    const { sandboxes, containers } = await this.#shim.call('list', {}, signal);
    return groupByPod(
      sandboxes.map(({ cgroupParent: _parent, logDirectory: _logs, ...sandbox }) => ({
        ...sandbox,
        ips: [],
        hostNetwork: true,
      })),
      containers.map(withAbsence),
    );
  }

  events({ signal }: RuntimeCallOptions): AsyncIterable<RuntimeEvent> {
    const queue = new EventQueue<RuntimeEvent>();
    const ended = new AbortController();
    const subscribed = this.#shim.stream(
      'subscribe',
      {},
      ({ podUid }) => {
        if (podUid !== undefined) queue.push({ podUid });
      },
      signal,
    );
    const stop = (): void => {
      ended.abort();
      subscribed.then((socket) => socket.destroy()).catch(() => undefined);
    };
    signal.addEventListener('abort', stop, { once: true });
    subscribed.then((socket) => socket.once('close', () => ended.abort())).catch(() => ended.abort());
    const values = queue.read(ended.signal);
    return (async function* () {
      try {
        yield* values;
        await subscribed;
        if (!signal.aborted) throw new RuntimeError('Unavailable', 'the host-shim died');
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        stop();
      }
    })();
  }

  async runSandbox(spec: SandboxSpec, { signal }: RuntimeCallOptions): Promise<string> {
    const { pod, labels, annotations, handler, cgroupParent, logDirectory } = spec;
    const own = { [podLabels.name]: pod.name, [podLabels.namespace]: pod.namespace, [podLabels.uid]: pod.uid };
    const params = { pod, labels: { ...labels, ...own }, annotations, handler, cgroupParent, logDirectory };
    return (await this.#shim.call('runSandbox', params, signal)).id;
  }

  async stopSandbox(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('stopSandbox', { id }, signal);
  }

  async removeSandbox(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('removeSandbox', { id }, signal);
  }

  async createContainer(
    sandboxId: string,
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    const image = await this.#findImage(spec);
    const shimSpec = this.#shimSpec(sandboxId, spec, sandbox, image);
    return (await this.#shim.call('createContainer', shimSpec, signal)).id;
  }

  async startContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('startContainer', { id }, signal);
  }

  async stopContainer(id: string, graceSeconds: number, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('stopContainer', { id, graceSeconds }, signal);
  }

  async removeContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('removeContainer', { id }, signal);
  }

  async updateResources(id: string, resources: LinuxResources, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('updateResources', { id, resources }, signal);
  }

  async reopenLog(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('reopenLog', { id }, signal);
  }

  async image(reference: string, { signal }: RuntimeCallOptions): Promise<ImageState | undefined> {
    signal.throwIfAborted();
    // The kubelet asks every runtime for names it knows nothing about.
    return reference.startsWith('npm:') ? this.#images.state(reference) : undefined;
  }

  async images({ signal }: RuntimeCallOptions): Promise<readonly ImageState[]> {
    signal.throwIfAborted();
    return this.#images.list();
  }

  async pullImage(
    reference: string,
    _credentials: RegistryCredentials | undefined,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    const { name, version: found } = await this.#images.pull(reference, signal);
    return formatNpmReference(name, found);
  }

  async removeImage(reference: string, { signal }: RuntimeCallOptions): Promise<void> {
    signal.throwIfAborted();
    await this.#images.remove(reference);
  }

  async execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
    { signal }: RuntimeCallOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    const collected: Buffer[] = [];
    let bytes = 0;
    const output = new PassThrough();
    output.on('data', (chunk: Buffer) => {
      if (bytes < execOutputBytes) collected.push(chunk.subarray(0, execOutputBytes - bytes));
      bytes += chunk.length;
    });
    const limit = new AbortController();
    const onAbort = (): void => limit.abort(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(
      () => limit.abort(new RuntimeError('Timeout', `the command took longer than ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      const exitCode = await this.#stream(
        'exec',
        id,
        command,
        { stdout: output, stderr: output, tty: false },
        limit.signal,
      );
      return { exitCode, output: Buffer.concat(collected).toString() };
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
  }

  async exec(
    id: string,
    command: readonly string[],
    streams: ExecStreams,
    { signal }: RuntimeCallOptions,
  ): Promise<number> {
    try {
      return await this.#stream('exec', id, command, streams, signal);
    } finally {
      streams.stdout?.end();
      streams.stderr?.end();
    }
  }

  async attach(id: string, streams: ExecStreams, { signal }: RuntimeCallOptions): Promise<void> {
    try {
      await this.#stream('attach', id, [], streams, signal);
    } finally {
      streams.stdout?.end();
      streams.stderr?.end();
    }
  }

  /** Host pods listen on the node itself. */
  async portForward(sandboxId: string, port: number, { signal }: RuntimeCallOptions): Promise<Duplex> {
    const { sandboxes } = await this.#shim.call('list', {}, signal);
    if (!sandboxes.some(({ id, state }) => id === sandboxId && state === 'ready')) {
      throw new RuntimeError('NotFound', `sandbox ${sandboxId} is not running`);
    }
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, signal, allowHalfOpen: true });
      socket.once('connect', () => resolve(socket));
      socket.once('error', (error) =>
        reject(new RuntimeError('Internal', `port ${port}: ${error.message}`, { cause: error })),
      );
    });
  }

  async stats({ signal }: RuntimeCallOptions): Promise<readonly ContainerStats[]> {
    const { stats } = await this.#shim.call('stats', {}, signal);
    return stats.map((item) => ({ ...item, rootfsUsedBytes: 0, rootfsInodes: 0 }));
  }

  async imageFilesystem({
    signal,
  }: RuntimeCallOptions): Promise<{ readonly path: string; readonly usedBytes: number }> {
    signal.throwIfAborted();
    return { path: this.#config.npmDirectory, usedBytes: 0 };
  }

  /** Ends the shim when no container runs any more. @throws {RuntimeError} Internal when one does. */
  async shutdown({ signal }: RuntimeCallOptions): Promise<void> {
    await this.#shim.call('shutdown', {}, signal);
  }

  async #findImage(spec: ContainerSpec): Promise<NpmPackage> {
    const image = await this.#images.find(spec.imageRef).catch((error: unknown) => {
      throw isNotFound(error) ? error : new RuntimeError('CreateContainer', String((error as Error).message));
    });
    if (image === undefined) throw new RuntimeError('CreateContainer', `${spec.imageRef} is not on this node`);
    if (spec.command.length === 0 && !(await isRunnable(image))) {
      throw new RuntimeError('CreateContainer', `${spec.imageRef} has nothing to run: ${image.entry} does not exist`);
    }
    return image;
  }

  #shimSpec(sandboxId: string, spec: ContainerSpec, sandbox: SandboxSpec, image: NpmPackage): ShimContainerSpec {
    const { pod } = sandbox;
    const entrypoint = spec.command.length > 0 ? spec.command : [process.execPath, image.entry];
    return {
      sandboxId,
      name: spec.name,
      attempt: spec.attempt,
      image: spec.image,
      imageId: image.integrity ?? formatNpmReference(image.name, image.version),
      labels: {
        ...spec.labels,
        [podLabels.name]: pod.name,
        [podLabels.namespace]: pod.namespace,
        [podLabels.uid]: pod.uid,
        [podLabels.container]: spec.name,
      },
      annotations: spec.annotations,
      argv: [...entrypoint, ...spec.args],
      cwd: spec.workingDir === '' ? image.root : spec.workingDir,
      env: {
        PATH: `${dirname(process.execPath)}:${this.#config.path ?? usualPath}`,
        HOME: '/root',
        ...this.#config.env,
        ...Object.fromEntries(spec.env.map(({ name, value }) => [name, value])),
      },
      mounts: spec.mounts.map(({ hostPath, containerPath }) => ({ hostPath, containerPath })),
      logPath: spec.logPath,
      stdin: spec.stdin,
      user: userOf(spec.security),
      noNewPrivileges: spec.security.noNewPrivileges,
      resources: spec.resources,
    };
  }

  async #stream(
    method: 'exec' | 'attach',
    id: string,
    argv: readonly string[],
    streams: ExecStreams,
    signal: AbortSignal,
  ): Promise<number> {
    let exit: number | undefined;
    const lines = (line: StreamLine): void => {
      if (line.stdout !== undefined) streams.stdout?.write(Buffer.from(line.stdout, 'base64'));
      if (line.stderr !== undefined) streams.stderr?.write(Buffer.from(line.stderr, 'base64'));
      exit = line.exit ?? exit;
    };
    const stdin = streams.stdin !== undefined;
    const socket = await this.#shim.stream(method, { id, argv, stdin, tty: streams.tty }, lines, signal);
    const onAbort = (): void => void socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    streams.stdin?.on('data', (chunk: Buffer) => {
      if (writeJsonLine(socket, { stdin: Buffer.from(chunk).toString('base64') })) return;
      streams.stdin?.pause();
      socket.once('drain', () => streams.stdin?.resume());
    });
    streams.stdin?.once('end', () => writeJsonLine(socket, { stdinEnd: true }));
    const sizes = async (): Promise<void> => {
      for await (const resize of streams.resize ?? []) writeJsonLine(socket, { resize });
    };
    // Whoever gives the sizes ends them; a terminal without new sizes keeps its last.
    sizes().catch(() => undefined);
    if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
    signal.removeEventListener('abort', onAbort);
    if (exit !== undefined) return exit;
    signal.throwIfAborted();
    throw new RuntimeError('Unavailable', 'lost the stream to the host-shim');
  }
}

/** Follows: Kubernetes, where a user without a group gets the group 0. */
function userOf(security: ContainerSpec['security']): ShimUser | undefined {
  const { runAsUser, runAsGroup, supplementalGroups } = security;
  if (runAsUser === undefined && runAsGroup === undefined && supplementalGroups.length === 0) return undefined;
  return { uid: runAsUser ?? 0, gid: runAsGroup ?? 0, groups: supplementalGroups };
}

/** JSON leaves out what is undefined. */
const withAbsence = (container: ContainerState): ContainerState => {
  const { startedAt, finishedAt, exitCode } = container;
  return { ...container, startedAt, finishedAt, exitCode };
};
