import type { Addon, AddonCluster, AddonDefinition, KubernetesObject } from '@geobuk/api';
import { addonConflicts, addonDependants, resolveAddonConfig, unmetCapabilities } from '@geobuk/api';
import type { AddonCatalogue } from './addon-catalogue.js';
import { stamped } from './addon-drift.js';

/** What is to be done about an addon, before the world is looked at. */
export type AddonStanding =
  /** No such package is installed. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'install'; readonly objects: readonly KubernetesObject[] }
  /** The version that is there stays. */
  | { readonly kind: 'pinned' }
  /** Providers that were told to come but are not there yet. */
  | { readonly kind: 'waiting'; readonly on: readonly string[] }
  | { readonly kind: 'blocked'; readonly reason: string; readonly message: string; readonly hint: string }
  | { readonly kind: 'badConfig'; readonly message: string }
  /** Switched off, but enabled ones need it. */
  | { readonly kind: 'needed'; readonly by: readonly string[] }
  /** Switched off; `after` are dependants whose objects must go first. */
  | { readonly kind: 'remove'; readonly after: readonly string[] };

export const isApplied = ({ status }: Addon): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Applied' && value === 'True') ?? false;

export const hasObjects = ({ status }: Addon): boolean => (status?.resources ?? []).length > 0;

const isEnabled = ({ spec, metadata }: Addon): boolean => spec.enabled && metadata.deletionTimestamp === undefined;

/** One that must stay because others need it still provides what it provides. */
const isPresent = (addon: Addon): boolean =>
  isEnabled(addon) || (hasObjects(addon) && addon.status?.lastError?.reason === 'Needed');

/** Pure: from the wishes, the packages and what each addon has recorded. */
export function standingOf(
  addon: Addon,
  all: readonly Addon[],
  catalogue: AddonCatalogue,
  cluster: AddonCluster,
): AddonStanding {
  const name = addon.metadata.name ?? '';
  const definition = catalogue.get(name);
  const definitionsOf = (chosen: readonly Addon[]): readonly AddonDefinition[] =>
    chosen.flatMap(({ metadata }) => catalogue.get(metadata.name ?? '') ?? []);
  const others = all.filter(({ metadata }) => metadata.name !== name);
  const enabledOthers = definitionsOf(others.filter(isEnabled));
  if (!isEnabled(addon)) {
    if (definition === undefined) return { kind: 'remove', after: [] };
    const by = addonDependants(name, [...enabledOthers, definition]);
    // Whoever deletes the Addon itself has said that it must go; dependants then report what they lack.
    if (by.length > 0 && hasObjects(addon) && addon.metadata.deletionTimestamp === undefined)
      return { kind: 'needed', by };
    const leaving = others.filter((other) => !isEnabled(other) && hasObjects(other));
    const after = addonDependants(name, [...definitionsOf(leaving), definition]);
    return { kind: 'remove', after: after.filter((other) => !definitionRequires(definition, catalogue.get(other))) };
  }
  if (definition === undefined) return { kind: 'unknown' };
  return (
    conflictOf(addon, definition, others, enabledOthers) ??
    dependencyOf(addon, definition, others, definitionsOf(others.filter(isPresent)), catalogue) ??
    installOf(addon, definition, cluster)
  );
}

/** In a ring of addons nobody can go after the other. */
const definitionRequires = (definition: AddonDefinition, other: AddonDefinition | undefined): boolean =>
  other !== undefined && definition.requires.some((capability) => other.provides.includes(capability));

/** Of two that exclude each other, the one that is there stays; else the older wish wins. */
function conflictOf(
  addon: Addon,
  definition: AddonDefinition,
  others: readonly Addon[],
  enabledOthers: readonly AddonDefinition[],
): AddonStanding | undefined {
  for (const { other, capability } of addonConflicts(definition, enabledOthers)) {
    const rival = others.find(({ metadata }) => metadata.name === other);
    if (rival === undefined || rankOf(addon) < rankOf(rival)) continue;
    return {
      kind: 'blocked',
      reason: 'Conflict',
      message: `${other} provides ${capability} already, and both cannot`,
      hint: `disable ${other} first`,
    };
  }
  return undefined;
}

const rankOf = (addon: Addon): string =>
  `${hasObjects(addon) ? 0 : 1} ${addon.metadata.creationTimestamp ?? ''} ${addon.metadata.name ?? ''}`;

function dependencyOf(
  addon: Addon,
  definition: AddonDefinition,
  others: readonly Addon[],
  enabledOthers: readonly AddonDefinition[],
  catalogue: AddonCatalogue,
): AddonStanding | undefined {
  const missing = unmetCapabilities(definition, enabledOthers);
  const [capability] = missing;
  if (capability !== undefined) {
    const provider = catalogue.definitions.find(({ provides }) => provides.includes(capability));
    return {
      kind: 'blocked',
      reason: 'MissingDependency',
      message: `needs ${missing.join(', ')}, which no enabled addon provides`,
      hint: provider === undefined ? `install an addon that provides ${capability}` : `enable ${provider.name}`,
    };
  }
  // Only the first time: what is there already is not taken away because a provider is being repaired.
  if (hasObjects(addon)) return undefined;
  const on = definition.requires.flatMap((required) => {
    const providers = enabledOthers.filter(({ provides }) => provides.includes(required)).map(({ name }) => name);
    const there = others.some((other) => providers.includes(other.metadata.name ?? '') && isApplied(other));
    const inRing = enabledOthers.some(
      (other) => providers.includes(other.name) && other.requires.some((back) => definition.provides.includes(back)),
    );
    return there || inRing ? [] : providers.slice(0, 1);
  });
  return on.length === 0 ? undefined : { kind: 'waiting', on: [...new Set(on)] };
}

function installOf(addon: Addon, definition: AddonDefinition, cluster: AddonCluster): AddonStanding {
  const { updatePolicy, config } = addon.spec;
  const installed = addon.status?.installedVersion;
  if (updatePolicy === 'Pinned' && installed !== undefined && installed !== definition.version)
    return { kind: 'pinned' };
  const resolved = resolveAddonConfig(definition.config, config);
  if (!resolved.valid) {
    const message = resolved.errors.map(({ path, message: text }) => `${path}: ${text}`).join('; ');
    return { kind: 'badConfig', message };
  }
  return { kind: 'install', objects: definition.manifests(resolved.config, cluster).map(stamped) };
}
