import type { Duplex, Readable, Writable } from 'node:stream';

/** Closed set of what goes wrong at the runtime's door; the message is for people and lands in Events. */
export type RuntimeErrorCode =
  | 'NotFound'
  | 'ImageNotFound'
  | 'ImagePull'
  | 'InvalidImageName'
  | 'CreateContainer'
  | 'StartContainer'
  | 'Sandbox'
  /** To be removed, but its processes live. */
  | 'StillRunning'
  | 'Unavailable'
  | 'Timeout'
  | 'Internal';

export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface RuntimeCallOptions {
  readonly signal: AbortSignal;
}

export interface PodIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  /** Grows each time the pod gets a new sandbox. */
  readonly attempt: number;
}

export interface SandboxPort {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIP: string;
}

export interface SandboxSpec {
  readonly pod: PodIdentity;
  readonly hostname: string;
  readonly logDirectory: string;
  readonly dns: {
    readonly servers: readonly string[];
    readonly searches: readonly string[];
    readonly options: readonly string[];
  };
  readonly ports: readonly SandboxPort[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** `''`: the runtime's own default. */
  readonly handler: string;
  readonly cgroupParent: string;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly namespaces: {
    readonly hostNetwork: boolean;
    readonly hostPID: boolean;
    readonly hostIPC: boolean;
    readonly sharePID: boolean;
  };
  readonly privileged: boolean;
  readonly runAsUser?: number | undefined;
  readonly runAsGroup?: number | undefined;
  readonly supplementalGroups: readonly number[];
  readonly seccomp?: SeccompProfile | undefined;
  readonly resources: LinuxResources;
}

export type SeccompProfile =
  { readonly type: 'RuntimeDefault' | 'Unconfined' } | { readonly type: 'Localhost'; readonly path: string };

export interface LinuxResources {
  readonly cpuShares: number;
  /** Microseconds; 0 without a limit. */
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  /** Bytes; 0 without a limit. */
  readonly memoryLimitBytes: number;
  readonly oomScoreAdj: number;
  readonly unified?: Readonly<Record<string, string>> | undefined;
}

export interface Mount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly readonly: boolean;
  readonly propagation: 'None' | 'HostToContainer' | 'Bidirectional';
  /** Set for an image volume instead of `hostPath`. */
  readonly image?: string | undefined;
}

export interface ContainerSpec {
  readonly name: string;
  /** Grows with each restart. */
  readonly attempt: number;
  /** What the runtime calls the image: the reference that the pull returned. */
  readonly imageRef: string;
  /** As written in the pod. */
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly workingDir: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly {
    readonly hostPath: string;
    readonly containerPath: string;
    readonly permissions: string;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Below the sandbox's log directory. */
  readonly logPath: string;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  readonly resources: LinuxResources;
  readonly security: {
    readonly privileged: boolean;
    readonly addCapabilities: readonly string[];
    readonly dropCapabilities: readonly string[];
    readonly runAsUser?: number | undefined;
    readonly runAsGroup?: number | undefined;
    readonly runAsUserName?: string | undefined;
    readonly supplementalGroups: readonly number[];
    readonly readOnlyRootFilesystem: boolean;
    readonly noNewPrivileges: boolean;
    readonly seccomp?: SeccompProfile | undefined;
    readonly appArmor?: string | undefined;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
    readonly namespaces: SandboxSpec['namespaces'];
    /** Share the process namespace of this container (ephemeral containers). */
    readonly targetContainerId?: string | undefined;
  };
}

export interface SandboxState {
  readonly id: string;
  readonly pod: PodIdentity;
  readonly state: 'ready' | 'notReady';
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly ips: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly handler: string;
  readonly hostNetwork: boolean;
}

export interface ContainerState {
  readonly id: string;
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: 'created' | 'running' | 'exited' | 'unknown';
  readonly image: string;
  /** `sha256:…`, or what identifies the image for people. */
  readonly imageId: string;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  /** `Completed`, `Error`, `OOMKilled`, … as the runtime says. */
  readonly reason: string;
  readonly message: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly logPath: string;
}

export interface PodState {
  readonly pod: { readonly name: string; readonly namespace: string; readonly uid: string };
  /** Newest first. */
  readonly sandboxes: readonly SandboxState[];
  /** Newest attempt first. */
  readonly containers: readonly ContainerState[];
}

export interface ImageState {
  readonly id: string;
  readonly tags: readonly string[];
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  readonly uid: number | undefined;
  readonly username: string;
  readonly pinned: boolean;
}

export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
  readonly serverAddress: string;
  readonly identityToken: string;
  readonly registryToken: string;
}

export interface ContainerStats {
  readonly containerId: string;
  readonly timestampMs: number;
  readonly cpuUsageNanos: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
  readonly rootfsUsedBytes: number;
  readonly rootfsInodes: number;
}

export interface TerminalSize {
  readonly width: number;
  readonly height: number;
}

/** Streams of an exec or attach. The runtime ends `stdout` and `stderr`; with a tty there is no `stderr`. */
export interface ExecStreams {
  readonly stdin?: Readable | undefined;
  readonly stdout?: Writable | undefined;
  readonly stderr?: Writable | undefined;
  readonly tty: boolean;
  readonly resize?: AsyncIterable<TerminalSize> | undefined;
}

/** Something happened to a container or sandbox of this pod: look again. */
export interface RuntimeEvent {
  readonly podUid: string;
}

/**
 * One engine that runs pods: containerd or CRI-O through CRI, or the host runtime. Every method is safe to repeat.
 * `observe` is the truth: callers believe it and not their memory. Follows: CRI v1.
 */
export interface ContainerRuntime {
  /** `containerd`, `cri-o`, `host`. */
  readonly name: string;
  version(options: RuntimeCallOptions): Promise<{ readonly name: string; readonly version: string }>;
  /** @throws {RuntimeError} Unavailable. */
  status(options: RuntimeCallOptions): Promise<{
    readonly runtimeReady: boolean;
    readonly networkReady: boolean;
    readonly message: string;
    /** RuntimeClass handlers. */
    readonly handlers: readonly string[];
  }>;
  observe(uid: string, options: RuntimeCallOptions): Promise<PodState | undefined>;
  observeAll(options: RuntimeCallOptions): Promise<readonly PodState[]>;
  /** Changes as the engine reports them; undefined where it has no events, then the caller relists. */
  events(options: RuntimeCallOptions): AsyncIterable<RuntimeEvent> | undefined;
  runSandbox(spec: SandboxSpec, options: RuntimeCallOptions): Promise<string>;
  stopSandbox(id: string, options: RuntimeCallOptions): Promise<void>;
  removeSandbox(id: string, options: RuntimeCallOptions): Promise<void>;
  createContainer(
    sandboxId: string,
    spec: ContainerSpec,
    sandbox: SandboxSpec,
    options: RuntimeCallOptions,
  ): Promise<string>;
  startContainer(id: string, options: RuntimeCallOptions): Promise<void>;
  /** SIGTERM (or the image's stop signal), SIGKILL after `graceSeconds`. */
  stopContainer(id: string, graceSeconds: number, options: RuntimeCallOptions): Promise<void>;
  removeContainer(id: string, options: RuntimeCallOptions): Promise<void>;
  updateResources(id: string, resources: LinuxResources, options: RuntimeCallOptions): Promise<void>;
  /** Reopens the log after the kubelet rotated it. */
  reopenLog(id: string, options: RuntimeCallOptions): Promise<void>;
  image(reference: string, options: RuntimeCallOptions): Promise<ImageState | undefined>;
  images(options: RuntimeCallOptions): Promise<readonly ImageState[]>;
  /** @returns the reference to create containers with. @throws {RuntimeError} ImagePull, InvalidImageName. */
  pullImage(
    reference: string,
    credentials: RegistryCredentials | undefined,
    options: RuntimeCallOptions,
  ): Promise<string>;
  removeImage(reference: string, options: RuntimeCallOptions): Promise<void>;
  /** Runs to the end, output limited to 16 KiB; for probes and hooks. @throws {RuntimeError} Timeout. */
  execSync(
    id: string,
    command: readonly string[],
    timeoutMs: number,
    options: RuntimeCallOptions,
  ): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** @returns the exit code. */
  exec(id: string, command: readonly string[], streams: ExecStreams, options: RuntimeCallOptions): Promise<number>;
  attach(id: string, streams: ExecStreams, options: RuntimeCallOptions): Promise<void>;
  /** A connection to a port inside the pod's network namespace. */
  portForward(sandboxId: string, port: number, options: RuntimeCallOptions): Promise<Duplex>;
  stats(options: RuntimeCallOptions): Promise<readonly ContainerStats[]>;
  imageFilesystem(options: RuntimeCallOptions): Promise<{ readonly path: string; readonly usedBytes: number }>;
}

/** The engine does not know the container, sandbox or image: it is gone already. */
export const isNotFound = (error: unknown): error is RuntimeError =>
  error instanceof RuntimeError && (error.code === 'NotFound' || error.code === 'ImageNotFound');
