import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '@geobuk/api';

/** What must be known to take a volume away again, by a kubelet that never saw it made. */
export interface VolumeRecord {
  readonly driverName: string;
  readonly volumeHandle: string;
  readonly specVolID: string;
  readonly volumeLifecycleMode: string;
  readonly nodeName: string;
  /** Whether its attachment belongs to the node's status. */
  readonly attached: boolean;
}

const fileName = 'vol_data.json';

/** Written before the driver is called: what may exist is never forgotten. Follows: saveVolumeData. */
export async function writeRecord(directory: string, record: VolumeRecord): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o750 });
  const path = join(directory, fileName);
  {
    await using file = await open(`${path}.next`, 'w', 0o600);
    await file.writeFile(JSON.stringify(record));
    await file.sync();
  }
  await rename(`${path}.next`, path);
}

/** @returns `undefined` where there is none, or none that can be read. */
export async function readRecord(directory: string): Promise<VolumeRecord | undefined> {
  const text = await readFile(join(directory, fileName), 'utf8').catch(
    ignoring((error) => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')),
  );
  if (text === undefined) return undefined;
  try {
    const found = JSON.parse(text) as Partial<VolumeRecord>;
    const { driverName, volumeHandle, specVolID = '', volumeLifecycleMode = 'Persistent', nodeName = '' } = found;
    if (typeof driverName !== 'string' || typeof volumeHandle !== 'string') return undefined;
    return { driverName, volumeHandle, specVolID, volumeLifecycleMode, nodeName, attached: found.attached === true };
  } catch {
    // Records are renamed into place whole: this one was written by somebody else.
    return undefined;
  }
}
