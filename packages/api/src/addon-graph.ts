import { meetsRequirement, offersCapability } from './addon-capability.js';

/** What of an addon matters to the order and to who needs whom. */
export interface AddonNode {
  readonly name: string;
  readonly version?: string | undefined;
  /** Capabilities, such as `pod-network`. */
  readonly provides: readonly string[];
  /** Capabilities, of which perhaps only some versions will do: `dns@^1.2`. */
  readonly requires: readonly string[];
  readonly conflicts: readonly string[];
}

/** A capability that nobody among those looked at provides. */
export interface MissingCapability {
  readonly addon: string;
  /** As it is required, with the range of versions. */
  readonly capability: string;
  /** Those that have it in a version that will not do, as `name version`. */
  readonly unfit: readonly string[];
}

/** Two addons that cannot be enabled together. */
export interface AddonConflict {
  readonly addon: string;
  readonly other: string;
  readonly capability: string;
}

export interface AddonClosure {
  /** Providers first; holds the addons asked for too. */
  readonly order: readonly string[];
  /** Of `order`, those that are not enabled yet. */
  readonly enable: readonly string[];
  readonly missing: readonly MissingCapability[];
  readonly conflicts: readonly AddonConflict[];
  /** Each a ring of addons that require each other. They can still be enabled, together. */
  readonly cycles: readonly (readonly string[])[];
}

/**
 * Everything that must be enabled so that `wanted` can work. A capability that an enabled addon provides is met by
 * that one, otherwise by the first provider in `catalogue`.
 */
export function addonClosure(
  catalogue: readonly AddonNode[],
  enabled: ReadonlySet<string>,
  wanted: readonly string[],
): AddonClosure {
  const byName = new Map(catalogue.map((node) => [node.name, node]));
  const chosen = new Set<string>([...enabled].filter((name) => byName.has(name)));
  const missing: MissingCapability[] = [];
  const needed = new Set<string>();
  const queue = [...wanted];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const node = byName.get(name);
    if (node === undefined || needed.has(name)) continue;
    needed.add(name);
    chosen.add(name);
    for (const capability of node.requires) {
      const provider = providerOf(catalogue, capability, chosen, wanted);
      if (provider === undefined)
        missing.push({ addon: name, capability, unfit: unfitProviders(catalogue, capability) });
      else queue.push(provider.name);
    }
  }
  const { order, cycles } = addonOrder(catalogue.filter(({ name }) => needed.has(name)));
  const together = catalogue.filter(({ name }) => chosen.has(name));
  return {
    order,
    enable: order.filter((name) => !enabled.has(name)),
    missing,
    conflicts: together.flatMap((node) => addonConflicts(node, together)).filter(({ addon }) => needed.has(addon)),
    cycles,
  };
}

function providerOf(
  catalogue: readonly AddonNode[],
  capability: string,
  chosen: ReadonlySet<string>,
  wanted: readonly string[],
): AddonNode | undefined {
  const providers = catalogue.filter((node) => meetsRequirement(node, capability));
  return (
    providers.find(({ name }) => chosen.has(name)) ??
    providers.find(({ name }) => wanted.includes(name)) ??
    providers[0]
  );
}

/** Who has what is required, in a version that will not do: `dns 1.0.0`. */
export const unfitProviders = (nodes: readonly AddonNode[], requirement: string): readonly string[] =>
  nodes
    .filter((node) => offersCapability(node, requirement) && !meetsRequirement(node, requirement))
    .map(({ name, version = '' }) => `${name} ${version}`.trimEnd());

/** Those of `enabled` that offer a capability which `node` will not share with anybody, or the other way round. */
export function addonConflicts(node: AddonNode, enabled: readonly AddonNode[]): readonly AddonConflict[] {
  const clashes: AddonConflict[] = [];
  for (const other of enabled) {
    if (other.name === node.name) continue;
    const capability =
      node.conflicts.find((name) => offersCapability(other, name)) ??
      other.conflicts.find((name) => offersCapability(node, name));
    if (capability !== undefined) clashes.push({ addon: node.name, other: other.name, capability });
  }
  return clashes;
}

/** Capabilities that `node` requires and that none of `enabled` provides. */
export const unmetCapabilities = (node: AddonNode, enabled: readonly AddonNode[]): readonly string[] =>
  node.requires.filter((capability) => !enabled.some((other) => meetsRequirement(other, capability)));

/** The enabled addons that would lack something without `name`, also by way of others; those nearest to it first. */
export function addonDependants(name: string, enabled: readonly AddonNode[]): readonly string[] {
  const gone = new Set([name]);
  const dependants: string[] = [];
  for (let grown = true; grown;) {
    grown = false;
    const left = enabled.filter((node) => !gone.has(node.name));
    for (const node of left) {
      const lacks = unmetCapabilities(node, left).some((capability) =>
        enabled.some((other) => gone.has(other.name) && offersCapability(other, capability)),
      );
      if (!lacks) continue;
      dependants.push(node.name);
      gone.add(node.name);
      grown = true;
    }
  }
  return dependants;
}

/** Providers before those that require them; otherwise the order given. Rings are kept together and named. */
export function addonOrder(nodes: readonly AddonNode[]): {
  readonly order: readonly string[];
  readonly cycles: readonly (readonly string[])[];
} {
  const order: string[] = [];
  const cycles: (readonly string[])[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: AddonNode): void => {
    if (done.has(node.name)) return;
    const start = path.indexOf(node.name);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    path.push(node.name);
    for (const capability of node.requires) {
      for (const provider of nodes) {
        if (provider.name !== node.name && offersCapability(provider, capability)) visit(provider);
      }
    }
    path.pop();
    if (done.has(node.name)) return;
    done.add(node.name);
    order.push(node.name);
  };
  for (const node of nodes) visit(node);
  return { order, cycles };
}
