import { mkdir, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Container } from '@geobuk/api';
import { expand } from '../pods/environment/expansion.js';
import type { EnvEntry } from '../pods/environment/service-env.js';
import type { ContainerSpec, Mount } from '../runtime/runtime.js';
import type { MountedVolumes } from './volume-manager.js';

/** A mount that cannot be made as the container asks for it. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/**
 * The mounts of one container. A sub-path may name nothing outside of its volume, links included.
 * Follows: makeMounts, subpath.
 * @throws {MountError} an unknown volume, or a sub-path that leaves its volume.
 */
export async function containerMounts(
  container: Container,
  volumes: MountedVolumes,
  env: readonly EnvEntry[],
): Promise<readonly Mount[]> {
  const variables = new Map(env.map(({ name, value }) => [name, value]));
  const mounts: Mount[] = [];
  for (const wanted of container.volumeMounts ?? []) {
    const volume = volumes.byName.get(wanted.name);
    if (volume === undefined)
      throw new MountError(`cannot find volume "${wanted.name}" to mount into container "${container.name}"`);
    if (volume.block === true)
      throw new MountError(`volume "${wanted.name}" has volumeMode Block, but is specified in volumeMounts`);
    if (wanted.recursiveReadOnly === 'Enabled')
      throw new MountError(
        `volume "${wanted.name}" requested recursive read-only mount, but it is not supported by the runtime`,
      );
    const subPath =
      wanted.subPathExpr === undefined ? (wanted.subPath ?? '') : expandedPath(wanted.subPathExpr, variables);
    mounts.push({
      hostPath: subPath === '' ? volume.hostPath : await subPathOf(volume.hostPath, subPath),
      containerPath: isAbsolute(wanted.mountPath) ? wanted.mountPath : `/${wanted.mountPath}`,
      readonly: wanted.readOnly === true || volume.readonly,
      propagation: (wanted.mountPropagation ?? 'None') as Mount['propagation'],
      ...(volume.image === undefined ? {} : { image: volume.image }),
    });
  }
  return mounts;
}

/** Devices that the container asks for by name. @throws {MountError} an unknown volume, or one with files. */
export function containerDevices(container: Container, volumes: MountedVolumes): ContainerSpec['devices'] {
  return (container.volumeDevices ?? []).map(({ name, devicePath }) => {
    const volume = volumes.byName.get(name);
    if (volume === undefined)
      throw new MountError(`cannot find volume "${name}" to pass into container "${container.name}"`);
    if (volume.block !== true)
      throw new MountError(`volume "${name}" has volumeMode Filesystem, but is specified in volumeDevices`);
    return { hostPath: volume.hostPath, containerPath: devicePath, permissions: volume.readonly ? 'r' : 'mrw' };
  });
}

function expandedPath(text: string, variables: ReadonlyMap<string, string>): string {
  const path = expand(text, (name) => variables.get(name));
  if (/\$\(/.test(path)) throw new MountError(`missing value for a variable in subPathExpr ${JSON.stringify(text)}`);
  return path;
}

async function subPathOf(root: string, subPath: string): Promise<string> {
  if (isAbsolute(subPath)) throw new MountError(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split('/').includes('..'))
    throw new MountError(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  const realRoot = await realpath(root);
  const wanted = join(realRoot, subPath);
  const present = await stat(wanted).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (present === undefined) {
    // Made step by step, so that no link on the way can lead the mkdir elsewhere.
    let at = realRoot;
    for (const part of subPath.split('/').filter((one) => one !== '' && one !== '.')) {
      at = join(at, part);
      await mkdir(at, { mode: 0o750 }).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
      at = inside(await realpath(at), realRoot, subPath);
    }
  }
  return inside(await realpath(wanted), realRoot, subPath);
}

function inside(path: string, root: string, subPath: string): string {
  if (path === root || path.startsWith(`${root}/`)) return path;
  throw new MountError(`failed to prepare subPath ${JSON.stringify(subPath)}: it leads outside of its volume`);
}
