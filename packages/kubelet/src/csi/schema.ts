import type { Received, ToSend } from '../grpc/message-tables.js';

/** The part of CSI v1 that a kubelet speaks, and of the registration of plugins. Follows: csi.v1, pluginregistration. */
export const messages = {
  Empty: {},
  PluginInfo: {
    type: [1, 'string'],
    name: [2, 'string'],
    endpoint: [3, 'string'],
    supportedVersions: [4, 'string[]'],
  },
  RegistrationStatus: { pluginRegistered: [1, 'bool'], error: [2, 'string'] },

  GetPluginInfoResponse: { name: [1, 'string'], vendorVersion: [2, 'string'], manifest: [3, 'map'] },
  BoolValue: { value: [1, 'bool'] },
  ProbeResponse: { ready: [1, 'BoolValue'] },

  BlockVolume: {},
  MountVolume: { fsType: [1, 'string'], mountFlags: [2, 'string[]'], volumeMountGroup: [3, 'string'] },
  AccessMode: { mode: [1, 'Mode'] },
  VolumeCapability: { block: [1, 'BlockVolume'], mount: [2, 'MountVolume'], accessMode: [3, 'AccessMode'] },
  CapacityRange: { requiredBytes: [1, 'int64'], limitBytes: [2, 'int64'] },
  Topology: { segments: [1, 'map'] },

  NodeStageVolumeRequest: {
    volumeId: [1, 'string'],
    publishContext: [2, 'map'],
    stagingTargetPath: [3, 'string'],
    volumeCapability: [4, 'VolumeCapability'],
    secrets: [5, 'map'],
    volumeContext: [6, 'map'],
  },
  NodeUnstageVolumeRequest: { volumeId: [1, 'string'], stagingTargetPath: [2, 'string'] },
  NodePublishVolumeRequest: {
    volumeId: [1, 'string'],
    publishContext: [2, 'map'],
    stagingTargetPath: [3, 'string'],
    targetPath: [4, 'string'],
    volumeCapability: [5, 'VolumeCapability'],
    readonly: [6, 'bool'],
    secrets: [7, 'map'],
    volumeContext: [8, 'map'],
  },
  NodeUnpublishVolumeRequest: { volumeId: [1, 'string'], targetPath: [2, 'string'] },
  NodeGetVolumeStatsRequest: { volumeId: [1, 'string'], volumePath: [2, 'string'], stagingTargetPath: [3, 'string'] },
  VolumeUsage: { available: [1, 'int64'], total: [2, 'int64'], used: [3, 'int64'], unit: [4, 'Unit'] },
  VolumeCondition: { abnormal: [1, 'bool'], message: [2, 'string'] },
  NodeGetVolumeStatsResponse: { usage: [1, 'VolumeUsage[]'], volumeCondition: [2, 'VolumeCondition'] },
  Rpc: { type: [1, 'RpcType'] },
  NodeServiceCapability: { rpc: [1, 'Rpc'] },
  NodeGetCapabilitiesResponse: { capabilities: [1, 'NodeServiceCapability[]'] },
  NodeGetInfoResponse: {
    nodeId: [1, 'string'],
    maxVolumesPerNode: [2, 'int64'],
    accessibleTopology: [3, 'Topology'],
  },
  NodeExpandVolumeRequest: {
    volumeId: [1, 'string'],
    volumePath: [2, 'string'],
    capacityRange: [3, 'CapacityRange'],
    stagingTargetPath: [4, 'string'],
    volumeCapability: [5, 'VolumeCapability'],
    secrets: [6, 'map'],
  },
  NodeExpandVolumeResponse: { capacityBytes: [1, 'int64'] },
} as const;

export const enums = {
  Mode: [
    'UNKNOWN',
    'SINGLE_NODE_WRITER',
    'SINGLE_NODE_READER_ONLY',
    'MULTI_NODE_READER_ONLY',
    'MULTI_NODE_SINGLE_WRITER',
    'MULTI_NODE_MULTI_WRITER',
    'SINGLE_NODE_SINGLE_WRITER',
    'SINGLE_NODE_MULTI_WRITER',
  ],
  Unit: ['UNKNOWN', 'BYTES', 'INODES'],
  RpcType: [
    'UNKNOWN',
    'STAGE_UNSTAGE_VOLUME',
    'GET_VOLUME_STATS',
    'EXPAND_VOLUME',
    'VOLUME_CONDITION',
    'SINGLE_NODE_MULTI_WRITER',
    'VOLUME_MOUNT_GROUP',
  ],
} as const;

export const registrationMethods = {
  GetInfo: ['Empty', 'PluginInfo'],
  NotifyRegistrationStatus: ['RegistrationStatus', 'Empty'],
} as const;

export const identityMethods = {
  GetPluginInfo: ['Empty', 'GetPluginInfoResponse'],
  Probe: ['Empty', 'ProbeResponse'],
} as const;

export const nodeMethods = {
  NodeStageVolume: ['NodeStageVolumeRequest', 'Empty'],
  NodeUnstageVolume: ['NodeUnstageVolumeRequest', 'Empty'],
  NodePublishVolume: ['NodePublishVolumeRequest', 'Empty'],
  NodeUnpublishVolume: ['NodeUnpublishVolumeRequest', 'Empty'],
  NodeGetVolumeStats: ['NodeGetVolumeStatsRequest', 'NodeGetVolumeStatsResponse'],
  NodeExpandVolume: ['NodeExpandVolumeRequest', 'NodeExpandVolumeResponse'],
  NodeGetCapabilities: ['Empty', 'NodeGetCapabilitiesResponse'],
  NodeGetInfo: ['Empty', 'NodeGetInfoResponse'],
} as const;

export const registrationTables = {
  package: 'pluginregistration',
  messages,
  enums,
  services: { Registration: registrationMethods },
};

export const csiTables = {
  package: 'csi.v1',
  messages,
  enums,
  services: { Identity: identityMethods, Node: nodeMethods },
};

type Messages = typeof messages;
type Enums = typeof enums;

export type MessageName = keyof Messages;
export type CsiMessage<N extends MessageName> = Received<Messages, Enums, N>;
export type CsiRequest<N extends MessageName> = ToSend<Messages, Enums, N>;
export type CsiMethods = typeof nodeMethods & typeof registrationMethods & typeof identityMethods;
export type NodeCapability = Enums['RpcType'][number];
export type AccessMode = Enums['Mode'][number];
