import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring, isUnauthorized } from '@geobuk/api';
import { ConfigError, bearerToken, createHttpClient } from '@geobuk/client';
import type { Clock, Credentials, HttpClient } from '@geobuk/client';
import type { Logger } from 'pino';
import { fetchPinnedCa } from './pinned-ca.js';
import { SignedCertificate } from './signed-certificate.js';

export interface JoinConfig {
  readonly server: string;
  readonly nodeName: string;
  readonly bootstrapToken: string | undefined;
  readonly caHash: string | undefined;
  readonly ca: string | undefined;
  /** Keys and certificates of this node. */
  readonly pkiDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Membership {
  /** Acts as `system:node:<name>`; always with the newest certificate. */
  readonly client: HttpClient;
  readonly ca: string;
  readonly certificate: SignedCertificate;
}

const retryMs = 1000;

/**
 * Makes this machine a node: finds the cluster's CA, and a client certificate by the bootstrap token if there is none
 * yet. Waits for a server that does not answer. Follows: TLS bootstrapping.
 * @throws {ConfigError} the CA is another one, or a token is needed or refused.
 */
export async function joinCluster(config: JoinConfig, signal: AbortSignal): Promise<Membership> {
  const { server, nodeName, bootstrapToken, pkiDir, clock, log } = config;
  await mkdir(pkiDir, { recursive: true, mode: 0o700 });
  const ca = await clusterCa(config, signal);
  const certificate = new SignedCertificate({
    clock,
    log,
    path: join(pkiDir, 'kubelet-client.pem'),
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
    subject: () => ({ commonName: `system:node:${nodeName}`, organization: 'system:nodes' }),
  });
  if ((await certificate.load()) === undefined) {
    if (bootstrapToken === undefined) {
      throw new ConfigError(`this machine is no node of ${server} yet: give the token that geobuk token create prints`);
    }
    await using client = createHttpClient({ server, ca, credentials: bearerToken(bootstrapToken) });
    await certificate.request(client, signal).catch((error: unknown) => {
      if (!isUnauthorized(error)) throw error;
      throw new ConfigError(
        `${server} refuses the token: it has expired or was deleted: make another with geobuk token create`,
        { cause: error },
      );
    });
  }
  const credentials: Credentials = {
    current: () => Promise.resolve({ certificate: certificate.current }),
  };
  const client = createHttpClient({ server, ca, credentials, userAgent: 'geobuk-kubelet' });
  return { client, ca, certificate };
}

/** As given, as an earlier start found it, or as the server tells it and the hash confirms. */
async function clusterCa({ server, ca, caHash, pkiDir, clock, log }: JoinConfig, signal: AbortSignal): Promise<string> {
  if (ca !== undefined) return ca;
  const path = join(pkiDir, 'ca.crt');
  const kept = await readFile(path, 'utf8').catch(
    ignoring((error) => (error as NodeJS.ErrnoException).code === 'ENOENT'),
  );
  if (kept !== undefined) return kept;
  if (caHash === undefined)
    throw new ConfigError(`the CA of ${server} is not known: give --ca-hash, as geobuk token create prints it`);
  for (;;) {
    try {
      const found = await fetchPinnedCa(server, caHash, signal);
      await writeFile(path, found, { mode: 0o644 });
      return found;
    } catch (error) {
      if (error instanceof ConfigError || signal.aborted) throw error;
      log.warn({ server, err: error }, 'API server does not answer yet, trying again');
      await clock.after(retryMs, { signal });
    }
  }
}
