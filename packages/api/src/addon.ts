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
  readonly source?: AddonSource | undefined;
  /** Only what the user chose; defaults stay in the package's schema. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Platform (unless said): what ships with the product, or what `source` says. Pinned: what is installed stays.
   * Auto: of a package from a registry, always the newest version in the range of `source.version`.
   */
  readonly updatePolicy?: 'Platform' | 'Pinned' | 'Auto' | undefined;
  readonly onDisable?: { readonly data?: 'Retain' | 'Delete' | undefined } | undefined;
}

/** An npm package that does not ship with the product. */
export interface AddonSource {
  readonly package: string;
  /** A version; with the update policy Auto a range. */
  readonly version?: string | undefined;
  /** `sha512-…` that the archive must have; may be left out with the update policy Auto only. */
  readonly integrity?: string | undefined;
  /** What the package may do beyond reading, as `geobuk addon install` names it: `host`, `write`, … */
  readonly allow?: readonly string[] | undefined;
}

/** A version of a package that the cluster keeps as an AddonPackage, to go back to. */
export interface AddonRelease {
  readonly package: string;
  readonly version: string;
  readonly integrity: string;
}

/** The last change from one version to another, and how it ended. */
export interface AddonUpgrade {
  readonly from: string;
  readonly to: string;
  /** Of the package that was tried, where it has one; tells another archive of the same version apart. */
  readonly integrity?: string | undefined;
  readonly state: 'Progressing' | 'Succeeded' | 'RolledBack';
  readonly startedAt: string;
  /** The new version must stay healthy for a while before the old one is given up. */
  readonly healthySince?: string | undefined;
  /** Of the Addon object: a later change of its spec is a reason to try again. */
  readonly generation: number;
  readonly message?: string | undefined;
}

export interface AddonSize {
  /** Of the npm package, unpacked. */
  readonly packageBytes: number;
  /** Of the container images, as far as a node has them. */
  readonly imageBytes: number;
  /** What its pods request, those of DaemonSets counted once. */
  readonly memoryBytes: number;
}

export type AddonPhase =
  'Pending' | 'Blocked' | 'Installing' | 'Ready' | 'Degraded' | 'Disabling' | 'Disabled' | 'Failed';

/** What an addon is at: what the reconciler says, or what the switch means while nobody has answered yet. */
export const addonPhase = ({ spec, status }: Addon): AddonPhase =>
  status?.phase ?? (spec.enabled ? 'Pending' : 'Disabled');

export interface AddonStatus {
  readonly observedGeneration?: number | undefined;
  readonly phase?: AddonPhase | undefined;
  readonly installedVersion?: string | undefined;
  readonly availableVersion?: string | undefined;
  /** The last one that was Ready. */
  readonly release?: AddonRelease | undefined;
  readonly upgrade?: AddonUpgrade | undefined;
  readonly size?: AddonSize | undefined;
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
  /** Capabilities, where only some versions will do with a range: `dns@^1.2`. */
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
