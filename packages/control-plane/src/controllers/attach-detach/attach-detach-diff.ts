import type { Node, VolumeAttachment } from '@geobuk/api';
import type { AttachableVolume } from './attachable-volumes.js';

/** A node that is not well holds its volumes at most so long. Follows: maxWaitForUnmountDuration. */
export const forceDetachAfterMs = 6 * 60_000;

/** A volume on one node as it is: its VolumeAttachment, and since when no pod there needs it. */
export interface Attachment {
  readonly object: VolumeAttachment;
  readonly uniqueName: string;
  readonly unneededSince: number | undefined;
}

export interface AttachDetachInput {
  /** Absent: it was deleted, and mounts nothing any more. */
  readonly node: Node | undefined;
  readonly needed: ReadonlyMap<string, AttachableVolume>;
  readonly present: readonly Attachment[];
  /** Other nodes that a volume is attached to. */
  readonly othersWith: (volume: AttachableVolume) => readonly string[];
  readonly now: number;
}

export interface AttachDetachPlan {
  readonly attach: readonly AttachableVolume[];
  /** Exclusive volumes that other nodes still have. */
  readonly blocked: readonly { readonly volume: AttachableVolume; readonly nodes: readonly string[] }[];
  readonly detach: readonly VolumeAttachment[];
  /** What the node's status is to call attached: what stays, and is there. */
  readonly attached: readonly string[];
  readonly wakeAfterMs: number | undefined;
}

/**
 * What has to be attached to a node and detached from it. Pure.
 * Follows: attach/detach reconciler: nothing is detached while the kubelet has it mounted, unless the node is out of service, or has been
 * unwell for six minutes.
 */
export function diffAttachments({ node, needed, present, othersWith, now }: AttachDetachInput): AttachDetachPlan {
  const mounted = new Set(node?.status?.volumesInUse);
  const isWell = node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const outOfService = node?.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service') ?? false;
  const detach: VolumeAttachment[] = [];
  const attached: string[] = [];
  let wakeAfterMs: number | undefined;
  for (const { object, uniqueName, unneededSince } of present) {
    const isLeaving = object.metadata.deletionTimestamp !== undefined;
    if (!isLeaving && unneededSince === undefined) {
      if (object.status?.attached === true) attached.push(uniqueName);
      continue;
    }
    if (isLeaving) continue; // its attacher detaches; a new one can be made when this is gone
    const leftMs = (unneededSince ?? now) + forceDetachAfterMs - now;
    if (!mounted.has(uniqueName) || outOfService || (!isWell && leftMs <= 0)) {
      detach.push(object);
      continue;
    }
    attached.push(uniqueName);
    if (!isWell) wakeAfterMs = Math.min(wakeAfterMs ?? leftMs, leftMs);
  }
  const there = new Set(present.map(({ uniqueName }) => uniqueName));
  const missing = node === undefined ? [] : [...needed.values()].filter(({ uniqueName }) => !there.has(uniqueName));
  const blocked = missing
    .filter(({ shared }) => !shared)
    .map((volume) => ({ volume, nodes: othersWith(volume) }))
    .filter(({ nodes }) => nodes.length > 0);
  const stopped = new Set(blocked.map(({ volume }) => volume.uniqueName));
  return {
    attach: missing.filter(({ uniqueName }) => !stopped.has(uniqueName)),
    blocked,
    detach,
    attached: attached.sort(),
    wakeAfterMs,
  };
}
