import { join } from 'node:path';
import { handleDigest } from './csi-volume.js';

export interface CsiRoots {
  /** Directory of pods' own directories. */
  readonly podsRoot: string;
  /** Where drivers keep their sockets and volumes their staging directories. */
  readonly pluginsRoot: string;
}

const podPart = ['volumes', 'kubernetes.io~csi'] as const;

/** Where volumes lie. Drivers that look at paths know these. Follows: the layout below a kubelet's root directory. */
export const csiPaths = {
  /** All volumes of drivers that a pod has. */
  ofPod: ({ podsRoot }: CsiRoots, uid: string): string => join(podsRoot, uid, ...podPart),
  volume: (roots: CsiRoots, uid: string, name: string): string => join(csiPaths.ofPod(roots, uid), name),
  /** Of a volume: what the container sees. Differs: a block device lies here too, beside its record. */
  target: (directory: string, block: boolean): string => join(directory, block ? 'device' : 'mount'),
  drivers: ({ pluginsRoot }: CsiRoots): string => join(pluginsRoot, 'kubernetes.io', 'csi'),
  stagingOf: (roots: CsiRoots, driver: string, handle: string): string =>
    join(csiPaths.drivers(roots), driver, handleDigest(handle)),
  globalMount: (staging: string): string => join(staging, 'globalmount'),
};
