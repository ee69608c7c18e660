import { readFile } from 'node:fs/promises';
import { systemClock } from '../clock.js';
import type { Clock } from '../clock.js';

/** What one request proves its sender with. */
export interface Proof {
  /** The `Authorization` header. */
  readonly authorization?: string | undefined;
  /** PEM, for the TLS handshake. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** Where proofs come from; asked before each request, so it keeps what is still good. */
export interface Credentials {
  current(options: { readonly signal: AbortSignal }): Promise<Proof>;
  /** The server said 401: what was kept is no longer good. */
  refused?(): void;
}

const fixed = (proof: Proof): Credentials => ({ current: () => Promise.resolve(proof) });

export const anonymous: Credentials = fixed({});

export const bearerToken = (token: string): Credentials => fixed({ authorization: `Bearer ${token}` });

export const basicAuth = (username: string, password: string): Credentials =>
  fixed({ authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` });

export const clientCertificate = (cert: string, key: string): Credentials => fixed({ certificate: { cert, key } });

/** Bound tokens live about an hour and are renewed in place long before; Kubernetes asks for a look each minute or more often. */
const tokenFileAgeMs = 10_000;

/** A token in a file that others renew. */
export function tokenFile(path: string, clock: Clock = systemClock): Credentials {
  let kept: { readonly proof: Proof; readonly at: number } | undefined;
  return {
    current: async () => {
      if (kept !== undefined && clock.now() - kept.at < tokenFileAgeMs) return kept.proof;
      const token = (await readFile(path, 'utf8')).trim();
      kept = { proof: { authorization: `Bearer ${token}` }, at: clock.now() };
      return kept.proof;
    },
    refused: () => {
      kept = undefined;
    },
  };
}
