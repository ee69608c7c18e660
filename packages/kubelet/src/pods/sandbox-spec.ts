import type { Pod } from '@geobuk/api';
import type { SandboxSpec } from '../runtime/runtime.js';
import { allContainersOf } from './pod-containers.js';
import { cgroupParentOf, podResources } from './resources.js';
import { namespacesOf, seccompOf, supplementalGroupsOf } from './security.js';

export interface SandboxFacts {
  readonly attempt: number;
  readonly handler: string;
  readonly hostname: string;
  readonly dns: SandboxSpec['dns'];
  readonly logDirectory: string;
  /** Undefined: the engine's own place. */
  readonly cgroupRoot: string | undefined;
  readonly seccompRoot: string;
}

/** `<root>/<namespace>_<name>_<uid>`, as log shippers expect it. */
export const logDirectoryOf = ({ metadata }: Pod, root: string): string =>
  `${root}/${metadata.namespace}_${metadata.name}_${metadata.uid}`;

/** Follows: generatePodSandboxConfig. Pure. */
export function sandboxSpec(pod: Pod, facts: SandboxFacts): SandboxSpec {
  const { name = '', namespace = '', uid = '', labels = {}, annotations = {} } = pod.metadata;
  const { securityContext = {} } = pod.spec;
  return {
    pod: { name, namespace, uid, attempt: facts.attempt },
    hostname: facts.hostname,
    logDirectory: facts.logDirectory,
    dns: facts.dns,
    ports: portsOf(pod),
    labels,
    annotations,
    handler: facts.handler,
    cgroupParent: facts.cgroupRoot === undefined ? '' : cgroupParentOf(pod, facts.cgroupRoot),
    sysctls: Object.fromEntries((securityContext.sysctls ?? []).map((sysctl) => [sysctl.name, sysctl.value])),
    namespaces: namespacesOf(pod),
    privileged: allContainersOf(pod).some(({ spec }) => spec.securityContext?.privileged === true),
    runAsUser: securityContext.runAsUser,
    runAsGroup: securityContext.runAsGroup,
    supplementalGroups: supplementalGroupsOf(pod),
    seccomp: seccompOf(securityContext.seccompProfile ?? { type: 'RuntimeDefault' }, facts.seccompRoot),
    resources: podResources(pod),
  };
}

function portsOf(pod: Pod): SandboxSpec['ports'] {
  if (pod.spec.hostNetwork === true) return [];
  return allContainersOf(pod)
    .flatMap(({ spec }) => spec.ports ?? [])
    .map(({ protocol = 'TCP', containerPort, hostPort = 0, hostIP = '' }) => ({
      protocol: protocol as 'TCP' | 'UDP' | 'SCTP',
      containerPort,
      hostPort,
      hostIP,
    }));
}
