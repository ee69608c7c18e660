import type { Taint } from '@geobuk/api';
import type { Logger } from 'pino';
import type { ShutdownConfig } from './node/shutdown/shutdown-plan.js';
import type { EvictionConfig } from './eviction/thresholds.js';

/** What a kubelet is told. Directories are made when they are not there. */
export interface KubeletConfig {
  readonly nodeName: string;
  /** `https://host:port` of an API server. */
  readonly server: string;
  /** For the first start; afterwards the node has a certificate of its own. */
  readonly bootstrapToken?: string | undefined;
  /** `sha256:<hex>` of the public key of the cluster's CA: who answers with another one is not believed. */
  readonly caHash?: string | undefined;
  /** PEM; instead of asking the server for it. */
  readonly ca?: string | undefined;
  /** Keys, certificates, pods' files and logs lie below it. */
  readonly dataDir: string;
  readonly nodeIp?: string | undefined;
  /** Of an engine that runs already; absent: a private containerd is started below `dataDir`. */
  readonly containerdSocket?: string | undefined;
  /** Port of the kubelet's own server; 0: any free one. */
  readonly port?: number | undefined;
  /** Address the server listens on; all unless said. */
  readonly address?: string | undefined;
  readonly clusterDNS?: string | undefined;
  /** `cluster.local` unless said. */
  readonly clusterDomain?: string | undefined;
  /** 110 unless said. */
  readonly maxPods?: number | undefined;
  /** `<dataDir>/logs/pods` unless said. */
  readonly podLogsRoot?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** On the node when it is registered first. */
  readonly taints?: readonly Taint[] | undefined;
  /** Directories whose `node_modules` hold packages for host pods. */
  readonly npmModuleRoots?: readonly string[] | undefined;
  /** Where packages that are not installed are put. */
  readonly npmDirectory?: string | undefined;
  /** More environment for host pods. */
  readonly hostPodEnv?: Readonly<Record<string, string>> | undefined;
  /** Stops all pods' containers when the kubelet stops; otherwise they run on. */
  readonly stopPods?: boolean | undefined;
  readonly allowedUnsafeSysctls?: readonly string[] | undefined;
  /** Root of pods' cgroups on this machine, such as `/geobuk-1a2b3c4d`; '' for the real one. Absent: made from `dataDir`. */
  readonly cgroupRoot?: string | undefined;
  /** When pods go before the node runs out of something; Kubernetes' own hard thresholds unless said. */
  readonly eviction?: EvictionConfig | undefined;
  /** How long pods have when the machine goes down; they are not ended then unless said. */
  readonly shutdown?: ShutdownConfig | undefined;
  readonly log: Logger;
  /** Called once, when the node is Ready. */
  readonly onReady?: (() => void) | undefined;
}
