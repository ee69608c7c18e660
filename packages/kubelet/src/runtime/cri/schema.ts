import type { Received, ToSend } from '../../grpc/message-tables.js';

/**
 * The part of CRI v1 that the kubelet speaks, as data: field names, numbers and types. Fields that are not listed are
 * skipped when read.
 * Follows: runtime.v1 (the numbers), containerd 1.6 to 2.x, CRI-O.
 */
export const messages = {
  VersionRequest: { version: [1, 'string'] },
  VersionResponse: {
    version: [1, 'string'],
    runtimeName: [2, 'string'],
    runtimeVersion: [3, 'string'],
    runtimeApiVersion: [4, 'string'],
  },
  StatusRequest: { verbose: [1, 'bool'] },
  RuntimeCondition: { type: [1, 'string'], status: [2, 'bool'], reason: [3, 'string'], message: [4, 'string'] },
  RuntimeStatus: { conditions: [1, 'RuntimeCondition[]'] },
  RuntimeHandler: { name: [1, 'string'] },
  StatusResponse: { status: [1, 'RuntimeStatus'], info: [2, 'map'], runtimeHandlers: [3, 'RuntimeHandler[]'] },
  Int64Value: { value: [1, 'int64'] },
  UInt64Value: { value: [1, 'uint64'] },

  DnsConfig: { servers: [1, 'string[]'], searches: [2, 'string[]'], options: [3, 'string[]'] },
  PortMapping: {
    protocol: [1, 'Protocol'],
    containerPort: [2, 'int32'],
    hostPort: [3, 'int32'],
    hostIp: [4, 'string'],
  },
  NamespaceOption: {
    network: [1, 'NamespaceMode'],
    pid: [2, 'NamespaceMode'],
    ipc: [3, 'NamespaceMode'],
    targetId: [4, 'string'],
  },
  SecurityProfile: { profileType: [1, 'ProfileType'], localhostRef: [2, 'string'] },
  LinuxSandboxSecurityContext: {
    namespaceOptions: [1, 'NamespaceOption'],
    runAsUser: [3, 'Int64Value'],
    supplementalGroups: [5, 'int64[]'],
    privileged: [6, 'bool'],
    runAsGroup: [8, 'Int64Value'],
    seccomp: [9, 'SecurityProfile'],
  },
  LinuxPodSandboxConfig: {
    cgroupParent: [1, 'string'],
    securityContext: [2, 'LinuxSandboxSecurityContext'],
    sysctls: [3, 'map'],
    resources: [5, 'LinuxContainerResources'],
  },
  PodSandboxMetadata: { name: [1, 'string'], uid: [2, 'string'], namespace: [3, 'string'], attempt: [4, 'uint32'] },
  PodSandboxConfig: {
    metadata: [1, 'PodSandboxMetadata'],
    hostname: [2, 'string'],
    logDirectory: [3, 'string'],
    dnsConfig: [4, 'DnsConfig'],
    portMappings: [5, 'PortMapping[]'],
    labels: [6, 'map'],
    annotations: [7, 'map'],
    linux: [8, 'LinuxPodSandboxConfig'],
  },
  RunPodSandboxRequest: { config: [1, 'PodSandboxConfig'], runtimeHandler: [2, 'string'] },
  PodSandboxId: { podSandboxId: [1, 'string'] },
  Empty: {},
  PodSandboxStateValue: { state: [1, 'PodSandboxState'] },
  PodSandboxFilter: { id: [1, 'string'], state: [2, 'PodSandboxStateValue'], labelSelector: [3, 'map'] },
  ListPodSandboxRequest: { filter: [1, 'PodSandboxFilter'] },
  PodSandbox: {
    id: [1, 'string'],
    metadata: [2, 'PodSandboxMetadata'],
    state: [3, 'PodSandboxState'],
    createdAt: [4, 'int64'],
    labels: [5, 'map'],
    annotations: [6, 'map'],
    runtimeHandler: [7, 'string'],
  },
  ListPodSandboxResponse: { items: [1, 'PodSandbox[]'] },
  PodIp: { ip: [1, 'string'] },
  PodSandboxNetworkStatus: { ip: [1, 'string'], additionalIps: [2, 'PodIp[]'] },
  Namespace: { options: [2, 'NamespaceOption'] },
  LinuxPodSandboxStatus: { namespaces: [1, 'Namespace'] },
  PodSandboxStatus: {
    id: [1, 'string'],
    metadata: [2, 'PodSandboxMetadata'],
    network: [5, 'PodSandboxNetworkStatus'],
    linux: [6, 'LinuxPodSandboxStatus'],
    labels: [7, 'map'],
    runtimeHandler: [9, 'string'],
  },
  PodSandboxStatusResponse: { status: [1, 'PodSandboxStatus'] },

  ImageSpec: { image: [1, 'string'], annotations: [2, 'map'], userSpecifiedImage: [18, 'string'] },
  KeyValue: { key: [1, 'string'], value: [2, 'bytes'] },
  Mount: {
    containerPath: [1, 'string'],
    hostPath: [2, 'string'],
    readonly: [3, 'bool'],
    propagation: [5, 'MountPropagation'],
    image: [9, 'ImageSpec'],
  },
  Device: { containerPath: [1, 'string'], hostPath: [2, 'string'], permissions: [3, 'string'] },
  LinuxContainerResources: {
    cpuPeriod: [1, 'int64'],
    cpuQuota: [2, 'int64'],
    cpuShares: [3, 'int64'],
    memoryLimitInBytes: [4, 'int64'],
    oomScoreAdj: [5, 'int64'],
    unified: [9, 'map'],
  },
  Capability: { addCapabilities: [1, 'string[]'], dropCapabilities: [2, 'string[]'] },
  LinuxContainerSecurityContext: {
    capabilities: [1, 'Capability'],
    privileged: [2, 'bool'],
    namespaceOptions: [3, 'NamespaceOption'],
    runAsUser: [5, 'Int64Value'],
    runAsUsername: [6, 'string'],
    readonlyRootfs: [7, 'bool'],
    supplementalGroups: [8, 'int64[]'],
    /** Read by engines that are older than field 16. */
    apparmorProfile: [9, 'string'],
    noNewPrivs: [11, 'bool'],
    runAsGroup: [12, 'Int64Value'],
    maskedPaths: [13, 'string[]'],
    readonlyPaths: [14, 'string[]'],
    seccomp: [15, 'SecurityProfile'],
    apparmor: [16, 'SecurityProfile'],
  },
  LinuxContainerConfig: {
    resources: [1, 'LinuxContainerResources'],
    securityContext: [2, 'LinuxContainerSecurityContext'],
  },
  ContainerMetadata: { name: [1, 'string'], attempt: [2, 'uint32'] },
  ContainerConfig: {
    metadata: [1, 'ContainerMetadata'],
    image: [2, 'ImageSpec'],
    command: [3, 'string[]'],
    args: [4, 'string[]'],
    workingDir: [5, 'string'],
    envs: [6, 'KeyValue[]'],
    mounts: [7, 'Mount[]'],
    devices: [8, 'Device[]'],
    labels: [9, 'map'],
    annotations: [10, 'map'],
    logPath: [11, 'string'],
    stdin: [12, 'bool'],
    stdinOnce: [13, 'bool'],
    tty: [14, 'bool'],
    linux: [15, 'LinuxContainerConfig'],
  },
  CreateContainerRequest: {
    podSandboxId: [1, 'string'],
    config: [2, 'ContainerConfig'],
    sandboxConfig: [3, 'PodSandboxConfig'],
  },
  ContainerId: { containerId: [1, 'string'] },
  StopContainerRequest: { containerId: [1, 'string'], timeout: [2, 'int64'] },
  ContainerFilter: { id: [1, 'string'], podSandboxId: [3, 'string'], labelSelector: [4, 'map'] },
  ListContainersRequest: { filter: [1, 'ContainerFilter'] },
  Container: {
    id: [1, 'string'],
    podSandboxId: [2, 'string'],
    metadata: [3, 'ContainerMetadata'],
    image: [4, 'ImageSpec'],
    imageRef: [5, 'string'],
    state: [6, 'ContainerState'],
    createdAt: [7, 'int64'],
    labels: [8, 'map'],
    annotations: [9, 'map'],
    imageId: [10, 'string'],
  },
  ListContainersResponse: { containers: [1, 'Container[]'] },
  ContainerStatus: {
    id: [1, 'string'],
    state: [3, 'ContainerState'],
    startedAt: [5, 'int64'],
    finishedAt: [6, 'int64'],
    exitCode: [7, 'int32'],
    image: [8, 'ImageSpec'],
    imageRef: [9, 'string'],
    reason: [10, 'string'],
    message: [11, 'string'],
    logPath: [15, 'string'],
  },
  ContainerStatusResponse: { status: [1, 'ContainerStatus'] },
  UpdateContainerResourcesRequest: { containerId: [1, 'string'], linux: [2, 'LinuxContainerResources'] },
  ExecSyncRequest: { containerId: [1, 'string'], cmd: [2, 'string[]'], timeout: [3, 'int64'] },
  ExecSyncResponse: { stdout: [1, 'bytes'], stderr: [2, 'bytes'], exitCode: [3, 'int32'] },
  ExecRequest: {
    containerId: [1, 'string'],
    cmd: [2, 'string[]'],
    tty: [3, 'bool'],
    stdin: [4, 'bool'],
    stdout: [5, 'bool'],
    stderr: [6, 'bool'],
  },
  AttachRequest: {
    containerId: [1, 'string'],
    stdin: [2, 'bool'],
    tty: [3, 'bool'],
    stdout: [4, 'bool'],
    stderr: [5, 'bool'],
  },
  PortForwardRequest: { podSandboxId: [1, 'string'], port: [2, 'int32[]'] },
  StreamUrl: { url: [1, 'string'] },

  ListContainerStatsRequest: {},
  ContainerAttributes: { id: [1, 'string'] },
  CpuUsage: { timestamp: [1, 'int64'], usageCoreNanoSeconds: [2, 'UInt64Value'] },
  MemoryUsage: {
    timestamp: [1, 'int64'],
    workingSetBytes: [2, 'UInt64Value'],
    usageBytes: [4, 'UInt64Value'],
    rssBytes: [5, 'UInt64Value'],
  },
  FilesystemIdentifier: { mountpoint: [1, 'string'] },
  FilesystemUsage: {
    timestamp: [1, 'int64'],
    fsId: [2, 'FilesystemIdentifier'],
    usedBytes: [3, 'UInt64Value'],
    inodesUsed: [4, 'UInt64Value'],
  },
  ContainerStats: {
    attributes: [1, 'ContainerAttributes'],
    cpu: [2, 'CpuUsage'],
    memory: [3, 'MemoryUsage'],
    writableLayer: [4, 'FilesystemUsage'],
  },
  ListContainerStatsResponse: { stats: [1, 'ContainerStats[]'] },
  ContainerEvent: { containerId: [1, 'string'], podSandboxStatus: [4, 'PodSandboxStatus'] },

  ImageFilter: { image: [1, 'ImageSpec'] },
  ListImagesRequest: { filter: [1, 'ImageFilter'] },
  Image: {
    id: [1, 'string'],
    repoTags: [2, 'string[]'],
    repoDigests: [3, 'string[]'],
    size: [4, 'uint64'],
    uid: [5, 'Int64Value'],
    username: [6, 'string'],
    pinned: [8, 'bool'],
  },
  ListImagesResponse: { images: [1, 'Image[]'] },
  ImageRequest: { image: [1, 'ImageSpec'] },
  ImageStatusResponse: { image: [1, 'Image'] },
  AuthConfig: {
    username: [1, 'string'],
    password: [2, 'string'],
    serverAddress: [4, 'string'],
    identityToken: [5, 'string'],
    registryToken: [6, 'string'],
  },
  PullImageRequest: { image: [1, 'ImageSpec'], auth: [2, 'AuthConfig'] },
  PullImageResponse: { imageRef: [1, 'string'] },
  ImageFsInfoResponse: { imageFilesystems: [1, 'FilesystemUsage[]'] },
} as const;

/** Enum values by their number. */
export const enums = {
  Protocol: ['TCP', 'UDP', 'SCTP'],
  MountPropagation: ['PROPAGATION_PRIVATE', 'PROPAGATION_HOST_TO_CONTAINER', 'PROPAGATION_BIDIRECTIONAL'],
  NamespaceMode: ['POD', 'CONTAINER', 'NODE', 'TARGET'],
  ProfileType: ['RuntimeDefault', 'Unconfined', 'Localhost'],
  PodSandboxState: ['SANDBOX_READY', 'SANDBOX_NOTREADY'],
  ContainerState: ['CONTAINER_CREATED', 'CONTAINER_RUNNING', 'CONTAINER_EXITED', 'CONTAINER_UNKNOWN'],
} as const;

/** Methods as `[request, response]`; messages that look alike on the wire share one definition. */
export const runtimeMethods = {
  Version: ['VersionRequest', 'VersionResponse'],
  Status: ['StatusRequest', 'StatusResponse'],
  RunPodSandbox: ['RunPodSandboxRequest', 'PodSandboxId'],
  StopPodSandbox: ['PodSandboxId', 'Empty'],
  RemovePodSandbox: ['PodSandboxId', 'Empty'],
  PodSandboxStatus: ['PodSandboxId', 'PodSandboxStatusResponse'],
  ListPodSandbox: ['ListPodSandboxRequest', 'ListPodSandboxResponse'],
  CreateContainer: ['CreateContainerRequest', 'ContainerId'],
  StartContainer: ['ContainerId', 'Empty'],
  StopContainer: ['StopContainerRequest', 'Empty'],
  RemoveContainer: ['ContainerId', 'Empty'],
  ListContainers: ['ListContainersRequest', 'ListContainersResponse'],
  ContainerStatus: ['ContainerId', 'ContainerStatusResponse'],
  UpdateContainerResources: ['UpdateContainerResourcesRequest', 'Empty'],
  ReopenContainerLog: ['ContainerId', 'Empty'],
  ExecSync: ['ExecSyncRequest', 'ExecSyncResponse'],
  Exec: ['ExecRequest', 'StreamUrl'],
  Attach: ['AttachRequest', 'StreamUrl'],
  PortForward: ['PortForwardRequest', 'StreamUrl'],
  ListContainerStats: ['ListContainerStatsRequest', 'ListContainerStatsResponse'],
} as const;

export const imageMethods = {
  ListImages: ['ListImagesRequest', 'ListImagesResponse'],
  ImageStatus: ['ImageRequest', 'ImageStatusResponse'],
  PullImage: ['PullImageRequest', 'PullImageResponse'],
  RemoveImage: ['ImageRequest', 'Empty'],
  ImageFsInfo: ['Empty', 'ImageFsInfoResponse'],
} as const;

/** Methods whose answer is a stream. */
export const runtimeStreams = { GetContainerEvents: ['Empty', 'ContainerEvent'] } as const;

type Messages = typeof messages;
type Enums = typeof enums;

export type MessageName = keyof Messages;

/** A message as received: absent messages are null, absent scalars their zero. */
export type Message<N extends MessageName> = Received<Messages, Enums, N>;

/** A message to send: everything may be left out. */
export type Sent<N extends MessageName> = ToSend<Messages, Enums, N>;

export type RuntimeMethods = typeof runtimeMethods;
export type ImageMethods = typeof imageMethods;
export type RuntimeStreams = typeof runtimeStreams;
