import { satisfiesRange } from './version-range.js';

/** What an addon requires: a capability, and of it perhaps only some versions (`dns@^1.2`). */
export interface RequiredCapability {
  readonly capability: string;
  /** Of the addon that provides it; undefined: any. */
  readonly range: string | undefined;
}

/** Whoever provides capabilities; `provides` may say a version of its own (`dns@1.1.0`), else the addon's counts. */
export interface CapabilityProvider {
  readonly provides: readonly string[];
  readonly version?: string | undefined;
}

export function parseRequirement(requirement: string): RequiredCapability {
  const at = requirement.indexOf('@');
  return at < 0
    ? { capability: requirement, range: undefined }
    : { capability: requirement.slice(0, at), range: requirement.slice(at + 1) };
}

/** The capability's name alone. */
export const capabilityOf = (text: string): string => parseRequirement(text).capability;

/** Whether it has the capability by name, whatever the version. */
export const offersCapability = ({ provides }: CapabilityProvider, requirement: string): boolean =>
  provides.some((offer) => capabilityOf(offer) === capabilityOf(requirement));

/** Whether it has the capability in a version that is asked for; a provider of unknown version is believed. */
export function meetsRequirement(provider: CapabilityProvider, requirement: string): boolean {
  const { capability, range } = parseRequirement(requirement);
  return provider.provides.map(parseRequirement).some((offer) => {
    if (offer.capability !== capability) return false;
    const version = offer.range ?? provider.version;
    return range === undefined || version === undefined || satisfiesRange(version, range);
  });
}
