import type { Duplex } from 'node:stream';
import { RuntimeError } from '../runtime.js';
import type {
  ContainerRuntime,
  ContainerSpec,
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
import { isNotFound } from '../runtime.js';
import { containerConfig, linuxResources, sandboxConfig } from './config.js';
import { CriConnection, UnimplementedError } from './connection.js';
import { execOverSpdy, portForwardOverSpdy } from './streaming.js';
import { imageState } from './observation.js';
import { CriObserver } from './observer.js';
import type { Message, Sent } from './schema.js';

/** Milliseconds a call may take. Follows: kubelet's runtimeRequestTimeout of 2 minutes, twice that for a sandbox. */
const limits = {
  quick: 30_000,
  usual: 120_000,
  sandbox: 240_000,
  /** Big images over thin lines; the caller's signal ends it earlier. */
  pull: 3_600_000,
} as const;

/** What is kept of the output of an execSync. */
const execOutputBytes = 16 << 10;

export interface CriRuntimeConfig {
  readonly socket: string;
}

/**
 * Opens an engine behind a CRI socket and asks who it is.
 * @throws {RuntimeError} Unavailable when nobody answers there.
 */
export async function openCriRuntime(
  { socket }: CriRuntimeConfig,
  { signal }: RuntimeCallOptions,
): Promise<CriRuntime> {
  const connection = new CriConnection(socket);
  try {
    const { runtimeName, runtimeVersion } = await connection.call('Version', { version: 'v1' }, limits.quick, signal);
    return new CriRuntime(connection, runtimeName, hasEvents(runtimeName, runtimeVersion));
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

/** containerd has GetContainerEvents since 1.7; of others it shows when it is called. */
export function hasEvents(name: string, version: string): boolean {
  if (name !== 'containerd') return true;
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  return major > 1 || (major === 1 && minor >= 7);
}

/** An engine that speaks CRI v1. Follows: CRI v1 as containerd 1.6–2.x and CRI-O implement it. */
export class CriRuntime implements ContainerRuntime, Disposable {
  readonly name: string;
  readonly #connection: CriConnection;
  readonly #observer: CriObserver;
  #events: boolean;

  constructor(connection: CriConnection, name: string, events: boolean) {
    this.name = name;
    this.#connection = connection;
    this.#observer = new CriObserver(connection);
    this.#events = events;
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  async version({ signal }: RuntimeCallOptions): Promise<{ readonly name: string; readonly version: string }> {
    const answer = await this.#connection.call('Version', { version: 'v1' }, limits.quick, signal);
    return { name: answer.runtimeName, version: answer.runtimeVersion.replace(/^v/, '') };
  }

  async status({ signal }: RuntimeCallOptions): ReturnType<ContainerRuntime['status']> {
    // Only the verbose answer of containerd 1.x tells the handlers: they are in its configuration.
    const answer = await this.#connection.call('Status', { verbose: true }, limits.quick, signal);
    const conditions = answer.status?.conditions ?? [];
    const isTrue = (type: string): boolean =>
      conditions.some((condition) => condition.type === type && condition.status);
    return {
      runtimeReady: isTrue('RuntimeReady'),
      networkReady: isTrue('NetworkReady'),
      message: conditions
        .filter((condition) => !condition.status && condition.message !== '')
        .map((condition) => condition.message)
        .join('; '),
      handlers: handlersOf(answer),
    };
  }

  observe(uid: string, { signal }: RuntimeCallOptions): Promise<PodState | undefined> {
    return this.#observer.observe(uid, signal);
  }

  observeAll({ signal }: RuntimeCallOptions): Promise<readonly PodState[]> {
    return this.#observer.observeAll(signal);
  }

  /** Ends when the engine turns out to have no events after all; from then on it is undefined. */
  events({ signal }: RuntimeCallOptions): AsyncIterable<RuntimeEvent> | undefined {
    return this.#events ? this.#listen(signal) : undefined;
  }

  async *#listen(signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
    try {
      for await (const event of this.#connection.stream('GetContainerEvents', {}, signal)) {
        const podUid = event.podSandboxStatus?.metadata?.uid ?? this.#observer.podUidOf(event.containerId);
        if (podUid !== undefined && podUid !== '') yield { podUid };
      }
    } catch (error) {
      if (!(error instanceof UnimplementedError)) throw error;
      this.#events = false;
    }
  }

  async runSandbox(spec: SandboxSpec, { signal }: RuntimeCallOptions): Promise<string> {
    const request = { config: sandboxConfig(spec), runtimeHandler: spec.handler };
    try {
      return (await this.#connection.call('RunPodSandbox', request, limits.sandbox, signal)).podSandboxId;
    } catch (error) {
      // The name of pod and attempt is taken: a call whose answer got lost had made it.
      if (!isReserved(error)) throw error;
      const pod = await this.#observer.observe(spec.pod.uid, signal);
      const made = pod?.sandboxes.find((sandbox) => sandbox.pod.attempt === spec.pod.attempt);
      if (made?.state !== 'ready') throw error;
      return made.id;
    }
  }

  async stopSandbox(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('StopPodSandbox', { podSandboxId: id }, limits.usual, signal).catch(ignoreNotFound);
  }

  async removeSandbox(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('RemovePodSandbox', { podSandboxId: id }, limits.usual, signal).catch(ignoreNotFound);
    this.#observer.forget(id);
  }

  async createContainer(
    sandboxId: string,
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    const request = {
      podSandboxId: sandboxId,
      config: containerConfig(spec, sandbox),
      sandboxConfig: sandboxConfig(sandbox),
    };
    try {
      return (await this.#connection.call('CreateContainer', request, limits.usual, signal)).containerId;
    } catch (error) {
      if (!isReserved(error)) throw error;
      const pod = await this.#observer.observe(sandbox.pod.uid, signal);
      const made = pod?.containers.find(
        (container) =>
          container.sandboxId === sandboxId && container.name === spec.name && container.attempt === spec.attempt,
      );
      if (made?.state !== 'created') throw error;
      return made.id;
    }
  }

  async startContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('StartContainer', { containerId: id }, limits.usual, signal);
  }

  async stopContainer(id: string, graceSeconds: number, { signal }: RuntimeCallOptions): Promise<void> {
    const timeoutMs = limits.usual + graceSeconds * 1000;
    await this.#connection
      .call('StopContainer', { containerId: id, timeout: graceSeconds }, timeoutMs, signal)
      .catch(ignoreNotFound);
  }

  async removeContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('RemoveContainer', { containerId: id }, limits.usual, signal).catch(ignoreNotFound);
    this.#observer.forget(id);
  }

  async updateResources(id: string, resources: LinuxResources, { signal }: RuntimeCallOptions): Promise<void> {
    const request = { containerId: id, linux: linuxResources(resources) };
    await this.#connection.call('UpdateContainerResources', request, limits.usual, signal);
  }

  async reopenLog(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('ReopenContainerLog', { containerId: id }, limits.quick, signal);
  }

  async image(reference: string, { signal }: RuntimeCallOptions): Promise<ImageState | undefined> {
    const { image } = await this.#connection.call('ImageStatus', imageRequest(reference), limits.quick, signal);
    return image === null ? undefined : imageState(image);
  }

  async images({ signal }: RuntimeCallOptions): Promise<readonly ImageState[]> {
    const { images } = await this.#connection.call('ListImages', {}, limits.quick, signal);
    return images.map(imageState);
  }

  async pullImage(
    reference: string,
    credentials: RegistryCredentials | undefined,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    const request = { ...imageRequest(reference), auth: credentials };
    return (await this.#connection.call('PullImage', request, limits.pull, signal)).imageRef;
  }

  async removeImage(reference: string, { signal }: RuntimeCallOptions): Promise<void> {
    await this.#connection.call('RemoveImage', imageRequest(reference), limits.usual, signal).catch(ignoreNotFound);
  }

  async execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
    { signal }: RuntimeCallOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    // The engine counts whole seconds; our own deadline is the exact one and comes first when it is shorter.
    const request = { containerId: id, cmd: command, timeout: Math.max(1, Math.ceil(timeoutMs / 1000)) };
    const answer = await this.#connection.call('ExecSync', request, timeoutMs, signal);
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, execOutputBytes);
    return { exitCode: answer.exitCode, output: output.toString() };
  }

  async exec(
    id: string,
    command: readonly string[],
    streams: ExecStreams,
    { signal }: RuntimeCallOptions,
  ): Promise<number> {
    const request = { containerId: id, cmd: command, ...streamRequest(streams) };
    const { url } = await this.#connection.call('Exec', request, limits.quick, signal);
    return execOverSpdy(url, streams, signal);
  }

  async attach(id: string, streams: ExecStreams, { signal }: RuntimeCallOptions): Promise<void> {
    const request = { containerId: id, ...streamRequest(streams) };
    const { url } = await this.#connection.call('Attach', request, limits.quick, signal);
    await execOverSpdy(url, streams, signal);
  }

  async portForward(sandboxId: string, port: number, { signal }: RuntimeCallOptions): Promise<Duplex> {
    const request = { podSandboxId: sandboxId, port: [port] };
    const { url } = await this.#connection.call('PortForward', request, limits.quick, signal);
    return portForwardOverSpdy(url, port, signal);
  }

  async stats({ signal }: RuntimeCallOptions): Promise<readonly ContainerStats[]> {
    const { stats } = await this.#connection.call('ListContainerStats', {}, limits.quick, signal);
    return stats.map((item) => ({
      containerId: item.attributes?.id ?? '',
      timestampMs: Math.floor((item.cpu?.timestamp ?? 0) / 1e6),
      cpuUsageNanos: item.cpu?.usageCoreNanoSeconds?.value ?? 0,
      memoryUsageBytes: item.memory?.usageBytes?.value ?? 0,
      memoryWorkingSetBytes: item.memory?.workingSetBytes?.value ?? 0,
      memoryRssBytes: item.memory?.rssBytes?.value ?? 0,
      rootfsUsedBytes: item.writableLayer?.usedBytes?.value ?? 0,
      rootfsInodes: item.writableLayer?.inodesUsed?.value ?? 0,
    }));
  }

  async imageFilesystem({
    signal,
  }: RuntimeCallOptions): Promise<{ readonly path: string; readonly usedBytes: number }> {
    const { imageFilesystems } = await this.#connection.call('ImageFsInfo', {}, limits.quick, signal);
    const [filesystem] = imageFilesystems;
    if (filesystem === undefined) throw new RuntimeError('Internal', 'the container runtime names no image filesystem');
    return { path: filesystem.fsId?.mountpoint ?? '', usedBytes: filesystem.usedBytes?.value ?? 0 };
  }
}

const imageRequest = (image: string): Sent<'ImageRequest'> => ({ image: { image } });

/** With a tty both outputs are one, and asking for stderr is refused. */
const streamRequest = ({ stdin, stdout, stderr, tty }: ExecStreams): Sent<'AttachRequest'> => ({
  tty,
  stdin: stdin !== undefined,
  stdout: stdout !== undefined,
  stderr: stderr !== undefined && !tty,
});

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error;
}

const isReserved = (error: unknown): boolean =>
  error instanceof RuntimeError && /is reserved for|already exists|is already in use/i.test(error.message);

/** New engines list handlers; containerd 1.x shows its configuration in the verbose answer; the default is always there. */
function handlersOf(answer: Message<'StatusResponse'>): readonly string[] {
  const names = new Set(['', ...answer.runtimeHandlers.map(({ name }) => name)]);
  const config = parsedConfig(answer.info['config']);
  for (const name of Object.keys(config?.containerd?.runtimes ?? {})) names.add(name);
  return [...names];
}

function parsedConfig(text: string | undefined): { containerd?: { runtimes?: object | null } } | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as { containerd?: { runtimes?: object | null } };
  } catch {
    // CRI leaves the content of `info` to the engine: what is no JSON is not for us.
    return undefined;
  }
}
