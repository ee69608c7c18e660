import type { Addon } from '@geobuk/api';
import { addons, ignoring, isNotFound, persistentVolumes } from '@geobuk/api';
import type { Client } from '@geobuk/client';
import type { Logger } from 'pino';
import type { Place } from './local-volume.js';
import { isOurs } from './local-volume.js';
import type { VolumeDirectories } from './volume-directories.js';
import { letGo } from './volume-controller.js';

export interface CleanUpDeps {
  readonly client: Pick<Client, 'read' | 'list' | 'patch' | 'delete'>;
  readonly directories: Pick<VolumeDirectories, 'remove'>;
  readonly place: Place;
  readonly log: Logger;
}

/**
 * What the end of the addon means for the volumes of this node. `onDisable.data` Delete takes them along, claimed or
 * not; else they stay, bound and mountable, and their objects are let go of, for nobody is left to do it later.
 */
export async function cleanUp({ client, directories, place, log }: CleanUpDeps, signal: AbortSignal): Promise<void> {
  const addon = await client.read<Addon>(addons, { name: 'storage' }, { signal }).catch(ignoring(isNotFound));
  const takeAlong = addon?.spec.onDisable?.data === 'Delete';
  const { items } = await client.list(persistentVolumes, { signal });
  for (const volume of items.filter((one) => isOurs(one, place))) {
    const { name = '', uid } = volume.metadata;
    if (takeAlong) await directories.remove(name);
    await letGo(client, volume, signal);
    if (takeAlong) await client.delete(persistentVolumes, { name }, { signal, uid }).catch(ignoring(isNotFound));
    log.info({ volume: name }, takeAlong ? 'volume deleted with the addon' : 'volume kept');
  }
}

/** Directories that were made for a claim that went before its volume was written: nothing is in them. */
export async function sweepEmpty(
  directories: Pick<VolumeDirectories, 'names' | 'removeIfEmpty'>,
  isKnown: (name: string) => boolean,
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const name of await directories.names()) {
    if (!isKnown(name) && (await directories.removeIfEmpty(name))) removed.push(name);
  }
  return removed;
}
