import { mkdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '@geobuk/api';
import type { CSIDriver, PersistentVolume, PersistentVolumeClaim, Pod } from '@geobuk/api';
import type { Client, Clock, Lister } from '@geobuk/client';
import type { Logger } from 'pino';
import type { EventRecorder } from '../events/event-recorder.js';
import type { Mounter } from '../volumes/mounts.js';
import { giveToGroup } from '../volumes/ownership.js';
import type { ServiceAccountTokens } from '../volumes/service-account-tokens.js';
import { VolumeError } from '../volumes/volume-error.js';
import { CsiError } from './csi-error.js';
import { csiPaths } from './csi-paths.js';
import type { CsiRoots } from './csi-paths.js';
import type { CsiPlugin } from './csi-plugin.js';
import { PublishContext } from './publish-context.js';
import { capabilityOf, lifecycleRefusal, takesFsGroup } from './csi-volume.js';
import type { CsiVolume } from './csi-volume.js';
import { KeyedLock } from './keyed-lock.js';
import type { PluginRegistry } from './plugin-registry.js';
import { VolumeGrowth } from './volume-growth.js';
import { VolumeUsers, findVolumes, volumesOfPod } from './volume-inventory.js';
import { writeRecord } from './volume-record.js';
import type { VolumeRecord } from './volume-record.js';

export interface CsiVolumesDeps extends CsiRoots {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly plugins: Pick<PluginRegistry, 'get'>;
  readonly drivers: Lister<CSIDriver>;
  readonly tokens: ServiceAccountTokens;
  readonly mounter: Mounter;
  readonly nodeName: string;
  /** The volumes that must not be detached are others now. */
  readonly attachedChanged: () => void;
}

export interface MountedCsiVolume {
  readonly hostPath: string;
  readonly block: boolean;
  readonly readOnly: boolean;
  /** When the driver wants to be asked again. */
  readonly dueAt: number | undefined;
}

interface Published extends MountedCsiVolume {
  readonly wanted: CsiVolume;
  readonly staging: string | undefined;
}

/** Drivers that want it are told again this often. Follows: requiresRepublish, at each sync of a pod. */
const republishMs = 60_000;

/**
 * Volumes that CSI drivers make: waits for their attachment, stages them once for the node and publishes them for each
 * pod, and takes it all back when the last pod is gone. What is made is written down first, so that a kubelet that
 * starts anew can take it away. Follows: csi_attacher, csi_mounter.
 */
export class CsiVolumes {
  readonly #deps: CsiVolumesDeps;
  readonly #context: PublishContext;
  readonly #growth: VolumeGrowth;
  readonly #users = new VolumeUsers();
  /** By directory. */
  readonly #published = new Map<string, Published>();
  readonly #staged = new Set<string>();
  readonly #locks = new KeyedLock();

  constructor(deps: CsiVolumesDeps) {
    this.#deps = deps;
    this.#context = new PublishContext(deps);
    this.#growth = new VolumeGrowth(deps);
  }

  /** As the Node's status names them: must not be detached yet. */
  get attached(): readonly string[] {
    return this.#users.attached;
  }

  /** Finds what an earlier kubelet left. Before any pod is worked on. */
  async load(): Promise<void> {
    const { published } = await findVolumes(this.#deps);
    for (const { uid, record } of published) this.#users.add(record, uid);
  }

  /**
   * Safe to repeat: the driver is asked only for what is not there yet, or is due again.
   * @throws {VolumeError} the driver is not there or refuses. @throws {VolumeWaiting} it is not attached yet.
   */
  async mount(pod: Pod, wanted: CsiVolume, signal: AbortSignal): Promise<MountedCsiVolume> {
    const { clock, plugins, drivers, attachedChanged } = this.#deps;
    const uid = pod.metadata.uid ?? '';
    const directory = csiPaths.volume(this.#deps, uid, wanted.name);
    const known = this.#published.get(directory);
    if (known !== undefined && (known.dueAt ?? Infinity) > clock.now()) return known;
    const plugin = plugins.get(wanted.driver);
    if (plugin === undefined) return known ?? this.#withoutDriver(wanted, directory);
    const driver = drivers.get({ name: wanted.driver });
    const refusal = lifecycleRefusal(wanted, driver);
    if (refusal !== undefined) throw new VolumeError(wanted.name, refusal);

    const attaches = wanted.lifecycle === 'Persistent' && driver?.spec.attachRequired !== false;
    const record = this.#recordOf(wanted, attaches);
    using _lock = await this.#locks.hold(wanted.handle);
    signal.throwIfAborted();
    this.#users.add(record, uid);
    if (attaches) attachedChanged();
    const publishContext = attaches ? await this.#context.attachment(wanted, signal) : {};
    await writeRecord(directory, record);
    const staging = await this.#stage(plugin, pod, wanted, record, publishContext, signal);
    const published = await this.#publish(plugin, driver, pod, wanted, directory, staging, publishContext, signal);
    this.#published.set(directory, published);
    return published;
  }

  /** Lets a volume that has grown be used in full. A refusal is told and tried again later, no reason to stop the pod. */
  async grow(
    pod: Pod,
    wanted: CsiVolume,
    claim: PersistentVolumeClaim,
    volume: PersistentVolume,
    signal: AbortSignal,
  ): Promise<void> {
    const { plugins } = this.#deps;
    const directory = csiPaths.volume(this.#deps, pod.metadata.uid ?? '', wanted.name);
    const known = this.#published.get(directory);
    const plugin = plugins.get(wanted.driver);
    if (known === undefined || plugin === undefined || wanted.readOnly) return;
    using _lock = await this.#locks.hold(wanted.handle);
    await this.#growth.grow(
      { plugin, pod, wanted, claim, volume, path: known.hostPath, staging: known.staging },
      signal,
    );
  }

  /** Volumes of a pod whose driver can measure them. */
  measurable(uid: string): readonly {
    readonly plugin: CsiPlugin;
    readonly published: MountedCsiVolume & { readonly wanted: CsiVolume; readonly staging: string | undefined };
  }[] {
    const root = csiPaths.ofPod(this.#deps, uid);
    return [...this.#published].flatMap(([directory, published]) => {
      const plugin = directory.startsWith(`${root}/`) ? this.#deps.plugins.get(published.wanted.driver) : undefined;
      return plugin?.can('GET_VOLUME_STATS') === true ? [{ plugin, published }] : [];
    });
  }

  /** Takes away all volumes of drivers that a pod has. Safe to repeat. @throws {CsiError} a driver is away or refuses. */
  async unmount(uid: string, signal: AbortSignal): Promise<void> {
    for (const { directory, record } of await volumesOfPod(this.#deps, uid)) {
      using _lock = await this.#locks.hold(record.volumeHandle);
      await this.#unpublish(directory, record, signal);
      if (this.#users.remove(record, uid)) await this.#unstage(record, signal);
    }
    // A pod that waited for its attachment and went has nothing on the disk.
    await rmdir(csiPaths.ofPod(this.#deps, uid)).catch(absent);
  }

  /** A pod that never got as far as having a volume gives up its claim to it. */
  async release(uid: string, wanted: CsiVolume, signal: AbortSignal): Promise<void> {
    const record = this.#recordOf(wanted, false);
    using _lock = await this.#locks.hold(wanted.handle);
    if (this.#users.isUsed(record) && this.#users.remove(record, uid)) await this.#unstage(record, signal);
  }

  /** Staged for pods that are gone: their kubelet was killed in between. */
  async sweep(signal: AbortSignal): Promise<void> {
    const { log, plugins } = this.#deps;
    for (const { record } of (await findVolumes(this.#deps)).staged) {
      if (this.#users.isUsed(record) || plugins.get(record.driverName) === undefined) continue;
      using _lock = await this.#locks.hold(record.volumeHandle);
      if (this.#users.isUsed(record)) continue;
      try {
        await this.#unstage(record, signal);
      } catch (error) {
        signal.throwIfAborted();
        log.warn({ driver: record.driverName, volume: record.volumeHandle, err: error }, 'volume not unstaged');
      }
    }
  }

  #recordOf({ driver, handle, name, lifecycle }: CsiVolume, attached: boolean): VolumeRecord {
    return {
      driverName: driver,
      volumeHandle: handle,
      specVolID: name,
      volumeLifecycleMode: lifecycle,
      nodeName: this.#deps.nodeName,
      attached,
    };
  }

  /** A kubelet starts anew sooner than the drivers register again: what is there is there. */
  async #withoutDriver(wanted: CsiVolume, directory: string): Promise<MountedCsiVolume> {
    const hostPath = csiPaths.target(directory, wanted.block);
    if (!(await this.#deps.mounter.below(hostPath)).includes(hostPath))
      throw new VolumeError(wanted.name, driverMissing(wanted.driver));
    return { hostPath, block: wanted.block, readOnly: wanted.readOnly, dueAt: undefined };
  }

  /** @returns where, or nothing when the driver needs no staging. */
  async #stage(
    plugin: CsiPlugin,
    pod: Pod,
    wanted: CsiVolume,
    record: VolumeRecord,
    publishContext: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    if (wanted.lifecycle === 'Ephemeral' || !plugin.can('STAGE_UNSTAGE_VOLUME')) return undefined;
    const directory = csiPaths.stagingOf(this.#deps, wanted.driver, wanted.handle);
    const stagingTargetPath = csiPaths.globalMount(directory);
    if (this.#staged.has(directory)) return stagingTargetPath;
    await writeRecord(directory, record);
    await mkdir(stagingTargetPath, { recursive: true, mode: 0o750 });
    try {
      await plugin.call(
        'NodeStageVolume',
        {
          volumeId: wanted.handle,
          publishContext,
          stagingTargetPath,
          volumeCapability: capabilityOf(wanted, plugin.info.capabilities, mountGroupOf(plugin, pod)),
          secrets: await this.#context.secret(wanted, wanted.stageSecret, signal),
          volumeContext: wanted.attributes,
        },
        signal,
      );
    } catch (error) {
      throw asVolumeError(wanted, error, wanted.block ? 'MapVolume.SetUpDevice' : 'MountVolume.MountDevice');
    }
    this.#staged.add(directory);
    return stagingTargetPath;
  }

  async #publish(
    plugin: CsiPlugin,
    driver: CSIDriver | undefined,
    pod: Pod,
    wanted: CsiVolume,
    directory: string,
    staging: string | undefined,
    publishContext: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Published> {
    const { clock, mounter } = this.#deps;
    const targetPath = csiPaths.target(directory, wanted.block);
    const mountGroup = mountGroupOf(plugin, pod);
    const republished = driver?.spec.requiresRepublish === true;
    const there = (await mounter.below(targetPath)).includes(targetPath);
    const { volumeContext, secrets, tokensDueAt } = await this.#context.of(pod, wanted, driver, signal);
    if (!there || republished) {
      try {
        await plugin.call(
          'NodePublishVolume',
          {
            volumeId: wanted.handle,
            publishContext,
            stagingTargetPath: staging ?? '',
            targetPath,
            volumeCapability: capabilityOf(wanted, plugin.info.capabilities, mountGroup),
            readonly: wanted.readOnly,
            secrets,
            volumeContext,
          },
          signal,
        );
      } catch (error) {
        throw asVolumeError(wanted, error, wanted.block ? 'MapVolume.MapPodDevice' : 'MountVolume.SetUp');
      }
    }
    await stat(targetPath).catch((cause: unknown) => {
      throw new VolumeError(wanted.name, `driver ${wanted.driver} made nothing at ${targetPath}`, { cause });
    });
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    const firstTime = !this.#published.has(directory);
    if (fsGroup !== undefined && mountGroup === undefined && firstTime && takesFsGroup(wanted, driver))
      await giveToGroup(targetPath, fsGroup, fsGroupChangePolicy);
    const dueAt = republished ? Math.min(clock.now() + republishMs, tokensDueAt ?? Infinity) : undefined;
    return { wanted, staging, hostPath: targetPath, block: wanted.block, readOnly: wanted.readOnly, dueAt };
  }

  async #unpublish(directory: string, record: VolumeRecord, signal: AbortSignal): Promise<void> {
    const { mounter } = this.#deps;
    const plugin = this.#pluginOf(record);
    for (const block of [false, true]) {
      const targetPath = csiPaths.target(directory, block);
      if (block && (await stat(targetPath).catch(absent)) === undefined) continue;
      await plugin.call('NodeUnpublishVolume', { volumeId: record.volumeHandle, targetPath }, signal).catch(gone);
      if ((await mounter.below(targetPath)).includes(targetPath))
        throw new CsiError('Refused', `driver ${record.driverName} left ${targetPath} mounted`);
      // Never with its content: what is still in it may be the volume itself.
      await (block ? rm(targetPath, { force: true }) : rmdir(targetPath)).catch(absent);
    }
    this.#published.delete(directory);
    await rm(join(directory, 'vol_data.json'), { force: true });
    await rmdir(directory).catch(absent);
  }

  async #unstage(record: VolumeRecord, signal: AbortSignal): Promise<void> {
    const { mounter, attachedChanged } = this.#deps;
    const directory = csiPaths.stagingOf(this.#deps, record.driverName, record.volumeHandle);
    if ((await stat(directory).catch(absent)) !== undefined) {
      const stagingTargetPath = csiPaths.globalMount(directory);
      const plugin = this.#pluginOf(record);
      await plugin.call('NodeUnstageVolume', { volumeId: record.volumeHandle, stagingTargetPath }, signal).catch(gone);
      if ((await mounter.below(stagingTargetPath)).includes(stagingTargetPath))
        throw new CsiError('Refused', `driver ${record.driverName} left ${stagingTargetPath} mounted`);
      this.#staged.delete(directory);
      await rmdir(stagingTargetPath).catch(absent);
      await rm(join(directory, 'vol_data.json'), { force: true });
      await rmdir(directory).catch(absent);
    }
    this.#users.forget(record);
    attachedChanged();
  }

  #pluginOf({ driverName }: VolumeRecord): CsiPlugin {
    const plugin = this.#deps.plugins.get(driverName);
    if (plugin === undefined) throw new CsiError('Unavailable', driverMissing(driverName));
    return plugin;
  }
}

const driverMissing = (driver: string): string =>
  `kubernetes.io/csi: driver name ${driver} not found in the list of registered CSI drivers`;

const absent = ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT');
/** What the driver does not know any more is what was wanted. */
const gone = ignoring((error) => error instanceof CsiError && error.code === 'NotFound');

/** Drivers that see to the fsGroup themselves are told it. */
const mountGroupOf = (plugin: CsiPlugin, pod: Pod): number | undefined =>
  plugin.can('VOLUME_MOUNT_GROUP') ? pod.spec.securityContext?.fsGroup : undefined;

function asVolumeError({ name }: CsiVolume, error: unknown, operation: string): unknown {
  return error instanceof CsiError ? new VolumeError(name, error.message, { cause: error, operation }) : error;
}
