import { join } from 'node:path';
import { allSettledOrThrow } from '@geobuk/client';
import type { KubeletConfig } from './config.js';
import { PrivateContainerd } from './runtime/containerd/private-containerd.js';
import { openCriRuntime } from './runtime/cri/cri-runtime.js';
import { HostRuntime } from './runtime/host/host-runtime.js';
import type { ArchiveSource } from './runtime/host/npm-images.js';
import type { ContainerRuntime } from './runtime/runtime.js';

/** What runs pods on this node, and how it is kept up. */
export interface OpenedRuntimes extends AsyncDisposable {
  readonly engine: ContainerRuntime | undefined;
  readonly host: ContainerRuntime | undefined;
  /** What host pods that set up networks must know. */
  readonly hostPodEnv: Readonly<Record<string, string>>;
  /** Starts a private engine again when it dies. */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the host-shim and a private engine, after their containers were stopped. */
  stop(signal: AbortSignal): Promise<void>;
}

/** @throws {RuntimeError} Unavailable: no engine answers, or none is installed. */
export async function openRuntimes(
  config: KubeletConfig,
  signal: AbortSignal,
  archive?: ArchiveSource,
): Promise<OpenedRuntimes> {
  const { dataDir, containerdSocket, log, nodeName } = config;
  const containerd =
    containerdSocket === undefined
      ? await PrivateContainerd.open({ directory: join(dataDir, 'containerd') }, { log }, { signal })
      : undefined;
  const engine = await openCriRuntime({ socket: containerd?.socket ?? (containerdSocket as string) }, { signal });
  const cniEnv: Readonly<Record<string, string>> =
    containerd === undefined
      ? { GEOBUK_CNI_CONF_DIR: '/etc/cni/net.d' }
      : {
          GEOBUK_CNI_CONF_DIR: containerd.cniConfDir,
          GEOBUK_CNI_BIN_DIR: containerd.cniBinDir,
          GEOBUK_REGISTRY_CONFIG_DIR: containerd.registryConfigDir,
        };
  const host = new HostRuntime({
    directory: join(dataDir, 'host'),
    moduleRoots: config.npmModuleRoots ?? [],
    npmDirectory: config.npmDirectory ?? join(dataDir, 'npm'),
    archive,
  });
  return {
    engine,
    host,
    hostPodEnv: { GEOBUK_NODE_NAME: nodeName, ...cniEnv },
    async run(parent) {
      await allSettledOrThrow(containerd === undefined ? [] : [containerd.run(parent)]);
    },
    async stop(parent) {
      await host.shutdown({ signal: parent });
      await containerd?.stop();
    },
    [Symbol.asyncDispose]: () => {
      engine[Symbol.dispose]();
      host[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
