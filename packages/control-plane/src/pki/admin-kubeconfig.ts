import type { KeyAndCertificate } from './certificate-authority.js';
import { readIfThere, writePrivateFile } from './private-file.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/**
 * A kubeconfig of one cluster and one user, all certificates inside. Written by hand: nothing in it needs quoting, and
 * a YAML library would be loaded for it before the API server answers.
 */
export function renderKubeconfig(server: string, caPem: string, user: string, { certPem, keyPem }: KeyAndCertificate) {
  return `apiVersion: v1
kind: Config
clusters:
  - name: geobuk
    cluster:
      server: ${server}
      certificate-authority-data: ${base64(caPem)}
users:
  - name: ${user}
    user:
      client-certificate-data: ${base64(certPem)}
      client-key-data: ${base64(keyPem)}
contexts:
  - name: geobuk
    context:
      cluster: geobuk
      user: ${user}
current-context: geobuk
`;
}

/** A kubeconfig that names a cluster, and nobody who may enter it. Follows: kubeadm's cluster-info. */
export const renderClusterInfo = (server: string, caPem: string): string => `apiVersion: v1
kind: Config
clusters:
  - name: ""
    cluster:
      server: ${server}
      certificate-authority-data: ${base64(caPem)}
contexts: []
users: []
current-context: ""
`;

/** Writes the administrator's kubeconfig when it is not that already. Mode 0600. */
export async function writeAdminKubeconfig(
  path: string,
  server: string,
  caPem: string,
  admin: KeyAndCertificate,
): Promise<void> {
  const text = renderKubeconfig(server, caPem, 'admin', admin);
  if ((await readIfThere(path)) !== text) await writePrivateFile(path, text);
}
