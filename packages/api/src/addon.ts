import type { KubernetesObject } from './object.js';
import type { Condition, PolicyRule, ObjectMeta } from './generated/types.js';
import type { ResourceType } from './resource-type.js';

/** `addons.geobuk.dev/v1alpha1` Addon: cluster-scoped, the only truth about one addon. */
export interface Addon extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec: AddonSpec;
  readonly status?: AddonStatus | undefined;
}

export interface AddonSpec {
  readonly enabled: boolean;
  /** Where the package comes from; absent for what ships with the product. */
  readonly source?:
    | { readonly package: string; readonly version?: string | undefined; readonly integrity?: string | undefined }
    | undefined;
  /** Only what the user chose; defaults stay in the package's schema. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly updatePolicy?: 'Platform' | 'Pinned' | 'Auto' | undefined;
  readonly onDisable?: { readonly data?: 'Retain' | 'Delete' | undefined } | undefined;
}

export type AddonPhase =
  'Pending' | 'Blocked' | 'Installing' | 'Ready' | 'Degraded' | 'Disabling' | 'Disabled' | 'Failed';

export interface AddonStatus {
  readonly observedGeneration?: number | undefined;
  readonly phase?: AddonPhase | undefined;
  readonly installedVersion?: string | undefined;
  readonly availableVersion?: string | undefined;
  /** The inventory: exactly what was applied, in order. */
  readonly resources?: readonly AddonResource[] | undefined;
  /** DependenciesMet, ConfigValid, Applied, Ready, UpToDate, Pruned. */
  readonly conditions?: readonly Condition[] | undefined;
  readonly endpoints?: readonly { readonly name: string; readonly url: string }[] | undefined;
  readonly lastError?:
    | { readonly reason: string; readonly message: string; readonly at: string; readonly hint?: string | undefined }
    | undefined;
  /** From the package, so that CLI, TUI and dashboard need not load it. */
  readonly description?: string | undefined;
  readonly provides?: readonly string[] | undefined;
  readonly requires?: readonly string[] | undefined;
  readonly conflicts?: readonly string[] | undefined;
  readonly configSchema?: Readonly<Record<string, unknown>> | undefined;
  readonly permissions?: readonly PolicyRule[] | undefined;
}

export interface AddonResource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly ready?: boolean | undefined;
}

/** A resource like any other; its CRD is installed by the control plane. */
export const addons: ResourceType<Addon> = {
  group: 'addons.geobuk.dev',
  version: 'v1alpha1',
  kind: 'Addon',
  plural: 'addons',
  singular: 'addon',
  namespaced: false,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: [],
  categories: [],
  subresources: {
    status: { group: 'addons.geobuk.dev', version: 'v1alpha1', kind: 'Addon', verbs: ['get', 'patch', 'update'] },
  },
};

/** What an addon may know of the cluster it is for. */
export interface AddonCluster {
  /** Eight hex digits that tell clusters on one machine apart: part of link and table names. */
  readonly id: string;
  /** Pod network, such as `10.42.0.0/16`. */
  readonly podCIDR: string;
  /** Service network, such as `10.43.0.0/16`. */
  readonly serviceCIDR: string;
  /** Cluster DNS address inside `serviceCIDR`. */
  readonly dnsAddress: string;
  /** Such as `cluster.local`. */
  readonly domain: string;
  readonly version: string;
}

/** One continuous check of an addon; all must hold for Ready. */
export type AddonHealthCheck =
  | {
      readonly kind: 'workloadAvailable';
      readonly workload: 'Deployment' | 'DaemonSet' | 'StatefulSet';
      readonly namespace: string;
      readonly name: string;
    }
  | { readonly kind: 'apiAvailable'; readonly group: string; readonly version: string }
  | { readonly kind: 'http'; readonly url: string; readonly timeoutMs: number }
  | { readonly kind: 'dns'; readonly name: string; readonly server: string; readonly timeoutMs: number };

/** What an addon package exports by default; made by `defineAddon` of @geobuk/addon-sdk. */
export interface AddonDefinition<Config = Readonly<Record<string, unknown>>> {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Capabilities, such as `pod-network`, `dns`, `metrics.k8s.io`. */
  readonly provides: readonly string[];
  readonly requires: readonly string[];
  /** Capabilities that must not be provided by anybody else at the same time. */
  readonly conflicts: readonly string[];
  readonly enabledByDefault: boolean;
  /** JSON schema (2020-12) with defaults. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The RBAC rules its own ServiceAccount gets; shown before it is enabled. */
  readonly permissions: readonly PolicyRule[];
  readonly health: readonly AddonHealthCheck[];
  readonly ui?:
    { readonly endpoints?: readonly { readonly name: string; readonly url: string }[] | undefined } | undefined;
  /** Pure: the same config and cluster give the same objects, in the order to apply. */
  manifests(config: Config, cluster: AddonCluster): readonly KubernetesObject[];
}
