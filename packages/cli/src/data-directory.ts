import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export interface DataDirectory {
  readonly path: string;
  /** The admin kubeconfig, mode 0600. */
  readonly kubeconfig: string;
  readonly pki: string;
  readonly logs: string;
  /** Pids and choices of the running cluster. */
  readonly runFile: string;
}

/** Where a cluster lives on disk: the flag, else `$GEOBUK_DATA_DIR`, else the usual place for this user. */
export function dataDirectory(
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  isRoot: boolean,
): DataDirectory {
  const chosen = flag ?? environment['GEOBUK_DATA_DIR'];
  const path =
    chosen === undefined || chosen === ''
      ? isRoot
        ? '/var/lib/geobuk'
        : join(homedir(), '.local/share/geobuk')
      : isAbsolute(chosen)
        ? chosen
        : resolve(chosen);
  return {
    path,
    kubeconfig: join(path, 'kubeconfig'),
    pki: join(path, 'pki'),
    logs: join(path, 'logs'),
    runFile: join(path, 'cluster.json'),
  };
}
