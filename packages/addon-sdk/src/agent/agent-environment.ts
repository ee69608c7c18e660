import type { AddonCluster } from '@geobuk/api';

/** What the host runtime and the manifests of `hostDaemonSet` and `hostDeployment` tell a program. */
export interface AgentEnvironment<Config> {
  readonly nodeName: string;
  readonly cluster: AddonCluster;
  readonly config: Config;
  /** Where the node's container runtime reads network configuration. */
  readonly cniConfDir: string;
  readonly cniBinDir: string;
  readonly logLevel: string;
}

/** @throws {TypeError} something is not set: the program was not started by the host runtime. */
export function agentEnvironment<Config>(env: Readonly<Record<string, string | undefined>>): AgentEnvironment<Config> {
  const read = (name: string): string => {
    const value = env[name];
    if (value === undefined || value === '')
      throw new TypeError(`${name} is not set: this program is run by a cluster's host runtime`);
    return value;
  };
  return {
    nodeName: read('GEOBUK_NODE_NAME'),
    cluster: JSON.parse(read('GEOBUK_ADDON_CLUSTER')) as AddonCluster,
    config: JSON.parse(read('GEOBUK_ADDON_CONFIG')) as Config,
    cniConfDir: env['GEOBUK_CNI_CONF_DIR'] ?? '/etc/cni/net.d',
    cniBinDir: env['GEOBUK_CNI_BIN_DIR'] ?? '/usr/lib/cni',
    logLevel: env['GEOBUK_LOG_LEVEL'] ?? 'info',
  };
}
