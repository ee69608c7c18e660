import type { NodeAffinity, TopologySpreadConstraint } from '@geobuk/api';

/**
 * How the scheduler decides. Absent fields mean Kubernetes' defaults.
 * Follows: KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1), what of it concerns decisions.
 */
export interface KubeSchedulerConfiguration {
  readonly apiVersion?: 'kubescheduler.config.k8s.io/v1' | undefined;
  readonly kind?: 'KubeSchedulerConfiguration' | undefined;
  /** 1–100; 0 or absent: the larger the cluster, the smaller the share. */
  readonly percentageOfNodesToScore?: number | undefined;
  readonly podInitialBackoffSeconds?: number | undefined;
  readonly podMaxBackoffSeconds?: number | undefined;
  readonly profiles?: readonly KubeSchedulerProfile[] | undefined;
  readonly extenders?: readonly ExtenderConfig[] | undefined;
}

export interface KubeSchedulerProfile {
  readonly schedulerName?: string | undefined;
  readonly percentageOfNodesToScore?: number | undefined;
  readonly plugins?: ProfilePlugins | undefined;
  readonly pluginConfig?: readonly PluginConfig[] | undefined;
}

export interface ProfilePlugins {
  /** Every point a plugin has. */
  readonly multiPoint?: PluginSet | undefined;
  readonly preFilter?: PluginSet | undefined;
  readonly filter?: PluginSet | undefined;
  readonly postFilter?: PluginSet | undefined;
  readonly preScore?: PluginSet | undefined;
  readonly score?: PluginSet | undefined;
}

export interface PluginSet {
  readonly enabled?: readonly { readonly name: string; readonly weight?: number | undefined }[] | undefined;
  /** The name `*` is all that are on by default. */
  readonly disabled?: readonly { readonly name: string }[] | undefined;
}

export type PluginConfig =
  | { readonly name: 'NodeResourcesFit'; readonly args?: NodeResourcesFitArgs | undefined }
  | {
      readonly name: 'NodeResourcesBalancedAllocation';
      readonly args?: NodeResourcesBalancedAllocationArgs | undefined;
    }
  | { readonly name: 'NodeAffinity'; readonly args?: NodeAffinityArgs | undefined }
  | { readonly name: 'PodTopologySpread'; readonly args?: PodTopologySpreadArgs | undefined }
  | { readonly name: 'InterPodAffinity'; readonly args?: InterPodAffinityArgs | undefined }
  | { readonly name: 'DefaultPreemption'; readonly args?: DefaultPreemptionArgs | undefined }
  | { readonly name: 'VolumeBinding'; readonly args?: VolumeBindingArgs | undefined };

export interface NodeResourcesFitArgs {
  readonly ignoredResources?: readonly string[] | undefined;
  readonly ignoredResourceGroups?: readonly string[] | undefined;
  readonly scoringStrategy?:
    | {
        readonly type?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio' | undefined;
        readonly resources?: readonly ResourceSpec[] | undefined;
        readonly requestedToCapacityRatio?:
          { readonly shape: readonly { readonly utilization: number; readonly score: number }[] } | undefined;
      }
    | undefined;
}

export interface ResourceSpec {
  readonly name: string;
  readonly weight?: number | undefined;
}

export interface NodeResourcesBalancedAllocationArgs {
  readonly resources?: readonly ResourceSpec[] | undefined;
}

export interface NodeAffinityArgs {
  readonly addedAffinity?: NodeAffinity | undefined;
}

export interface PodTopologySpreadArgs {
  readonly defaultConstraints?: readonly TopologySpreadConstraint[] | undefined;
  readonly defaultingType?: 'System' | 'List' | undefined;
}

export interface InterPodAffinityArgs {
  /** What a running pod's required affinity is worth to a pod it speaks of, 0–100. */
  readonly hardPodAffinityWeight?: number | undefined;
  readonly ignorePreferredTermsOfExistingPods?: boolean | undefined;
}

export interface DefaultPreemptionArgs {
  readonly minCandidateNodesPercentage?: number | undefined;
  readonly minCandidateNodesAbsolute?: number | undefined;
}

export interface VolumeBindingArgs {
  /** How long volumes may take until the pod is tried elsewhere; 600 unless said. */
  readonly bindTimeoutSeconds?: number | undefined;
  /** Points of a volume, or of a place for one, by the share of it that the claim takes. Absent: the fuller, the better. */
  readonly shape?: readonly { readonly utilization: number; readonly score: number }[] | undefined;
}

/** A decision maker outside, asked over HTTP. */
export interface ExtenderConfig {
  readonly urlPrefix: string;
  readonly filterVerb?: string | undefined;
  readonly prioritizeVerb?: string | undefined;
  /** It writes the binding itself, for the pods it is interested in. */
  readonly bindVerb?: string | undefined;
  readonly weight?: number | undefined;
  readonly enableHTTPS?: boolean | undefined;
  readonly tlsConfig?: ExtenderTlsConfig | undefined;
  readonly httpTimeoutSeconds?: number | undefined;
  /** It knows the nodes itself: only names go over the wire. */
  readonly nodeCacheCapable?: boolean | undefined;
  /** Asked only about pods that request one of these; absent: about all. */
  readonly managedResources?:
    | readonly {
        readonly name: string;
        /** NodeResourcesFit does not look at it: the extender does. */
        readonly ignoredByScheduler?: boolean | undefined;
      }[]
    | undefined;
  /** When it cannot be reached, go on without it. */
  readonly ignorable?: boolean | undefined;
}

/** Follows: ExtenderTLSConfig. Data is base64 of PEM and goes before the file. */
export interface ExtenderTlsConfig {
  readonly insecure?: boolean | undefined;
  readonly serverName?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly certData?: string | undefined;
  readonly keyData?: string | undefined;
  readonly caData?: string | undefined;
}
