import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterConfig } from './cluster-config.js';
import { ConfigError } from './cluster-config.js';
import { tokenFile } from './credentials.js';

const mountPath = 'var/run/secrets/kubernetes.io/serviceaccount';

/** The environment of a pod. */
export interface InClusterEnvironment {
  readonly KUBERNETES_SERVICE_HOST?: string | undefined;
  readonly KUBERNETES_SERVICE_PORT?: string | undefined;
  /** The folder where the volumes of a pod of the host runtime appear. */
  readonly CONTAINER_SANDBOX_MOUNT_POINT?: string | undefined;
}

/**
 * What a pod knows of the API server: its service account.
 * Follows: client-go in-cluster configuration; below `CONTAINER_SANDBOX_MOUNT_POINT` as for HostProcess containers.
 * @throws {ConfigError} outside of a pod.
 */
export async function inClusterConfig(environment: InClusterEnvironment = process.env): Promise<ClusterConfig> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  if (host === undefined || port === undefined || host === '' || port === '') {
    throw new ConfigError('not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  }
  const folder = join(environment.CONTAINER_SANDBOX_MOUNT_POINT ?? '/', mountPath);
  const token = join(folder, 'token');
  const read = (name: string): Promise<string> =>
    readFile(join(folder, name), 'utf8').catch((error: Error) => {
      throw new ConfigError(`the pod has no service account: ${error.message}`, { cause: error });
    });
  await read('token');
  const [ca, namespace] = [await read('ca.crt'), await read('namespace')];
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return {
    server: `https://${bracketed}:${port}`,
    ca,
    namespace: namespace.trim(),
    credentials: tokenFile(token),
  };
}
