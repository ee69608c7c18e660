import type { ContainerSpec, LinuxResources, Mount, SandboxSpec, SeccompProfile } from '../runtime.js';
import { podLabels, restartCountAnnotation } from '../pod-labels.js';
import type { Sent } from './schema.js';

const labelsOf = ({ pod }: SandboxSpec): Record<string, string> => ({
  [podLabels.name]: pod.name,
  [podLabels.namespace]: pod.namespace,
  [podLabels.uid]: pod.uid,
});

/** The sandbox as CRI wants it; the same for RunPodSandbox and each CreateContainer. */
export function sandboxConfig(spec: SandboxSpec): Sent<'PodSandboxConfig'> {
  return {
    metadata: { ...spec.pod },
    // With the host's UTS namespace a hostname is refused.
    hostname: spec.namespaces.hostNetwork ? '' : spec.hostname,
    logDirectory: spec.logDirectory,
    dnsConfig: spec.dns,
    portMappings: spec.ports
      .filter((port) => port.hostPort !== 0)
      .map((port) => ({
        protocol: port.protocol,
        containerPort: port.containerPort,
        hostPort: port.hostPort,
        hostIp: port.hostIP,
      })),
    labels: { ...spec.labels, ...labelsOf(spec) },
    annotations: spec.annotations,
    linux: {
      cgroupParent: spec.cgroupParent,
      sysctls: spec.sysctls,
      resources: linuxResources(spec.resources),
      securityContext: {
        namespaceOptions: namespaceOption(spec.namespaces),
        runAsUser: int64(spec.runAsUser),
        runAsGroup: int64(spec.runAsGroup),
        supplementalGroups: spec.supplementalGroups,
        privileged: spec.privileged,
        seccomp: securityProfile(spec.seccomp, spec.privileged),
      },
    },
  };
}

export function containerConfig(spec: ContainerSpec, sandbox: SandboxSpec): Sent<'ContainerConfig'> {
  return {
    metadata: { name: spec.name, attempt: spec.attempt },
    image: { image: spec.imageRef, userSpecifiedImage: spec.image },
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    envs: spec.env.map(({ name, value }) => ({ key: name, value: Buffer.from(value) })),
    mounts: spec.mounts.map(mountOf),
    devices: spec.devices,
    labels: { ...spec.labels, ...labelsOf(sandbox), [podLabels.container]: spec.name },
    annotations: { ...spec.annotations, [restartCountAnnotation]: String(spec.attempt) },
    logPath: spec.logPath,
    stdin: spec.stdin,
    stdinOnce: spec.stdinOnce,
    tty: spec.tty,
    linux: { resources: linuxResources(spec.resources), securityContext: securityContext(spec.security) },
  };
}

export function linuxResources(resources: LinuxResources): Sent<'LinuxContainerResources'> {
  return {
    cpuPeriod: resources.cpuPeriod,
    cpuQuota: resources.cpuQuota,
    cpuShares: resources.cpuShares,
    memoryLimitInBytes: resources.memoryLimitBytes,
    oomScoreAdj: resources.oomScoreAdj,
    unified: resources.unified ?? {},
  };
}

function mountOf(mount: Mount): Sent<'Mount'> {
  return {
    containerPath: mount.containerPath,
    hostPath: mount.hostPath,
    readonly: mount.readonly,
    propagation: propagations[mount.propagation],
    image: mount.image === undefined ? undefined : { image: mount.image },
  };
}

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
} as const;

function securityContext(security: ContainerSpec['security']): Sent<'LinuxContainerSecurityContext'> {
  return {
    capabilities: {
      addCapabilities: security.addCapabilities.map(withoutPrefix),
      dropCapabilities: security.dropCapabilities.map(withoutPrefix),
    },
    privileged: security.privileged,
    namespaceOptions: namespaceOption(security.namespaces, security.targetContainerId),
    runAsUser: int64(security.runAsUser),
    runAsGroup: int64(security.runAsGroup),
    runAsUsername: security.runAsUserName ?? '',
    readonlyRootfs: security.readOnlyRootFilesystem,
    supplementalGroups: security.supplementalGroups,
    noNewPrivs: security.noNewPrivileges,
    maskedPaths: security.maskedPaths,
    readonlyPaths: security.readonlyPaths,
    seccomp: securityProfile(security.seccomp, security.privileged),
    // containerd 1.6 and others read the old string; it wins nowhere over the new field.
    apparmorProfile: security.appArmor ?? '',
    apparmor: appArmorProfile(security.appArmor),
  };
}

/** Pods may say `CAP_NET_ADMIN` or `NET_ADMIN`; engines want the latter. */
const withoutPrefix = (capability: string): string => capability.replace(/^CAP_/i, '');

function namespaceOption(namespaces: SandboxSpec['namespaces'], targetId = ''): Sent<'NamespaceOption'> {
  const ownPid = namespaces.sharePID ? 'POD' : 'CONTAINER';
  return {
    network: namespaces.hostNetwork ? 'NODE' : 'POD',
    pid: targetId !== '' ? 'TARGET' : namespaces.hostPID ? 'NODE' : ownPid,
    ipc: namespaces.hostIPC ? 'NODE' : 'POD',
    targetId,
  };
}

/** Without a word about seccomp a container runs unconfined, as in Kubernetes; a privileged one always does. */
function securityProfile(seccomp: SeccompProfile | undefined, privileged: boolean): Sent<'SecurityProfile'> {
  if (seccomp === undefined || privileged) return { profileType: 'Unconfined' };
  if (seccomp.type === 'Localhost') return { profileType: 'Localhost', localhostRef: seccomp.path };
  return { profileType: seccomp.type };
}

/** `runtime/default`, `unconfined` or `localhost/<profile>`. */
function appArmorProfile(profile: string | undefined): Sent<'SecurityProfile'> | undefined {
  if (profile === undefined || profile === '') return undefined;
  if (profile === 'runtime/default') return { profileType: 'RuntimeDefault' };
  if (profile === 'unconfined') return { profileType: 'Unconfined' };
  return { profileType: 'Localhost', localhostRef: profile.replace(/^localhost\//, '') };
}

const int64 = (value: number | undefined): Sent<'Int64Value'> | undefined =>
  value === undefined ? undefined : { value };
