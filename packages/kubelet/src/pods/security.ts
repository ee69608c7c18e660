import type { Container, Pod, SeccompProfile as ApiSeccompProfile } from '@geobuk/api';
import type { ContainerSpec, ImageState, SandboxSpec, SeccompProfile } from '../runtime/runtime.js';

/** A container may not run as its security context demands. */
export class SecurityError extends Error {
  override readonly name = 'SecurityError';
}

/** What an unmasked /proc lacks. Follows: CRI defaults of masked and read-only paths. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export function seccompOf(profile: ApiSeccompProfile | undefined, profileRoot: string): SeccompProfile | undefined {
  switch (profile?.type) {
    case 'RuntimeDefault':
      return { type: 'RuntimeDefault' };
    case 'Unconfined':
      return { type: 'Unconfined' };
    case 'Localhost':
      return { type: 'Localhost', path: `${profileRoot}/${profile.localhostProfile ?? ''}` };
    default:
      return undefined;
  }
}

export const namespacesOf = ({ spec }: Pod): SandboxSpec['namespaces'] => ({
  hostNetwork: spec.hostNetwork === true,
  hostPID: spec.hostPID === true,
  hostIPC: spec.hostIPC === true,
  sharePID: spec.shareProcessNamespace === true,
});

export const supplementalGroupsOf = ({ spec }: Pod): readonly number[] => {
  const { supplementalGroups = [], fsGroup } = spec.securityContext ?? {};
  return fsGroup === undefined ? supplementalGroups : [...supplementalGroups, fsGroup];
};

/**
 * The rights of a container: its own word first, then the pod's.
 * Follows: determineEffectiveSecurityContext, verifyRunAsNonRoot.
 * @throws {SecurityError} runAsNonRoot and the image wants root, or nobody can tell.
 */
export function containerSecurity(
  pod: Pod,
  container: Container,
  image: ImageState | undefined,
  profileRoot: string,
  targetContainerId?: string,
): ContainerSpec['security'] {
  const ofPod = pod.spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const nonRoot = own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false;
  if (nonRoot) requireNonRoot(pod, container, runAsUser, image);
  const unmasked = own.procMount === 'Unmasked' || own.privileged === true;
  const appArmor = own.appArmorProfile ?? ofPod.appArmorProfile;
  // Without a user of its own, the image's holds: a number beats a name, since nobody needs to look it up.
  const user = runAsUser ?? (image?.username === undefined || image.username === '' ? image?.uid : undefined);
  return {
    privileged: own.privileged === true,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    runAsUser: user,
    runAsGroup: own.runAsGroup ?? ofPod.runAsGroup,
    runAsUserName: user === undefined ? image?.username : undefined,
    supplementalGroups: supplementalGroupsOf(pod),
    readOnlyRootFilesystem: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: seccompOf(own.seccompProfile ?? ofPod.seccompProfile, profileRoot),
    appArmor: appArmorName(appArmor?.type, appArmor?.localhostProfile),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    namespaces: namespacesOf(pod),
    targetContainerId,
  };
}

function appArmorName(type: string | undefined, profile: string | undefined): string | undefined {
  if (type === 'RuntimeDefault') return 'runtime/default';
  if (type === 'Unconfined') return 'unconfined';
  return type === 'Localhost' ? `localhost/${profile ?? ''}` : undefined;
}

function requireNonRoot(
  pod: Pod,
  { name }: Container,
  runAsUser: number | undefined,
  image: ImageState | undefined,
): void {
  const { name: podName, namespace, uid } = pod.metadata;
  const where = `(pod: "${podName}_${namespace}(${uid})", container: ${name})`;
  if (runAsUser === 0) throw new SecurityError(`container's runAsUser breaks non-root policy ${where}`);
  if (runAsUser !== undefined || image === undefined) return;
  if (image.uid === 0 || (image.uid === undefined && image.username === '')) {
    throw new SecurityError(`container has runAsNonRoot and image will run as root ${where}`);
  }
  if (image.uid === undefined && Number.isNaN(Number(image.username))) {
    throw new SecurityError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    );
  }
}
