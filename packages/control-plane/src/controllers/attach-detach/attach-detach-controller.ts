import { isDeepStrictEqual } from 'node:util';
import type { Node, ObjectKey, Pod, VolumeAttachment } from '@geobuk/api';
import {
  csiDrivers,
  formatKey,
  ignoring,
  isAlreadyExists,
  isNotFound,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  uidOf,
  volumeAttachments,
} from '@geobuk/api';
import type {
  Client,
  Clock,
  Controller,
  EventRecorder,
  Informers,
  Lister,
  ReconcileContext,
  ReconcileResult,
} from '@geobuk/client';
import { allSettledOrThrow, mapped, primary, settled } from '@geobuk/client';
import { byNodeName, nodeNameIndex } from '../node-name-index.js';
import { byClaim, claimIndex, claimsOfPod } from '../volume-protection/claims-of-pod.js';
import type { AttachableVolume, StorageListers } from './attachable-volumes.js';
import { attachableVolume, attachableVolumesOf, attachmentName, isDoneWithVolumes } from './attachable-volumes.js';
import type { Attachment, AttachDetachPlan } from './attach-detach-diff.js';
import { diffAttachments } from './attach-detach-diff.js';

export interface AttachDetachControllerDeps {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly clock: Clock;
}

const byNode = 'attachedTo';
const byVolume = 'attachedVolume';
const managed = 'volumes.kubernetes.io/controller-managed-attach-detach';

/**
 * Attaches to each node the volumes that its pods need, and detaches what none needs any more. It says so in VolumeAttachments, which
 * the drivers' own attachers carry out, and in `status.volumesAttached` of the node, which its kubelet waits for.
 * Follows: attach/detach controller with CSI's attacher.
 */
export class AttachDetachController implements Controller {
  readonly name = 'attachdetach';
  readonly watches;
  readonly #deps: AttachDetachControllerDeps;
  readonly #nodes: Lister<Node>;
  readonly #pods: Lister<Pod>;
  readonly #attachments: Lister<VolumeAttachment>;
  readonly #storage: StorageListers;
  /** Since when nobody on its node needs an attachment, by its name. */
  readonly #unneeded = new Map<string, number>();
  /** Exclusive volumes whose attachment was just made and is not in the cache yet: the node that has it, by volume. */
  readonly #promised = new Map<string, string>();
  /** What was last told of an attachment, by its name: `attached` or its error. */
  readonly #told = new Map<string, string>();

  constructor(deps: AttachDetachControllerDeps) {
    this.#deps = deps;
    const { informers } = deps;
    const podInformer = informers.of(pods);
    podInformer.addIndex(nodeNameIndex, byNodeName);
    podInformer.addIndex(claimIndex, byClaim);
    const attachments = informers.of(volumeAttachments);
    attachments.addIndex(byNode, ({ spec }) => [spec.nodeName]);
    attachments.addIndex(byVolume, ({ spec }) => [spec.source.persistentVolumeName ?? '']);
    this.#nodes = informers.of(nodes).lister;
    this.#pods = podInformer.lister;
    this.#attachments = attachments.lister;
    this.#storage = {
      claims: informers.of(persistentVolumeClaims).lister,
      volumes: informers.of(persistentVolumes).lister,
      drivers: informers.of(csiDrivers).lister,
    };
    this.watches = [
      primary(nodes),
      mapped(pods, (now, before) => {
        const pod = now ?? before;
        return pod === undefined || claimsOfPod(pod).length === 0 ? [] : nodesOf([pod]);
      }),
      mapped(volumeAttachments, (now, before) => {
        const attachment = now ?? before;
        if (attachment === undefined) return [];
        if (now === undefined) this.#forget(attachment);
        // Where an exclusive volume is set free, others may wait for it.
        const waiting = now === undefined ? this.#nodesUsing(attachment.spec.source.persistentVolumeName) : [];
        return [{ name: attachment.spec.nodeName }, ...waiting];
      }),
      mapped(persistentVolumes, (now) => this.#nodesUsing(now?.metadata.name)),
      mapped(persistentVolumeClaims, (now, before) => this.#nodesUsing((now ?? before)?.spec?.volumeName)),
    ];
  }

  /** @throws {ApiError} any refusal of a write; the runner backs off and calls again. */
  async reconcile({ name }: ObjectKey, context: ReconcileContext): Promise<ReconcileResult> {
    const { clock } = this.#deps;
    const node = this.#nodes.get({ name }); // check
    if (node !== undefined && node.metadata.annotations?.[managed] !== 'true') return settled; // its kubelet attaches itself
    const users = this.#pods
      .byIndex(nodeNameIndex, name)
      .filter((pod) => claimsOfPod(pod).length > 0 && !isDoneWithVolumes(pod));
    const needed = new Map<string, AttachableVolume>();
    for (const pod of users)
      for (const volume of attachableVolumesOf(pod, this.#storage)) needed.set(volume.uniqueName, volume);
    const present = this.#attachmentsOf(name, needed, clock.now());
    if (needed.size === 0 && present.length === 0 && (node?.status?.volumesAttached ?? []).length === 0) return settled;

    const othersWith = (volume: AttachableVolume): readonly string[] => this.#othersWith(volume, name);
    const plan = diffAttachments({ node, needed, present, othersWith, now: clock.now() }); // diff

    // Before anything is awaited: the next node's turn must see it.
    for (const { shared, uniqueName } of plan.attach) if (!shared) this.#promised.set(uniqueName, name);
    this.#tellBlocked(plan, users);
    if (node !== undefined) await this.#report(node, plan, context); // act: what goes is first called gone, then detached
    await allSettledOrThrow([
      ...plan.attach.map((volume) => this.#attach(volume, name, context)),
      ...plan.detach.map((attachment) => this.#detach(attachment, context)),
    ]);
    this.#tellEnds(present, users);
    return plan.wakeAfterMs === undefined ? settled : { requeueAfterMs: plan.wakeAfterMs };
  }

  /** Only those that this controller made: their names say so. */
  #attachmentsOf(nodeName: string, needed: ReadonlyMap<string, AttachableVolume>, now: number): readonly Attachment[] {
    return this.#attachments.byIndex(byNode, nodeName).flatMap((object) => {
      const { name = '' } = object.metadata;
      const persistentVolume = object.spec.source.persistentVolumeName ?? '';
      const volume =
        [...needed.values()].find((each) => each.persistentVolume === persistentVolume) ??
        this.#knownVolume(persistentVolume);
      if (volume === undefined || attachmentName(volume, nodeName) !== name) return [];
      this.#promised.delete(volume.uniqueName);
      const isNeeded = needed.has(volume.uniqueName);
      if (isNeeded) this.#unneeded.delete(name);
      else if (!this.#unneeded.has(name)) this.#unneeded.set(name, now);
      return { object, uniqueName: volume.uniqueName, unneededSince: this.#unneeded.get(name) };
    });
  }

  #knownVolume(name: string): AttachableVolume | undefined {
    const volume = this.#storage.volumes.get({ name });
    return volume === undefined ? undefined : attachableVolume(volume, this.#storage.drivers);
  }

  #othersWith({ persistentVolume, uniqueName }: AttachableVolume, nodeName: string): readonly string[] {
    const promised = this.#promised.get(uniqueName) ?? nodeName;
    const others = this.#attachments.byIndex(byVolume, persistentVolume).map(({ spec }) => spec.nodeName);
    return [...new Set([...others, promised])].filter((other) => other !== nodeName);
  }

  async #attach(volume: AttachableVolume, nodeName: string, { signal, trace }: ReconcileContext): Promise<void> {
    trace.found(`volume ${volume.persistentVolume} is not attached`);
    const attachment: VolumeAttachment = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'VolumeAttachment',
      metadata: { name: attachmentName(volume, nodeName) },
      spec: { attacher: volume.driver, nodeName, source: { persistentVolumeName: volume.persistentVolume } },
    };
    try {
      await this.#deps.client.create(volumeAttachments, attachment, { signal }).catch(ignoring(isAlreadyExists));
    } catch (error) {
      this.#promised.delete(volume.uniqueName);
      throw error;
    }
    this.#told.set(attachmentName(volume, nodeName), '');
    trace.did(`asked ${volume.driver} to attach it`);
  }

  async #detach(attachment: VolumeAttachment, { signal, trace }: ReconcileContext): Promise<void> {
    const { name = '' } = attachment.metadata;
    trace.found(`no pod here needs ${attachment.spec.source.persistentVolumeName ?? ''}`);
    await this.#deps.client
      .delete(volumeAttachments, { name }, { signal, uid: uidOf(attachment) })
      .catch(ignoring(isNotFound));
    trace.did(`asked ${attachment.spec.attacher} to detach it`);
  }

  async #report(node: Node, { attached }: AttachDetachPlan, { signal }: ReconcileContext): Promise<void> {
    const { name = '' } = node.metadata;
    const volumesAttached = attached.map((uniqueName) => ({ name: uniqueName, devicePath: '' }));
    if (isDeepStrictEqual(volumesAttached, node.status?.volumesAttached ?? [])) return;
    const body = { status: { volumesAttached } };
    await this.#deps.client
      .patch(nodes, { name }, { type: 'merge', body }, { signal, subresource: 'status' })
      .catch(ignoring(isNotFound));
  }

  #tellBlocked({ blocked }: AttachDetachPlan, users: readonly Pod[]): void {
    for (const { volume } of blocked) {
      const message = `Multi-Attach error for volume "${volume.persistentVolume}" Volume is already exclusively attached to one node and can't be attached to another`;
      for (const pod of this.#usersOf(volume.uniqueName, users))
        this.#deps.recorder.record(pod, 'Warning', 'FailedAttachVolume', message);
    }
  }

  /** How the attachers did: told once for each change; what was attached before this controller started is no news. */
  #tellEnds(present: readonly Attachment[], users: readonly Pod[]): void {
    for (const { object, uniqueName } of present) {
      const { name = '' } = object.metadata;
      const { attached = false, attachError } = object.status ?? {};
      const state = attached ? 'attached' : (attachError?.message ?? '');
      const before = this.#told.get(name) ?? (attached ? state : '');
      this.#told.set(name, state);
      if (state === before) continue;
      const volume = `volume "${object.spec.source.persistentVolumeName ?? ''}"`;
      for (const pod of this.#usersOf(uniqueName, users))
        if (attached)
          this.#deps.recorder.record(
            pod,
            'Normal',
            'SuccessfulAttachVolume',
            `AttachVolume.Attach succeeded for ${volume} `,
          );
        else
          this.#deps.recorder.record(
            pod,
            'Warning',
            'FailedAttachVolume',
            `AttachVolume.Attach failed for ${volume} : ${state}`,
          );
    }
  }

  #usersOf(uniqueName: string, users: readonly Pod[]): readonly Pod[] {
    return users.filter((pod) =>
      attachableVolumesOf(pod, this.#storage).some((volume) => volume.uniqueName === uniqueName),
    );
  }

  /** The nodes whose pods mount the claim of a volume. */
  #nodesUsing(volumeName: string | undefined): readonly ObjectKey[] {
    const { namespace, name } = this.#storage.volumes.get({ name: volumeName ?? '' })?.spec?.claimRef ?? {};
    return name === undefined ? [] : nodesOf(this.#pods.byIndex(claimIndex, formatKey({ namespace, name })));
  }

  #forget({ metadata: { name = '' } }: VolumeAttachment): void {
    this.#unneeded.delete(name);
    this.#told.delete(name);
  }
}

const nodesOf = (some: readonly Pod[]): readonly ObjectKey[] =>
  [...new Set(some.flatMap(byNodeName))].map((name) => ({ name }));
