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

/** Every violation as one text; undefined when there is none. */
export function violations(level: Level, pod: CheckedPod): string | undefined {
  const isWindows = pod.spec.os?.name === 'windows';
  const found = checks[level].flatMap((check) => {
    if (isWindows && windowsFree.has(check)) return [];
    const one = check(pod);
    return one === undefined ? [] : [`${one.reason} (${one.detail})`];
  });
  return found.length === 0 ? undefined : found.join(', ');
}
