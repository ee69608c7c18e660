import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Duplex } from 'node:stream';
import { EventQueue } from '../event-queue.js';
import { RuntimeError } from '../runtime.js';
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
  SandboxState,
} from '../runtime.js';

/** What a container of an image does when it runs. */
export interface FakeProgram {
  /** Ends by itself right after its start. */
  readonly exitsWith?: number | undefined;
  /** Exit code on SIGTERM; 143 unless said. */
  readonly exitsOnTermWith?: number | undefined;
  /** Only SIGKILL ends it, after the grace period. */
  readonly ignoresTerm?: boolean | undefined;
  /** Starting fails, as when the command does not exist. */
  readonly startError?: string | undefined;
  /** Answers exec and execSync; without it every command succeeds with no output. */
  readonly exec?: ((command: readonly string[], stdin: string) => FakeExecResult) | undefined;
}

export interface FakeExecResult {
  readonly exitCode: number;
  readonly output: string;
  readonly errors?: string | undefined;
}

export interface FakeImage {
  readonly user?: number | undefined;
  readonly username?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly program?: FakeProgram | undefined;
}

export interface FakeRuntimeOptions {
  readonly now?: (() => number) | undefined;
  /** Waits out a grace period; a test with a fake clock gives its own. */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** false: like containerd 1.6, which has no events. */
  readonly events?: boolean | undefined;
  readonly handlers?: readonly string[] | undefined;
}

const succeeded: FakeExecResult = { exitCode: 0, output: '' };

interface FakeContainer {
  state: ContainerState;
  readonly spec: ContainerSpec;
  readonly program: FakeProgram;
  resources: LinuxResources;
}

interface FakeSandbox {
  state: SandboxState;
  readonly spec: SandboxSpec;
}

/** A ContainerRuntime in memory that works: containers run, exit, crash and fail to be pulled as the test says. */
export class FakeRuntime implements ContainerRuntime {
  readonly name = 'fake';
  /** What happened, in order, as `start web`, `stop web`, `sandbox default/web`: for tests of ordering. */
  readonly history: string[] = [];
  readonly #sandboxes = new Map<string, FakeSandbox>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #images = new Map<string, ImageState>();
  /** What the registry has. */
  readonly #registry = new Map<string, FakeImage>();
  readonly #failures = new Map<FakeFailurePoint, RuntimeError>();
  readonly #events = new EventQueue<RuntimeEvent>();
  readonly #options: FakeRuntimeOptions;
  #unavailable = false;
  #addresses = 1;

  constructor(options: FakeRuntimeOptions = {}) {
    this.#options = options;
  }

  // What tests turn.

  /** Puts an image where `pullImage` finds it; `present` puts it on the node too. */
  addImage(reference: string, image: FakeImage = {}, present = false): void {
    this.#registry.set(reference, image);
    if (present) this.#store(reference, image);
  }

  /** The next and all later calls of this kind fail until `heal`. For a pull, name the image: `pull:web:1`. */
  fail(point: FakeFailurePoint, error: RuntimeError): void {
    this.#failures.set(point, error);
  }

  heal(point: FakeFailurePoint): void {
    this.#failures.delete(point);
  }

  /** The engine's socket vanishes (true) or is back (false); containers live on. */
  setUnavailable(unavailable: boolean): void {
    this.#unavailable = unavailable;
  }

  /** A running container ends by itself. */
  exit(containerId: string, exitCode: number, reason: string = exitCode === 0 ? 'Completed' : 'Error'): void {
    const container = this.#container(containerId);
    if (container.state.state !== 'running') throw new Error(`container ${containerId} is ${container.state.state}`);
    container.state = { ...container.state, state: 'exited', exitCode, reason, finishedAt: this.#now() };
    this.history.push(`exit ${container.state.name}`);
    this.#changed(container.state.sandboxId);
  }

  /** The pause process of a sandbox dies, and its containers with it. */
  crashSandbox(id: string): void {
    for (const container of this.#containersOf(id)) {
      if (container.state.state === 'running') this.exit(container.state.id, 137, 'Error');
    }
    const sandbox = this.#sandbox(id);
    sandbox.state = { ...sandbox.state, state: 'notReady' };
    this.#changed(id);
  }

  /** The newest container of that name in the pod. */
  container(podUid: string, name: string): ContainerState | undefined {
    return this.#podState(podUid)?.containers.find((container) => container.name === name);
  }

  /** What a container was created with. */
  specOf(containerId: string): ContainerSpec {
    return this.#container(containerId).spec;
  }

  resourcesOf(containerId: string): LinuxResources {
    return this.#container(containerId).resources;
  }

  // ContainerRuntime.

  async version({ signal }: RuntimeCallOptions): Promise<{ readonly name: string; readonly version: string }> {
    this.#enter(signal);
    return { name: this.name, version: '1.0.0' };
  }

  async status({ signal }: RuntimeCallOptions): ReturnType<ContainerRuntime['status']> {
    this.#enter(signal);
    return { runtimeReady: true, networkReady: true, message: '', handlers: this.#options.handlers ?? [''] };
  }

  async observe(uid: string, { signal }: RuntimeCallOptions): Promise<PodState | undefined> {
    this.#enter(signal);
    return this.#podState(uid);
  }

  async observeAll({ signal }: RuntimeCallOptions): Promise<readonly PodState[]> {
    this.#enter(signal);
    const uids = new Set([...this.#sandboxes.values()].map((sandbox) => sandbox.state.pod.uid));
    return [...uids].map((uid) => this.#podState(uid)).filter((pod) => pod !== undefined);
  }

  events({ signal }: RuntimeCallOptions): AsyncIterable<RuntimeEvent> | undefined {
    return this.#options.events === false ? undefined : this.#events.read(signal);
  }

  async runSandbox(spec: SandboxSpec, { signal }: RuntimeCallOptions): Promise<string> {
    this.#enter(signal, 'runSandbox');
    const handlers = this.#options.handlers ?? [''];
    if (!handlers.includes(spec.handler)) {
      throw new RuntimeError('Sandbox', `no runtime for "${spec.handler}" is configured`);
    }
    const id = randomBytes(32).toString('hex');
    const { hostNetwork } = spec.namespaces;
    const ips = hostNetwork ? [] : [`10.42.0.${++this.#addresses}`];
    this.#sandboxes.set(id, {
      spec,
      state: {
        id,
        pod: spec.pod,
        state: 'ready',
        createdAt: this.#now(),
        ips,
        labels: spec.labels,
        annotations: spec.annotations,
        handler: spec.handler,
        hostNetwork,
      },
    });
    this.history.push(`sandbox ${spec.pod.namespace}/${spec.pod.name}`);
    this.#changed(id);
    return id;
  }

  async stopSandbox(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'stopSandbox');
    const sandbox = this.#sandboxes.get(id);
    if (sandbox?.state.state !== 'ready') return;
    for (const container of this.#containersOf(id)) {
      if (container.state.state === 'running') this.exit(container.state.id, 137, 'Error');
    }
    sandbox.state = { ...sandbox.state, state: 'notReady' };
    this.history.push(`stop sandbox ${sandbox.state.pod.namespace}/${sandbox.state.pod.name}`);
    this.#changed(id);
  }

  async removeSandbox(id: string, options: RuntimeCallOptions): Promise<void> {
    await this.stopSandbox(id, options);
    for (const container of this.#containersOf(id)) this.#containers.delete(container.state.id);
    const uid = this.#sandboxes.get(id)?.state.pod.uid;
    this.#sandboxes.delete(id);
    if (uid !== undefined) this.#events.push({ podUid: uid });
  }

  async createContainer(
    sandboxId: string,
    spec: ContainerSpec,
    _sandbox: SandboxSpec,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    this.#enter(signal, 'createContainer');
    if (this.#sandbox(sandboxId).state.state !== 'ready') {
      throw new RuntimeError('CreateContainer', `sandbox ${sandboxId} is not running`);
    }
    const image = this.#findImage(spec.imageRef);
    if (image === undefined) throw new RuntimeError('CreateContainer', `image ${spec.imageRef} is not on this node`);
    const id = randomBytes(32).toString('hex');
    this.#containers.set(id, {
      spec,
      program: this.#registry.get(spec.image)?.program ?? this.#registry.get(image.tags[0] ?? '')?.program ?? {},
      resources: spec.resources,
      state: {
        id,
        sandboxId,
        name: spec.name,
        attempt: spec.attempt,
        state: 'created',
        image: spec.image,
        imageId: image.id,
        createdAt: this.#now(),
        startedAt: undefined,
        finishedAt: undefined,
        exitCode: undefined,
        reason: '',
        message: '',
        labels: spec.labels,
        annotations: spec.annotations,
        logPath: `${this.#sandbox(sandboxId).spec.logDirectory}/${spec.logPath}`,
      },
    });
    this.history.push(`create ${spec.name}`);
    this.#changed(sandboxId);
    return id;
  }

  async startContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'startContainer');
    const container = this.#container(id);
    if (container.state.state !== 'created') {
      throw new RuntimeError('StartContainer', `container ${id} is ${container.state.state}`);
    }
    if (container.program.startError !== undefined) {
      const message = container.program.startError;
      container.state = {
        ...container.state,
        state: 'exited',
        exitCode: 128,
        reason: 'StartError',
        message,
        finishedAt: this.#now(),
      };
      this.#changed(container.state.sandboxId);
      throw new RuntimeError('StartContainer', message);
    }
    container.state = { ...container.state, state: 'running', startedAt: this.#now() };
    this.history.push(`start ${container.state.name}`);
    this.#changed(container.state.sandboxId);
    if (container.program.exitsWith !== undefined) this.exit(id, container.program.exitsWith);
  }

  async stopContainer(id: string, graceSeconds: number, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'stopContainer');
    const container = this.#containers.get(id);
    if (container?.state.state !== 'running') return;
    this.history.push(`stop ${container.state.name}`);
    if (graceSeconds > 0 && container.program.ignoresTerm !== true) {
      const exitCode = container.program.exitsOnTermWith ?? 143;
      this.exit(id, exitCode);
      return;
    }
    if (graceSeconds > 0) await this.#wait(graceSeconds * 1000, signal);
    if (container.state.state === 'running') this.exit(id, 137, 'Error');
  }

  async removeContainer(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'removeContainer');
    const container = this.#containers.get(id);
    if (container === undefined) return;
    if (container.state.state === 'running') this.exit(id, 137, 'Error');
    this.#containers.delete(id);
    this.#changed(container.state.sandboxId);
  }

  async updateResources(id: string, resources: LinuxResources, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'updateResources');
    this.#container(id).resources = resources;
  }

  async reopenLog(id: string, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal);
    this.history.push(`reopen log ${this.#running(id).state.name}`);
  }

  async image(reference: string, { signal }: RuntimeCallOptions): Promise<ImageState | undefined> {
    this.#enter(signal);
    return this.#findImage(reference);
  }

  async images({ signal }: RuntimeCallOptions): Promise<readonly ImageState[]> {
    this.#enter(signal);
    return [...this.#images.values()];
  }

  async pullImage(
    reference: string,
    _credentials: RegistryCredentials | undefined,
    { signal }: RuntimeCallOptions,
  ): Promise<string> {
    this.#enter(signal, `pull:${reference}`);
    this.history.push(`pull ${reference}`);
    if (!/^[a-z0-9][a-z0-9._\-/:@]*$/i.test(reference)) {
      throw new RuntimeError('InvalidImageName', `invalid reference format: "${reference}"`);
    }
    const image = this.#registry.get(reference);
    if (image === undefined) throw new RuntimeError('ImagePull', `${reference}: not found`);
    return this.#store(reference, image).id;
  }

  async removeImage(reference: string, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal);
    const image = this.#findImage(reference);
    if (image !== undefined) this.#images.delete(image.id);
  }

  async execSync(
    id: string,
    command: readonly string[],
    _timeoutMs: number,
    { signal }: RuntimeCallOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }> {
    this.#enter(signal, 'execSync');
    const { exitCode, output, errors = '' } = this.#running(id).program.exec?.(command, '') ?? succeeded;
    return { exitCode, output: output + errors };
  }

  async exec(
    id: string,
    command: readonly string[],
    streams: ExecStreams,
    { signal }: RuntimeCallOptions,
  ): Promise<number> {
    this.#enter(signal, 'exec');
    const { program } = this.#running(id);
    let typed = '';
    for await (const chunk of streams.stdin ?? []) typed += String(chunk);
    const { exitCode, output, errors = '' } = program.exec?.(command, typed) ?? succeeded;
    streams.stdout?.end(output);
    streams.stderr?.end(errors);
    return exitCode;
  }

  /** Echoes what is typed, until it ends. */
  async attach(id: string, streams: ExecStreams, { signal }: RuntimeCallOptions): Promise<void> {
    this.#enter(signal, 'attach');
    this.#running(id);
    for await (const chunk of streams.stdin ?? []) streams.stdout?.write(chunk);
    streams.stdout?.end();
    streams.stderr?.end();
  }

  /** Every port echoes. */
  async portForward(sandboxId: string, port: number, { signal }: RuntimeCallOptions): Promise<Duplex> {
    this.#enter(signal, 'portForward');
    if (this.#sandbox(sandboxId).state.state !== 'ready') {
      throw new RuntimeError('NotFound', `sandbox ${sandboxId} is not running, no port ${port}`);
    }
    return new PassThrough();
  }

  async stats({ signal }: RuntimeCallOptions): Promise<readonly ContainerStats[]> {
    this.#enter(signal);
    return [...this.#containers.values()]
      .filter((container) => container.state.state === 'running')
      .map((container) => ({
        containerId: container.state.id,
        timestampMs: this.#now(),
        cpuUsageNanos: 1_000_000,
        memoryUsageBytes: 2 << 20,
        memoryWorkingSetBytes: 1 << 20,
        memoryRssBytes: 1 << 20,
        rootfsUsedBytes: 4096,
        rootfsInodes: 1,
      }));
  }

  async imageFilesystem({
    signal,
  }: RuntimeCallOptions): Promise<{ readonly path: string; readonly usedBytes: number }> {
    this.#enter(signal);
    const usedBytes = [...this.#images.values()].reduce((sum, image) => sum + image.sizeBytes, 0);
    return { path: '/', usedBytes };
  }

  #enter(signal: AbortSignal, point?: FakeFailurePoint): void {
    signal.throwIfAborted();
    if (this.#unavailable) throw new RuntimeError('Unavailable', 'the runtime does not answer');
    const failure = point === undefined ? undefined : this.#failures.get(point);
    if (failure !== undefined) throw failure;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return this.#options.wait?.(ms, signal) ?? sleep(ms, undefined, { signal });
  }

  #changed(sandboxId: string): void {
    const sandbox = this.#sandboxes.get(sandboxId);
    if (sandbox !== undefined) this.#events.push({ podUid: sandbox.state.pod.uid });
  }

  #sandbox(id: string): FakeSandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw new RuntimeError('NotFound', `no sandbox ${id}`);
    return sandbox;
  }

  #container(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw new RuntimeError('NotFound', `no container ${id}`);
    return container;
  }

  #running(id: string): FakeContainer {
    const container = this.#container(id);
    if (container.state.state !== 'running') throw new RuntimeError('NotFound', `container ${id} is not running`);
    return container;
  }

  #containersOf(sandboxId: string): readonly FakeContainer[] {
    return [...this.#containers.values()].filter((container) => container.state.sandboxId === sandboxId);
  }

  #podState(uid: string): PodState | undefined {
    const sandboxes = [...this.#sandboxes.values()]
      .map((sandbox) => sandbox.state)
      .filter((sandbox) => sandbox.pod.uid === uid)
      .sort((a, b) => b.pod.attempt - a.pod.attempt);
    const newest = sandboxes[0];
    if (newest === undefined) return undefined;
    const containers = sandboxes
      .flatMap((sandbox) => this.#containersOf(sandbox.id))
      .map((container) => container.state)
      .sort((a, b) => b.attempt - a.attempt || b.createdAt - a.createdAt);
    const { name, namespace } = newest.pod;
    return { pod: { name, namespace, uid }, sandboxes, containers };
  }

  #store(reference: string, image: FakeImage): ImageState {
    const existing = this.#findImage(reference);
    if (existing !== undefined) return existing;
    const digest = Buffer.from(reference).toString('hex').padEnd(64, '0').slice(0, 64);
    const state: ImageState = {
      id: `sha256:${digest}`,
      tags: [reference],
      digests: [`${reference.split(':')[0] ?? reference}@sha256:${digest}`],
      sizeBytes: image.sizeBytes ?? 1 << 20,
      uid: image.user,
      username: image.username ?? '',
      pinned: false,
    };
    this.#images.set(state.id, state);
    return state;
  }

  #findImage(reference: string): ImageState | undefined {
    return (
      this.#images.get(reference) ??
      [...this.#images.values()].find((image) => image.tags.includes(reference) || image.digests.includes(reference))
    );
  }
}

/** Where a fake fails; `pull:` is followed by the image. */
export type FakeFailurePoint =
  | 'runSandbox'
  | 'stopSandbox'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'updateResources'
  | 'execSync'
  | 'exec'
  | 'attach'
  | 'portForward'
  | `pull:${string}`;
