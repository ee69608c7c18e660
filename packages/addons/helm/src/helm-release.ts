import type { Condition, KubernetesObject, ObjectMeta, ResourceType } from '@geobuk/api';

/** `helm.geobuk.dev/v1alpha1` HelmRelease: a chart that is to be installed, with its values. */
export interface HelmRelease extends KubernetesObject {
  readonly metadata: ObjectMeta;
  readonly spec: HelmReleaseSpec;
  readonly status?: HelmReleaseStatus | undefined;
}

export interface HelmReleaseSpec {
  readonly chart: Chart;
  readonly releaseName?: string | undefined;
  readonly targetNamespace?: string | undefined;
  readonly createNamespace?: boolean | undefined;
  /** Helm acts as this ServiceAccount of the release's own namespace. */
  readonly serviceAccountName?: string | undefined;
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  readonly valuesFrom?: readonly ValuesSource[] | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly intervalSeconds?: number | undefined;
  readonly retries?: number | undefined;
  readonly onFailure?: 'Rollback' | 'None' | undefined;
  readonly drift?: 'Repair' | 'Report' | 'Ignore' | undefined;
  readonly historyLimit?: number | undefined;
  readonly suspend?: boolean | undefined;
}

/** Exactly one of `repository` with `name`, `oci`, `path`, `configMap`. */
export interface Chart {
  readonly repository?: string | undefined;
  readonly name?: string | undefined;
  readonly oci?: string | undefined;
  readonly path?: string | undefined;
  readonly configMap?: { readonly name: string; readonly key: string } | undefined;
  readonly version?: string | undefined;
}

export interface ValuesSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly key?: string | undefined;
  readonly optional?: boolean | undefined;
}

export interface HelmReleaseStatus {
  readonly observedGeneration?: number | undefined;
  readonly conditions?: readonly Condition[] | undefined;
  readonly revision?: number | undefined;
  /** Of the chart and values that were tried last. */
  readonly attemptedDigest?: string | undefined;
  readonly failures?: number | undefined;
  readonly history?: readonly HistoryEntry[] | undefined;
}

export interface HistoryEntry {
  readonly revision: number;
  readonly status: string;
  readonly chart: string;
  readonly updated: string;
  readonly description: string;
}

const group = 'helm.geobuk.dev';
const version = 'v1alpha1';
const kind = 'HelmRelease';

export const helmReleases: ResourceType<HelmRelease> = {
  group,
  version,
  kind,
  plural: 'helmreleases',
  singular: 'helmrelease',
  namespaced: true,
  verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['hr'],
  categories: [],
  subresources: { status: { group, version, kind, verbs: ['get', 'patch', 'update'] } },
};

export const releaseNameOf = ({ metadata, spec }: HelmRelease): string => spec.releaseName ?? metadata.name ?? '';
export const targetOf = ({ metadata, spec }: HelmRelease): string => spec.targetNamespace ?? metadata.namespace ?? '';
