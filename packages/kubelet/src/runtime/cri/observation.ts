import { posix } from 'node:path';
import type { ContainerState, ImageState, SandboxState } from '../runtime.js';
import { podLabels } from '../pod-labels.js';
import type { Message } from './schema.js';

const milliseconds = (nanoseconds: number): number => Math.floor(nanoseconds / 1e6);
const momentOf = (nanoseconds: number): number | undefined => (nanoseconds > 0 ? milliseconds(nanoseconds) : undefined);

const containerStates = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
} as const;

/** What the list does not say about a sandbox. */
export interface SandboxDetail {
  readonly ips: readonly string[];
  readonly hostNetwork: boolean;
}

export function sandboxDetail(status: Message<'PodSandboxStatus'>): SandboxDetail {
  const { network, linux } = status;
  const hostNetwork = linux?.namespaces?.options?.network === 'NODE';
  const ips = [network?.ip ?? '', ...(network?.additionalIps ?? []).map(({ ip }) => ip)].filter((ip) => ip !== '');
  return { ips: hostNetwork ? [] : ips, hostNetwork };
}

export function sandboxState(listed: Message<'PodSandbox'>, detail: SandboxDetail): SandboxState {
  const { name = '', namespace = '', uid = '', attempt = 0 } = listed.metadata ?? {};
  return {
    id: listed.id,
    pod: { name, namespace, uid, attempt },
    state: listed.state === 'SANDBOX_READY' ? 'ready' : 'notReady',
    createdAt: milliseconds(listed.createdAt),
    ips: detail.ips,
    labels: listed.labels,
    annotations: listed.annotations,
    handler: listed.runtimeHandler,
    hostNetwork: detail.hostNetwork,
  };
}

export function containerState(listed: Message<'Container'>, status: Message<'ContainerStatus'>): ContainerState {
  const state = containerStates[status.state];
  return {
    id: listed.id,
    sandboxId: listed.podSandboxId,
    name: listed.metadata?.name ?? listed.labels[podLabels.container] ?? '',
    attempt: listed.metadata?.attempt ?? 0,
    state,
    image: status.image?.image ?? listed.image?.image ?? '',
    imageId: status.imageRef,
    createdAt: milliseconds(listed.createdAt),
    startedAt: momentOf(status.startedAt),
    finishedAt: momentOf(status.finishedAt),
    exitCode: state === 'exited' ? status.exitCode : undefined,
    reason: status.reason,
    message: status.message,
    labels: listed.labels,
    annotations: listed.annotations,
    logPath: status.logPath === '' ? '' : posix.normalize(status.logPath),
  };
}

export function imageState(image: Message<'Image'>): ImageState {
  return {
    id: image.id,
    tags: image.repoTags,
    digests: image.repoDigests,
    sizeBytes: image.size,
    uid: image.uid?.value,
    username: image.username,
    pinned: image.pinned,
  };
}
