import { createHash } from 'node:crypto';
import { bytesOf } from '@geobuk/api';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '@geobuk/api';
import type { AccessMode, CsiRequest, NodeCapability } from './schema.js';

export interface SecretKey {
  readonly namespace: string;
  readonly name: string;
}

/** A volume that a CSI driver makes, wherever it is written: in a PersistentVolume, or in the pod itself. */
export interface CsiVolume {
  /** The PersistentVolume's name, or the volume's in the pod. */
  readonly name: string;
  readonly driver: string;
  readonly handle: string;
  readonly lifecycle: 'Persistent' | 'Ephemeral';
  readonly block: boolean;
  readonly readOnly: boolean;
  readonly fsType: string;
  readonly mountOptions: readonly string[];
  readonly accessModes: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly stageSecret: SecretKey | undefined;
  readonly publishSecret: SecretKey | undefined;
  readonly expandSecret: SecretKey | undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const secretKey = (ref: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined) =>
  ref?.name === undefined ? undefined : { namespace: ref.namespace ?? '', name: ref.name };

/** @returns `undefined` where the volume is none of a CSI driver. */
export function persistentCsiVolume(volume: PersistentVolume, claimReadOnly: boolean): CsiVolume | undefined {
  const { csi, accessModes = [], mountOptions = [], volumeMode } = volume.spec;
  if (csi === undefined) return undefined;
  return {
    name: volume.metadata.name ?? '',
    driver: csi.driver,
    handle: csi.volumeHandle,
    lifecycle: 'Persistent',
    block: volumeMode === 'Block',
    readOnly: claimReadOnly || csi.readOnly === true,
    fsType: csi.fsType ?? '',
    mountOptions,
    accessModes,
    attributes: csi.volumeAttributes ?? {},
    stageSecret: secretKey(csi.nodeStageSecretRef),
    publishSecret: secretKey(csi.nodePublishSecretRef),
    expandSecret: secretKey(csi.nodeExpandSecretRef),
  };
}

/** Written in the pod, and gone with it. @returns `undefined` where it is of another kind. */
export function inlineCsiVolume(pod: Pod, volume: Volume): CsiVolume | undefined {
  const { csi } = volume;
  if (csi === undefined) return undefined;
  const { namespace = '', uid = '' } = pod.metadata;
  const secret = csi.nodePublishSecretRef?.name;
  return {
    name: volume.name,
    driver: csi.driver,
    handle: `csi-${sha256(`${uid}${volume.name}`)}`,
    lifecycle: 'Ephemeral',
    block: false,
    readOnly: csi.readOnly === true,
    fsType: csi.fsType ?? '',
    mountOptions: [],
    accessModes: [],
    attributes: csi.volumeAttributes ?? {},
    stageSecret: undefined,
    publishSecret: secret === undefined ? undefined : { namespace, name: secret },
    expandSecret: undefined,
  };
}

/** As the Node's status and the attach/detach controller name it. */
export const uniqueVolumeName = ({ driver, handle }: Pick<CsiVolume, 'driver' | 'handle'>): string =>
  `kubernetes.io/csi/${driver}^${handle}`;

/** Name of the VolumeAttachment of this volume on this node. Follows: getAttachmentName. */
export const attachmentName = ({ driver, handle }: CsiVolume, nodeName: string): string =>
  `csi-${sha256(`${handle}${driver}${nodeName}`)}`;

export const handleDigest = (handle: string): string => sha256(handle);

/** Follows: asCSIAccessMode, of the first mode; ReadWriteOnce where there is none. */
export function accessModeOf(modes: readonly string[], capabilities: ReadonlySet<NodeCapability>): AccessMode {
  const fine = capabilities.has('SINGLE_NODE_MULTI_WRITER');
  switch (modes[0] ?? 'ReadWriteOnce') {
    case 'ReadWriteOnce':
      return fine ? 'SINGLE_NODE_MULTI_WRITER' : 'SINGLE_NODE_WRITER';
    case 'ReadOnlyMany':
      return 'MULTI_NODE_READER_ONLY';
    case 'ReadWriteMany':
      return 'MULTI_NODE_MULTI_WRITER';
    case 'ReadWriteOncePod':
      return fine ? 'SINGLE_NODE_SINGLE_WRITER' : 'SINGLE_NODE_WRITER';
    default:
      return 'UNKNOWN';
  }
}

/** How the driver is to give the volume. `mountGroup`: for drivers that see to the pod's fsGroup themselves. */
export function capabilityOf(
  { block, fsType, mountOptions, accessModes }: CsiVolume,
  capabilities: ReadonlySet<NodeCapability>,
  mountGroup: number | undefined,
): CsiRequest<'VolumeCapability'> {
  const accessMode = { mode: accessModeOf(accessModes, capabilities) };
  if (block) return { block: {}, accessMode };
  const volumeMountGroup = mountGroup === undefined ? '' : String(mountGroup);
  return { mount: { fsType, mountFlags: mountOptions, volumeMountGroup }, accessMode };
}

/** Whether the kubelet hands the files to the pod's fsGroup. Follows: supportsFSGroup. */
export function takesFsGroup(volume: CsiVolume, driver: CSIDriver | undefined): boolean {
  if (volume.block || volume.readOnly) return false;
  switch (driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType') {
    case 'File':
      return true;
    case 'ReadWriteOnceWithFSType':
      return volume.fsType !== '' && (volume.lifecycle === 'Ephemeral' || volume.accessModes.includes('ReadWriteOnce'));
    default:
      return false;
  }
}

/** Why the driver cannot make a volume of this kind. */
export function lifecycleRefusal(volume: CsiVolume, driver: CSIDriver | undefined): string | undefined {
  if (driver === undefined)
    return volume.lifecycle === 'Persistent'
      ? undefined
      : `volume mode "Ephemeral" not supported by driver ${volume.driver} (no CSIDriver object)`;
  const modes = driver.spec.volumeLifecycleModes ?? ['Persistent'];
  if (modes.includes(volume.lifecycle)) return undefined;
  return `volume mode "${volume.lifecycle}" not supported by driver ${volume.driver} (only supports [${modes.join(' ')}])`;
}

/** What a driver that wants to know the pod is told of it. */
export const podAttributes = (pod: Pod, { lifecycle }: CsiVolume): Readonly<Record<string, string>> => ({
  'csi.storage.k8s.io/pod.name': pod.metadata.name ?? '',
  'csi.storage.k8s.io/pod.namespace': pod.metadata.namespace ?? '',
  'csi.storage.k8s.io/pod.uid': pod.metadata.uid ?? '',
  'csi.storage.k8s.io/serviceAccount.name': pod.spec.serviceAccountName ?? '',
  'csi.storage.k8s.io/ephemeral': String(lifecycle === 'Ephemeral'),
});

const nodeStates = new Set(['NodeResizePending', 'NodeResizeInProgress']);

/** The size a file system is to grow to on this node, where the rest of the volume has grown already. */
export function wantedGrowth(claim: PersistentVolumeClaim, volume: PersistentVolume): string | undefined {
  const { conditions = [], allocatedResourceStatuses = {}, capacity = {} } = claim.status ?? {};
  const waits =
    nodeStates.has(allocatedResourceStatuses['storage'] ?? '') ||
    conditions.some(({ type, status }) => type === 'FileSystemResizePending' && status === 'True');
  const wanted = volume.spec.capacity?.['storage'];
  if (!waits || wanted === undefined) return undefined;
  return bytesOf(wanted) > bytesOf(capacity['storage'] ?? '0') ? String(wanted) : undefined;
}

/** Whether the claim says that a volume waits for this node; only then the PersistentVolume is read again. */
export const waitsForGrowth = ({ status }: PersistentVolumeClaim): boolean =>
  nodeStates.has(status?.allocatedResourceStatuses?.['storage'] ?? '') ||
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'FileSystemResizePending' && is === 'True');
