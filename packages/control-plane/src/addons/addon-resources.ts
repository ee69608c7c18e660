import type { AddonCluster, AddonResource, KubernetesObject, Pod, ResourceType } from '@geobuk/api';
import {
  apiVersionOf,
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  daemonSets,
  deployments,
  ignoring,
  isNotFound,
  pods,
  resolveAddonConfig,
  resourceOfKind,
  serviceAccounts,
  services,
} from '@geobuk/api';
import type { Client, InformerScope, Informers, Lister } from '@geobuk/client';
import type { AddonCatalogue } from './addon-catalogue.js';
import { resourceText } from './addon-diff.js';

/** Says which addon an object belongs to. */
export const addonLabel = 'addons.geobuk.dev/addon';
/** Only what addons brought. */
export const addonScope: InformerScope = { labelSelector: addonLabel };

const usual: readonly ResourceType[] = [
  serviceAccounts,
  clusterRoles,
  clusterRoleBindings,
  configMaps,
  services,
  deployments,
  daemonSets,
] as readonly ResourceType[];

const idOf = (type: ResourceType): string => `${apiVersionOf(type)}/${type.kind}`;

/** The built-in kinds that the addons of the catalogue bring with their defaults: those are watched for drift. */
export function watchedTypes(catalogue: AddonCatalogue, cluster: AddonCluster): readonly ResourceType[] {
  const types = new Map(usual.map((type) => [idOf(type), type]));
  for (const definition of catalogue.definitions) {
    const resolved = resolveAddonConfig(definition.config, {});
    if (!resolved.valid) continue;
    for (const { apiVersion = '', kind = '' } of definition.manifests(resolved.config, cluster)) {
      const type = resourceOfKind(apiVersion, kind);
      if (type !== undefined) types.set(idOf(type), type);
    }
  }
  return [...types.values()];
}

/** The server does not have a kind, so no object of it either. */
export class UnknownKindError extends Error {
  override readonly name = 'UnknownKindError';
}

export interface AddonResourcesDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly watched: readonly ResourceType[];
  /** Everything the server has now, CRDs included. */
  readonly discover: () => readonly ResourceType[];
}

/** Access to objects of any kind by what the inventory says of them. */
export class AddonResources {
  readonly #client: Client;
  readonly #discover: () => readonly ResourceType[];
  readonly #listers: ReadonlyMap<string, Lister<KubernetesObject>>;
  readonly #pods: Lister<Pod>;

  constructor({ client, informers, watched, discover }: AddonResourcesDeps) {
    this.#client = client;
    this.#discover = discover;
    this.#listers = new Map(watched.map((type) => [idOf(type), informers.of(type, addonScope).lister]));
    const podInformer = informers.of(pods, addonScope);
    podInformer.addIndex('addon', ({ metadata }) => [metadata.labels?.[addonLabel] ?? '']);
    this.#pods = podInformer.lister;
  }

  /** @throws {UnknownKindError} a kind that the server does not have (yet). */
  typeOf(resource: AddonResource): ResourceType {
    const { apiVersion, kind } = resource;
    const type = this.#findType(resource);
    if (type === undefined)
      throw new UnknownKindError(`${resourceText(resource)}: the server has no ${apiVersion} ${kind}`);
    return type;
  }

  #findType({ apiVersion, kind }: AddonResource): ResourceType | undefined {
    return (
      resourceOfKind(apiVersion, kind) ??
      this.#discover().find((candidate) => apiVersionOf(candidate) === apiVersion && candidate.kind === kind)
    );
  }

  /** Whether a change would be noticed by a watch. */
  isWatched = ({ apiVersion, kind }: AddonResource): boolean => this.#listers.has(`${apiVersion}/${kind}`);

  /** From memory; undefined for kinds that are not watched. */
  get({ apiVersion, kind, namespace, name }: AddonResource): KubernetesObject | undefined {
    return this.#listers.get(`${apiVersion}/${kind}`)?.get(namespace === undefined ? { name } : { namespace, name });
  }

  /** From the server; undefined when it is not there. */
  async read(
    resource: AddonResource,
    options: { readonly signal: AbortSignal },
  ): Promise<KubernetesObject | undefined> {
    const { namespace, name } = resource;
    const key = namespace === undefined ? { name } : { namespace, name };
    const type = this.#findType(resource);
    return type === undefined ? undefined : this.#client.read(type, key, options).catch(ignoring(isNotFound));
  }

  podsOf(addon: string): readonly Pod[] {
    return this.#pods.byIndex('addon', addon);
  }
}
