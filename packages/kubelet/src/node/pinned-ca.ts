import { X509Certificate, createHash, timingSafeEqual } from 'node:crypto';
import { request } from 'node:https';
import { ConfigError } from '@geobuk/client';

/** `sha256:` and the hash of a certificate's public key. Follows: kubeadm's discovery-token-ca-cert-hash. */
export function publicKeyHash(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(key).digest('hex')}`;
}

const sameText = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const answerBytes = 1 << 20;
const timeoutMs = 15_000;

/**
 * Asks a server that is not trusted yet for the cluster's CA and believes it only if its key has this hash.
 * Follows: kubeadm token discovery: ConfigMap cluster-info in kube-public, readable by anybody.
 * @throws {ConfigError} another CA, or none. @throws {Error} the server does not answer.
 */
export async function fetchPinnedCa(server: string, caHash: string, signal: AbortSignal): Promise<string> {
  const text = await untrustedGet(
    `${server.replace(/\/$/, '')}/api/v1/namespaces/kube-public/configmaps/cluster-info`,
    signal,
  );
  const kubeconfig = (JSON.parse(text) as { readonly data?: { readonly kubeconfig?: string } }).data?.kubeconfig ?? '';
  const encoded = /certificate-authority-data:\s*["']?([A-Za-z0-9+/=]+)/.exec(kubeconfig)?.[1];
  if (encoded === undefined)
    throw new ConfigError(`${server} tells no CA in the ConfigMap cluster-info: is it a Kubernetes API server?`);
  const ca = Buffer.from(encoded, 'base64').toString();
  const hash = publicKeyHash(new X509Certificate(ca));
  if (!sameText(hash, caHash)) {
    throw new ConfigError(
      `the CA of ${server} has the hash ${hash}, expected ${caHash}: check the address, or take the hash from geobuk token create`,
    );
  }
  return ca;
}

/** What comes back is not believed: only a CA that fits the hash is. */
function untrustedGet(url: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { rejectUnauthorized: false, signal, timeout: timeoutMs, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > answerBytes) response.destroy(new Error(`${url}: the answer is too long`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString());
        else reject(new Error(`${url}: status ${response.statusCode ?? 0}`));
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${url}: no answer in ${timeoutMs / 1000} s`)));
    sent.on('error', reject);
    sent.end();
  });
}
