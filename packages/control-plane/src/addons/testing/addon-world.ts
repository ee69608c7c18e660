import type { Addon, AddonDefinition, DaemonSet, KubernetesObject, ResourceType } from '@geobuk/api';
import { addons, daemonSets } from '@geobuk/api';
import type { Controller } from '@geobuk/client';
import type { FakeCall } from '@geobuk/client/testing';
import type { World } from '../../controllers/testing/turn-controllers.js';
import { turnControllers } from '../../controllers/testing/turn-controllers.js';
import type { AddonCatalogue } from '../addon-catalogue.js';
import { addonCatalogue } from '../addon-catalogue.js';
import type { RegistryAnswers } from '../addon-images.js';
import { createAddonReconciler } from '../addon-reconciler.js';
import type { FirstLogLine } from '../first-log-line.js';
import type { AddonReleases } from '../packages/addon-releases.js';

const { signal } = new AbortController();
export const cluster = {
  id: '0a1b2c3d',
  podCIDR: '10.42.0.0/16',
  serviceCIDR: '10.43.0.0/16',
  dnsAddress: '10.43.0.10',
  domain: 'cluster.local',
  version: 'v1.34.0',
};
export const namespace = 'kube-system';

/** An addon with one object of each sort, all in kube-system. */
export function definition(name: string, change: Partial<AddonDefinition> = {}): AddonDefinition {
  const labels = { 'addons.geobuk.dev/addon': name };
  return {
    name,
    version: '1.0.0',
    description: `Brings ${name}.`,
    provides: [name],
    requires: [],
    conflicts: [],
    enabledByDefault: true,
    config: {
      type: 'object',
      additionalProperties: false,
      properties: { color: { type: 'string', default: 'red' }, role: { type: 'boolean', default: true } },
    },
    permissions: [],
    health: [{ kind: 'workloadAvailable', workload: 'DaemonSet', namespace, name }],
    manifests: ({ color, role }) => [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name, labels } },
      ...(role === true
        ? [
            {
              apiVersion: 'rbac.authorization.k8s.io/v1',
              kind: 'ClusterRole',
              metadata: { name: `role-${name}`, labels },
            } as KubernetesObject,
          ]
        : []),
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name, labels },
        data: { color },
      } as KubernetesObject,
      {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: { namespace, name, labels },
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
      } as KubernetesObject,
    ],
    ...change,
  };
}

/** The reconciler over an API server in memory, with these addons installed. */
export async function startAddons(...definitions: readonly AddonDefinition[]) {
  return startReconciler(addonCatalogue(definitions));
}

export async function startReconciler(
  catalogue: AddonCatalogue,
  rest: {
    readonly releases?: AddonReleases;
    readonly registryAnswers?: RegistryAnswers;
    readonly logs?: FirstLogLine;
    readonly objects?: readonly KubernetesObject[];
    readonly discover?: () => readonly ResourceType[];
    /** Kinds that definitions of the test bring. */
    readonly types?: readonly ResourceType[];
  } = {},
) {
  const kubeSystem = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const writes: string[] = [];
  const types = [addons as ResourceType, ...(rest.types ?? [])];
  const create = (deps: World): readonly Controller[] => {
    deps.client.intercept = ({ verb, type, name, subresource }: FakeCall) => {
      if (verb !== 'get' && verb !== 'list' && verb !== 'watch')
        writes.push(`${verb} ${type.kind}/${name ?? ''}${subresource === undefined ? '' : `/${subresource}`}`);
    };
    return createAddonReconciler({ ...deps, ...rest, catalogue, cluster });
  };
  const world = await turnControllers([kubeSystem, ...(rest.objects ?? [])], create, () => [], types);
  await world.settle();
  const get = (name: string): Addon | undefined =>
    world.client.stored(addons).find(({ metadata }) => metadata.name === name);
  const condition = (name: string, type: string) => get(name)?.status?.conditions?.find((c) => c.type === type);
  const wish = async (name: string, spec: Partial<Addon['spec']>): Promise<void> => {
    await world.client.patch(addons, { name }, { type: 'merge', body: { spec } }, { signal });
    await world.settle();
  };
  const available = async (name: string, count = 1): Promise<void> => {
    const set = world.client.stored(daemonSets).find(({ metadata }) => metadata.name === name) as DaemonSet;
    const status = {
      observedGeneration: set.metadata.generation,
      currentNumberScheduled: 1,
      desiredNumberScheduled: 1,
      numberMisscheduled: 0,
      numberReady: count,
      numberAvailable: count,
      updatedNumberScheduled: count,
    };
    await world.client.updateStatus(daemonSets, { ...set, status }, { signal });
    await world.settle();
  };
  const names = <T extends KubernetesObject>(type: ResourceType<T>): readonly (string | undefined)[] =>
    world.client.stored(type).map(({ metadata }) => metadata.name);
  return {
    world,
    get,
    condition,
    wish,
    available,
    names,
    writes,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
