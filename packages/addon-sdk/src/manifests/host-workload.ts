import type { AddonCluster, Container, DaemonSet, Deployment, EnvVar, PodTemplateSpec, Probe } from '@geobuk/api';
import { addonLabels, addonNamespace } from './labels.js';

/** A program of an addon package, to be run by the host runtime. */
export interface HostWorkload {
  /** The addon's name; also the name of its ServiceAccount. */
  readonly addon: string;
  /** The addon's name unless said. */
  readonly name?: string | undefined;
  /** Such as `@geobuk/addon-dns`; its `bin` is run. */
  readonly package: string;
  readonly version: string;
  readonly cluster: AddonCluster;
  /** Arrives in the program as `config` of its agent context. */
  readonly config: unknown;
  readonly args?: readonly string[] | undefined;
  readonly env?: readonly EnvVar[] | undefined;
  readonly cpu: string;
  readonly memory: string;
  readonly readinessProbe?: Probe | undefined;
  readonly livenessProbe?: Probe | undefined;
  readonly terminationGracePeriodSeconds?: number | undefined;
}

/**
 * One supervised process on every node, started before there is any pod network and on nodes with any taint.
 * Follows: system DaemonSets such as kube-proxy's.
 */
export function hostDaemonSet(workload: HostWorkload): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: metadataOf(workload),
    spec: {
      selector: { matchLabels: selectorOf(workload) },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      template: podTemplate(workload, 'system-node-critical'),
    },
  };
}

/**
 * Supervised processes on any node. The old one goes before the new one comes, since both would want the same ports of
 * the host.
 */
export function hostDeployment(workload: HostWorkload & { readonly replicas: number }): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(workload),
    spec: {
      replicas: workload.replicas,
      selector: { matchLabels: selectorOf(workload) },
      strategy: { type: 'Recreate' },
      template: podTemplate(workload, 'system-cluster-critical'),
    },
  };
}

const nameOf = ({ name, addon }: HostWorkload): string => name ?? addon;

const selectorOf = (workload: HostWorkload): Readonly<Record<string, string>> => ({
  'app.kubernetes.io/name': workload.addon,
  'app.kubernetes.io/component': nameOf(workload),
});

const labelsOf = (workload: HostWorkload): Readonly<Record<string, string>> => ({
  ...addonLabels(workload.addon),
  ...selectorOf(workload),
});

const metadataOf = (workload: HostWorkload) => ({
  namespace: addonNamespace,
  name: nameOf(workload),
  labels: labelsOf(workload),
});

function podTemplate(workload: HostWorkload, priorityClassName: string): PodTemplateSpec {
  return {
    metadata: { labels: labelsOf(workload) },
    spec: {
      runtimeClassName: 'host',
      hostNetwork: true,
      dnsPolicy: 'Default',
      serviceAccountName: workload.addon,
      priorityClassName,
      enableServiceLinks: false,
      // All of them: a node is not ready until the pod network is there, which is what some of these bring.
      tolerations: [{ operator: 'Exists' }],
      terminationGracePeriodSeconds: workload.terminationGracePeriodSeconds ?? 20,
      containers: [container(workload)],
    },
  };
}

function container(workload: HostWorkload): Container {
  const { cluster, config, args, env = [], cpu, memory, readinessProbe, livenessProbe } = workload;
  return {
    name: nameOf(workload),
    image: `npm:${workload.package}@${workload.version}`,
    imagePullPolicy: 'IfNotPresent',
    ...(args === undefined ? {} : { args }),
    env: [
      { name: 'GEOBUK_NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
      { name: 'GEOBUK_CLUSTER_ID', value: cluster.id },
      { name: 'GEOBUK_ADDON_CLUSTER', value: JSON.stringify(cluster) },
      { name: 'GEOBUK_ADDON_CONFIG', value: JSON.stringify(config) },
      ...env,
    ],
    resources: { requests: { cpu, memory } },
    ...(readinessProbe === undefined ? {} : { readinessProbe }),
    // A busy machine may take its time to start a program; only then is silence a reason to start it again.
    ...(livenessProbe === undefined
      ? {}
      : {
          livenessProbe,
          startupProbe: { ...livenessProbe, initialDelaySeconds: 0, periodSeconds: 1, failureThreshold: 120 },
        }),
  };
}

/** GET on the node itself; for programs of the host runtime. */
export const localHttpProbe = (port: number, path: string, rest: Partial<Probe> = {}): Probe => ({
  httpGet: { host: '127.0.0.1', port, path, scheme: 'HTTP' },
  periodSeconds: 5,
  timeoutSeconds: 2,
  failureThreshold: 3,
  ...rest,
});
