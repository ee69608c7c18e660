import { addonPackageName, addonPackages, ignoring, isForbidden, isNotFound } from '@geobuk/api';
import type { Client } from '@geobuk/client';

/**
 * The archive of an addon's package that the cluster keeps, so that no registry is needed; undefined when it keeps none, or
 * is a cluster of another make, which does not know of such.
 */
export async function keptArchive(
  client: Pick<Client, 'read'>,
  name: string,
  version: string,
  signal: AbortSignal,
): Promise<{ readonly integrity: string; readonly bytes: Buffer } | undefined> {
  const found = await client
    .read(addonPackages, { name: addonPackageName(name, version) }, { signal })
    .catch(ignoring((error) => isNotFound(error) || isForbidden(error)));
  if (found?.spec.package !== name || found.spec.version !== version) return undefined;
  return { integrity: found.spec.integrity, bytes: Buffer.from(found.spec.archive, 'base64') };
}
