import type { ContainerState, LinuxResources, SandboxState } from '../../runtime.js';

/** The protocol between kubelet and host-shim: lines of JSON over a unix socket, requests numbered by the kubelet. */
export interface ShimSandbox extends Omit<SandboxState, 'ips' | 'hostNetwork'> {
  readonly cgroupParent: string;
  readonly logDirectory: string;
}

/** What a container runs, all decided by the kubelet. */
export interface ShimContainerSpec {
  readonly sandboxId: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly { readonly hostPath: string; readonly containerPath: string }[];
  readonly logPath: string;
  readonly stdin: boolean;
  readonly user: ShimUser | undefined;
  readonly noNewPrivileges: boolean;
  readonly resources: LinuxResources;
}

export interface ShimUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export interface ShimStats {
  readonly containerId: string;
  readonly timestampMs: number;
  readonly cpuUsageNanos: number;
  readonly memoryUsageBytes: number;
  readonly memoryWorkingSetBytes: number;
  readonly memoryRssBytes: number;
}

/** Methods with their parameters and answers. */
export interface ShimMethods {
  list: [Record<never, never>, { sandboxes: readonly ShimSandbox[]; containers: readonly ContainerState[] }];
  runSandbox: [Omit<ShimSandbox, 'id' | 'state' | 'createdAt'>, { id: string }];
  stopSandbox: [{ id: string }, null];
  removeSandbox: [{ id: string }, null];
  createContainer: [ShimContainerSpec, { id: string }];
  startContainer: [{ id: string }, null];
  stopContainer: [{ id: string; graceSeconds: number }, null];
  removeContainer: [{ id: string }, null];
  updateResources: [{ id: string; resources: LinuxResources }, null];
  reopenLog: [{ id: string }, null];
  stats: [Record<never, never>, { stats: readonly ShimStats[] }];
  /** From now on this connection gets `{podUid}` lines. */
  subscribe: [Record<never, never>, null];
  /** Turns this connection into the streams of a command; see StreamLine. */
  exec: [{ id: string; argv: readonly string[]; stdin: boolean; tty: boolean }, null];
  attach: [{ id: string; stdin: boolean }, null];
  /** The shim ends when it holds no running container. */
  shutdown: [Record<never, never>, null];
}

export type ShimMethod = keyof ShimMethods;

export interface ShimRequest {
  readonly seq: number;
  readonly method: ShimMethod;
  readonly params: ShimMethods[ShimMethod][0];
}

export type ShimReply =
  | { readonly seq: number; readonly result: ShimMethods[ShimMethod][1] }
  | { readonly seq: number; readonly error: { readonly code: string; readonly message: string } };

/** Lines of a streaming connection, after the reply. Data is base64. */
export interface StreamLine {
  readonly stdin?: string | undefined;
  readonly stdinEnd?: true | undefined;
  readonly resize?: { readonly width: number; readonly height: number } | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
  readonly exit?: number | undefined;
}
