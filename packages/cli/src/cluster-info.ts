import { CliError } from './cli-error.js';

/** What a machine that joins has to know of a cluster. */
export interface ClusterInfo {
  readonly server: string;
  /** The cluster's CA, PEM. */
  readonly ca: Buffer;
}

/**
 * From the kubeconfig in the ConfigMap kube-public/cluster-info, which the control plane writes: it is right for the cluster that is
 * talked to, whichever other clusters live on this machine.
 * @throws {CliError} it lacks the address or the CA.
 */
export function parseClusterInfo(kubeconfig: string): ClusterInfo {
  const field = (name: string): string => {
    const found = new RegExp(`${name}:\\s*"?([^"\\s]+)"?`).exec(kubeconfig)?.[1];
    if (found !== undefined) return found;
    const what = `the ConfigMap kube-public/cluster-info names no ${name}`;
    throw new CliError(`${what}: restart the control plane, which writes it`);
  };
  return { server: field('server'), ca: Buffer.from(field('certificate-authority-data'), 'base64') };
}
