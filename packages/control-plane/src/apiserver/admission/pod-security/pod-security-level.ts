import {
  appArmorProfile,
  baselineCapabilities,
  baselineSeccomp,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinuxOptions,
  sysctls,
  windowsHostProcess,
} from './baseline-checks.js';
import type { Check, CheckedPod } from './pod-security-check.js';
import {
  allowPrivilegeEscalation,
  restrictedCapabilities,
  restrictedSeccomp,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
} from './restricted-checks.js';

export type Level = 'privileged' | 'baseline' | 'restricted';

export const isLevel = (text: string): text is Level =>
  text === 'privileged' || text === 'baseline' || text === 'restricted';

/** What each level checks, in the order in which a refusal names it. Follows: checklist 2.10.4. */
const checks: Readonly<Record<Level, readonly Check[]>> = {
  privileged: [],
  baseline: [
    appArmorProfile,
    baselineCapabilities,
    hostNamespaces,
    hostPathVolumes,
    hostPorts,
    hostProbes,
    privileged,
    procMount,
    seLinuxOptions,
    baselineSeccomp,
    sysctls,
    windowsHostProcess,
  ],
  // What a stricter check covers is not said twice.
  restricted: [
    allowPrivilegeEscalation,
    appArmorProfile,
    restrictedCapabilities,
    hostNamespaces,
    hostPorts,
    hostProbes,
    privileged,
    procMount,
    restrictedVolumes,
    runAsNonRoot,
    runAsUser,
    seLinuxOptions,
    restrictedSeccomp,
    sysctls,
    windowsHostProcess,
  ],
};

const windowsFree = new Set<Check>([allowPrivilegeEscalation, restrictedCapabilities, restrictedSeccomp]);

/** The minor version in which a check came; older policies do not have it. */
const since: ReadonlyMap<Check, number> = new Map([
  [allowPrivilegeEscalation, 8],
  [baselineSeccomp, 19],
  [restrictedSeccomp, 19],
  [restrictedCapabilities, 22],
  [runAsUser, 23],
  [hostProbes, 34],
]);

const minorOf = (version: string): number =>
  version === 'latest' ? Number.POSITIVE_INFINITY : Number(version.slice('v1.'.length));

/**
 * Every violation as one text; undefined when there is none.
 * @param version `latest` or `v1.x`: the checks as they were then.
 */
export function violations(level: Level, pod: CheckedPod, version = 'latest'): string | undefined {
  const minor = minorOf(version);
  const isWindows = pod.spec.os?.name === 'windows';
  const found = checks[level].flatMap((check) => {
    // Windows was held to everything before 1.25.
    if (isWindows && windowsFree.has(check) && minor >= 25) return [];
    if ((since.get(check) ?? 0) > minor) return [];
    const one = check(pod);
    return one === undefined ? [] : [`${one.reason} (${one.detail})`];
  });
  return found.length === 0 ? undefined : found.join(', ');
}
