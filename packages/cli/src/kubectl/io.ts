import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { ClusterConfig, Clock, HttpClient } from '@geobuk/client';
import { bearerToken, createHttpClient, kubeconfigPaths, loadKubeconfig, systemClock } from '@geobuk/client';
import { dataDirectory } from '../data-directory.js';
import { stopSignal } from '../process-signals.js';

/** Which cluster, which user, which namespace: the flags every verb has. */
export interface ClusterFlags {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
  readonly server?: string | undefined;
  readonly token?: string | undefined;
  readonly as?: string | undefined;
  readonly asGroup?: readonly string[] | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly dataDir?: string | undefined;
}

/** A stream that may be a terminal. */
export type Input = Readable & { readonly isTTY?: boolean | undefined; setRawMode?(raw: boolean): unknown };
export type Output = Writable & {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
};

export interface OpenedCluster {
  readonly client: HttpClient;
  /** Where namespaced things are looked for when nobody says. */
  readonly namespace: string;
}

/** All that the verbs have to do with the world. */
export interface KubectlIo {
  readonly stdin: Input;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Made when the first verb asks, since it listens to the signals of the process. */
  signal(): AbortSignal;
  open(flags: ClusterFlags): Promise<OpenedCluster>;
  /** Where the kubeconfig of these flags is, for those who print it. */
  kubeconfigPaths(flags: ClusterFlags): readonly string[];
  setExitCode(code: number): void;
}

/** The world of a real process. */
export function processIo(): KubectlIo {
  const paths = (flags: ClusterFlags): readonly string[] => {
    const { KUBECONFIG: variable } = process.env;
    const directory = dataDirectory(flags.dataDir, process.env, process.getuid?.() === 0);
    const chosen = flags.kubeconfig !== undefined || (variable !== undefined && variable !== '');
    if (!chosen && existsSync(directory.kubeconfig)) return [directory.kubeconfig];
    return kubeconfigPaths({ flag: flags.kubeconfig, variable, home: homedir() });
  };
  let stop: AbortSignal | undefined;
  return {
    // Opened when a verb wants it: a daemon's standard input is none of our business.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    signal: () => (stop ??= stopSignal()),
    open: async (flags) => {
      const config = overridden(await loadKubeconfig({ paths: paths(flags), ...flags }), flags);
      return { client: createHttpClient(config), namespace: config.namespace ?? 'default' };
    },
    kubeconfigPaths: paths,
    setExitCode: (code) => {
      process.exitCode = code;
    },
  };
}

function overridden(config: ClusterConfig, flags: ClusterFlags): ClusterConfig {
  const { server, token, as, asGroup, insecureSkipTlsVerify } = flags;
  return {
    ...config,
    ...(server === undefined ? {} : { server }),
    ...(token === undefined ? {} : { credentials: bearerToken(token) }),
    ...(as === undefined ? {} : { impersonate: { user: as, groups: asGroup } }),
    ...(insecureSkipTlsVerify === true ? { insecureSkipTlsVerify } : {}),
  };
}
