import type { Logger } from 'pino';
import type { ApiServerOptions } from './apiserver/options.js';

export type StoreConfig =
  | { readonly kind: 'nedb' }
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'etcd';
      readonly endpoints: readonly string[];
      readonly caFile?: string | undefined;
      readonly certFile?: string | undefined;
      readonly keyFile?: string | undefined;
    };

/** Everything that a control plane needs to know. Parsed and frozen by `cli`; nothing below reads flags or environment. */
export interface ControlPlaneConfig {
  /** Keys, certificates, kubeconfig and (with the embedded engine) the data. Absolute. */
  readonly dataDir: string;
  readonly store: StoreConfig;
  /** 0: any free port. */
  readonly port: number;
  /** The address to listen on, such as `0.0.0.0` or `127.0.0.1`. */
  readonly bind: string;
  /** Where nodes reach this server; absent: `bind`, or the machine's first outer address when that is a wildcard. */
  readonly advertiseAddress?: string | undefined;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDomain: string;
  /** Of cluster DNS, inside `serviceCIDR`. */
  readonly dnsAddress: string;
  /** Directories of addon packages. */
  readonly addonPackages: readonly string[];
  /** Where the product's own packages are found, for addons that come from elsewhere. */
  readonly addonModuleRoots?: readonly string[] | undefined;
  /** What kube-apiserver has flags for. */
  readonly apiServer?: ApiServerOptions | undefined;
  /** KubeSchedulerConfiguration v1; absent: one profile, as Kubernetes has it. */
  readonly schedulerConfigFile?: string | undefined;
  readonly log: Logger;
  /** Called once, when requests are answered. */
  readonly onReady?: (() => void) | undefined;
}

/** The configuration is at fault. The message is one line: what, why, what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}
