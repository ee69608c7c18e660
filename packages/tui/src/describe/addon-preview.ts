import type { Addon } from '@geobuk/api';
import { addonState } from '../views/addons.js';

const nameOf = ({ metadata }: Addon): string => metadata.name ?? '';

/** Addons that provide a capability and are switched on. */
export const providersOf = (capability: string, all: readonly Addon[]): readonly Addon[] =>
  all.filter(({ spec, status }) => spec.enabled && status?.provides?.includes(capability) === true);

/** Addons now on that need something only `addon` provides. */
export function dependentsOf(addon: Addon, all: readonly Addon[]): readonly Addon[] {
  const provided = addon.status?.provides ?? [];
  return all.filter(
    (other) =>
      other !== addon &&
      other.spec.enabled &&
      (other.status?.requires ?? []).some(
        (need) =>
          provided.includes(need) && providersOf(need, all).every((provider) => nameOf(provider) === nameOf(addon)),
      ),
  );
}

/** What switching an addon would do; `blocked`: the reconciler would refuse, so it is not offered. */
export function addonPreview(
  addon: Addon,
  all: readonly Addon[],
  on: boolean,
): { readonly lines: readonly string[]; readonly blocked: boolean } {
  const { status } = addon;
  if (!on) {
    const dependents = dependentsOf(addon, all).map(nameOf);
    if (dependents.length > 0)
      return { blocked: true, lines: [`needed by ${dependents.join(', ')}: disable those first`] };
    const resources = status?.resources ?? [];
    return {
      blocked: false,
      lines: [
        `takes away exactly the ${resources.length} objects it brought:`,
        ...resources
          .slice(0, 10)
          .map(({ kind, namespace, name }) => `  - ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`),
        ...(resources.length > 10 ? [`  … and ${resources.length - 10} more`] : []),
        addon.spec.onDisable?.data === 'Delete' ? 'Its data is deleted too.' : 'Its data is kept.',
      ],
    };
  }
  const missing = (status?.requires ?? []).filter((need) => providersOf(need, all).length === 0);
  const rivals = (status?.conflicts ?? [])
    .flatMap((capability) => providersOf(capability, all))
    .filter((other) => nameOf(other) !== nameOf(addon));
  const permissions = status?.permissions ?? [];
  const lines = [
    ...(status?.description === undefined ? [] : [status.description]),
    `version ${status?.availableVersion ?? status?.installedVersion ?? 'unknown'}`,
    ...(status?.provides ?? []).map((capability) => `  + provides ${capability}`),
    ...(status?.requires ?? []).map((need) => {
      const by = providersOf(need, all).map((provider) => `${nameOf(provider)} (${addonState(provider)})`);
      return `  ${by.length === 0 ? '✖' : '✓'} needs ${need}${by.length === 0 ? ': nobody provides it' : `: ${by.join(', ')}`}`;
    }),
    ...rivals.map((rival) => `  ✖ conflicts with ${nameOf(rival)}`),
    ...(permissions.length === 0 ? [] : ['It will be allowed to:']),
    ...permissions
      .slice(0, 8)
      .map(
        ({ verbs, resources = [], nonResourceURLs = [] }) =>
          `  · ${verbs.join(', ')} ${[...resources, ...nonResourceURLs].join(', ')}`,
      ),
  ];
  return { lines, blocked: missing.length > 0 || rivals.length > 0 };
}
