import type { Addon, AddonNode } from '@geobuk/api';
import {
  addonConflicts,
  addonDependants,
  meetsRequirement,
  offersCapability,
  resolveAddonConfig,
  unfitProviders,
  unmetCapabilities,
} from '@geobuk/api';
import type { AddonFacts } from './packages/evaluate-addon.js';

/** What is to be done about an addon, before the world is looked at. */
export type AddonStanding =
  /** No such package is installed. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'install'; readonly config: Readonly<Record<string, unknown>> }
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

/** What matters of an addon to the others: from its package, else from what it recorded. */
export type NodeOf = (addon: Addon) => AddonNode | undefined;

/** Pure: from the wishes, the packages and what each addon has recorded. */
export function standingOf(
  addon: Addon,
  facts: AddonFacts | undefined,
  all: readonly Addon[],
  nodeOf: NodeOf,
): AddonStanding {
  const name = addon.metadata.name ?? '';
  const nodesOf = (chosen: readonly Addon[]): readonly AddonNode[] => chosen.flatMap((one) => nodeOf(one) ?? []);
  const others = all.filter(({ metadata }) => metadata.name !== name);
  const enabledOthers = nodesOf(others.filter(isEnabled));
  if (!isEnabled(addon)) {
    const node = facts ?? nodeOf(addon);
    if (node === undefined) return { kind: 'remove', after: [] };
    const by = addonDependants(name, [...enabledOthers, node]);
    // Whoever deletes the Addon itself has said that it must go; dependants then report what they lack.
    if (by.length > 0 && hasObjects(addon) && addon.metadata.deletionTimestamp === undefined)
      return { kind: 'needed', by };
    const leaving = nodesOf(others.filter((other) => !isEnabled(other) && hasObjects(other)));
    const after = addonDependants(name, [...leaving, node]);
    return { kind: 'remove', after: after.filter((other) => !requires(node, nodeNamed(leaving, other))) };
  }
  if (facts === undefined) return { kind: 'unknown' };
  return (
    conflictOf(addon, facts, others, enabledOthers) ??
    dependencyOf(addon, facts, others, nodesOf(others.filter(isPresent)), nodesOf(others)) ??
    configured(addon, facts)
  );
}

const nodeNamed = (nodes: readonly AddonNode[], name: string): AddonNode | undefined =>
  nodes.find((node) => node.name === name);

/** In a ring of addons nobody can go after the other. */
const requires = (node: AddonNode, other: AddonNode | undefined): boolean =>
  other !== undefined && node.requires.some((capability) => offersCapability(other, capability));

/** Of two that exclude each other, the one that is there stays; else the older wish wins. */
function conflictOf(
  addon: Addon,
  facts: AddonFacts,
  others: readonly Addon[],
  enabledOthers: readonly AddonNode[],
): AddonStanding | undefined {
  for (const { other, capability } of addonConflicts(facts, enabledOthers)) {
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
  facts: AddonFacts,
  others: readonly Addon[],
  present: readonly AddonNode[],
  known: readonly AddonNode[],
): AddonStanding | undefined {
  const missing = unmetCapabilities(facts, present);
  const [capability] = missing;
  if (capability !== undefined) {
    const unfit = unfitProviders(present, capability);
    if (unfit.length > 0) {
      return {
        kind: 'blocked',
        reason: 'VersionConflict',
        message: `needs ${capability}, and there is ${unfit.join(', ')}`,
        hint: `install a version of it that ${capability} means`,
      };
    }
    const provider = known.find((node) => meetsRequirement(node, capability));
    return {
      kind: 'blocked',
      reason: 'MissingDependency',
      message: `needs ${missing.join(', ')}, which no enabled addon provides`,
      hint: provider === undefined ? `install an addon that provides ${capability}` : `enable ${provider.name}`,
    };
  }
  // Only the first time: what is there already is not taken away because a provider is being repaired.
  if (hasObjects(addon)) return undefined;
  const on = facts.requires.flatMap((required) => {
    const providers = present.filter((node) => meetsRequirement(node, required));
    const names = providers.map(({ name }) => name);
    const there = others.some((other) => names.includes(other.metadata.name ?? '') && isApplied(other));
    const inRing = providers.some((other) => requires(other, facts));
    return there || inRing ? [] : names.slice(0, 1);
  });
  return on.length === 0 ? undefined : { kind: 'waiting', on: [...new Set(on)] };
}

function configured(addon: Addon, facts: AddonFacts): AddonStanding {
  const resolved = resolveAddonConfig(facts.config, addon.spec.config);
  if (!resolved.valid) {
    const message = resolved.errors.map(({ path, message: text }) => `${path}: ${text}`).join('; ');
    return { kind: 'badConfig', message };
  }
  return { kind: 'install', config: resolved.config };
}
