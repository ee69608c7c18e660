import type { ContainerSpec, LinuxResources, SandboxSpec } from '../runtime.js';

const noLimits: LinuxResources = { cpuShares: 2, cpuPeriod: 0, cpuQuota: 0, memoryLimitBytes: 0, oomScoreAdj: 0 };

/** A sandbox on the host's network; a test says only what it is about. */
export function sandboxSpec(uid: string, changes: Partial<SandboxSpec> = {}): SandboxSpec {
  return {
    pod: { name: `pod-${uid}`, namespace: 'default', uid, attempt: 0 },
    hostname: `pod-${uid}`,
    logDirectory: '/var/log/pods',
    dns: { servers: [], searches: [], options: [] },
    ports: [],
    labels: { app: uid },
    annotations: {},
    handler: '',
    cgroupParent: '',
    sysctls: {},
    namespaces: { hostNetwork: true, hostPID: false, hostIPC: false, sharePID: false },
    privileged: false,
    supplementalGroups: [],
    resources: noLimits,
    ...changes,
  };
}

/** A container of the image, on its defaults. */
export function containerSpec(name: string, image: string, changes: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name,
    attempt: 0,
    image,
    imageRef: image,
    command: [],
    args: [],
    workingDir: '',
    env: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `${name}/0.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: noLimits,
    security: {
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readOnlyRootFilesystem: false,
      noNewPrivileges: false,
      maskedPaths: [],
      readonlyPaths: [],
      namespaces: { hostNetwork: true, hostPID: false, hostIPC: false, sharePID: false },
    },
    ...changes,
  };
}
