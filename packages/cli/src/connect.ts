import { existsSync } from 'node:fs';
import type { HttpClient } from '@geobuk/client';
import { createHttpClient, loadKubeconfig } from '@geobuk/client';
import { CliError } from './cli-error.js';
import type { DataDirectory } from './data-directory.js';

/**
 * A client for the cluster that a command means: the kubeconfig named by flag or `$KUBECONFIG`, else the one of the
 * cluster in the data directory. @throws {CliError} there is none.
 */
export async function connect(
  directory: DataDirectory,
  flags: { readonly kubeconfig?: string | undefined; readonly context?: string | undefined },
  environment: Readonly<Record<string, string | undefined>>,
): Promise<HttpClient> {
  const path = kubeconfigPath(directory, flags.kubeconfig, environment);
  return createHttpClient(await loadKubeconfig({ paths: [path], context: flags.context }));
}

export function kubeconfigPath(
  directory: DataDirectory,
  flag: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const path = flag ?? environment['KUBECONFIG'];
  if (path !== undefined && path !== '') return path;
  if (existsSync(directory.kubeconfig)) return directory.kubeconfig;
  throw new CliError(
    `no cluster found: ${directory.kubeconfig} does not exist: start one with geobuk up, or name a kubeconfig with --kubeconfig`,
  );
}
