import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterChoices } from '../cluster-file.js';
import type { DataDirectory } from '../data-directory.js';
import { serviceAddress } from '../network-ranges.js';
import type { LocalNetwork, LocalNode } from './local-network.js';
import { withinNode } from './local-network.js';
import type { SupervisedProcessSpec } from './supervised-process.js';

/** As much of what `geobuk up` was told as its parts must know. */
export interface PartsConfig {
  readonly directory: DataDirectory;
  readonly port: number;
  readonly bind: string;
  readonly kubeletPort: number;
  readonly stopPods: boolean;
  readonly logLevel: string;
  readonly script: string;
  readonly nodeArgs: readonly string[];
  /** What the control plane is told besides. */
  readonly controlPlaneArgs: readonly string[];
}

export const controlPlaneProcess = (
  config: PartsConfig,
  choices: ClusterChoices,
  local: LocalNetwork | undefined,
): SupervisedProcessSpec => ({
  name: 'control plane',
  script: config.script,
  nodeArgs: config.nodeArgs,
  args: [
    'control-plane',
    ...['--data-dir', config.directory.path],
    ...['--port', String(config.port)],
    ...['--bind', config.bind],
    ...(local === undefined ? [] : ['--advertise-address', local.address]),
    ...['--pod-cidr', choices.podCIDR],
    ...['--service-cidr', choices.serviceCIDR],
    ...['--cluster-domain', choices.clusterDomain],
    ...['--log-level', config.logLevel],
    ...config.controlPlaneArgs,
  ],
  env: {},
  logFile: join(config.directory.logs, 'control-plane.log'),
});

/** The machine's own node, or one in a network namespace of its own. */
export type PartNode = LocalNode | { readonly name: string; readonly address: string | undefined };

export function kubeletProcess(
  config: PartsConfig,
  choices: ClusterChoices,
  token: string,
  server: string,
  node: PartNode,
): SupervisedProcessSpec {
  const apart = 'namespace' in node;
  return {
    name: apart ? `kubelet of ${node.name}` : 'kubelet',
    script: config.script,
    // Its young objects die at once: room for 16 MiB of them, three times, only costs memory: 30 MB with 107 pods.
    nodeArgs: ['--max-semi-space-size=4', ...config.nodeArgs],
    ...(apart ? { within: withinNode(node) } : {}),
    args: [
      'kubelet',
      ...['--data-dir', apart ? join(config.directory.path, 'nodes', node.name) : config.directory.path],
      ...['--server', server],
      ...['--node-name', node.name],
      ...(node.address === undefined ? [] : ['--node-ip', node.address]),
      ...['--port', String(config.kubeletPort)],
      ...['--ca-hash', caHash(readFileSync(join(config.directory.pki, 'ca.crt')))],
      ...['--cluster-dns', serviceAddress(choices.serviceCIDR, 10)],
      ...['--cluster-domain', choices.clusterDomain],
      ...['--log-level', config.logLevel],
      '--no-install',
      ...(config.stopPods ? ['--stop-pods'] : []),
    ],
    env: { GEOBUK_TOKEN: token }, // not among the arguments, which everybody on the machine can read
    logFile: join(config.directory.logs, apart ? `kubelet-${node.name}.log` : 'kubelet.log'),
  };
}

/** What a joining node checks the server's CA against: the hash of its public key, as kubeadm writes it. */
export function caHash(pem: string | Buffer): string {
  const key = new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}
