import type { Credentials } from './credentials.js';

/** Everything needed to talk to one API server as one user. */
export interface ClusterConfig {
  /** `https://host:port`, with a path prefix where a proxy needs one. */
  readonly server: string;
  /** PEM; absent: the system's authorities. */
  readonly ca?: string | undefined;
  /** Trusts whoever answers. For experiments only. */
  readonly insecureSkipTlsVerify?: boolean | undefined;
  /** The name expected in the server's certificate, where it is not the host of `server`. */
  readonly tlsServerName?: string | undefined;
  /** `http://host:port` of a proxy to tunnel through. */
  readonly proxyUrl?: string | undefined;
  readonly credentials: Credentials;
  /** Where namespaced things are looked for when nobody says. */
  readonly namespace?: string | undefined;
  readonly impersonate?: Impersonation | undefined;
  readonly userAgent?: string | undefined;
}

export interface Impersonation {
  readonly user: string;
  readonly groups?: readonly string[] | undefined;
  readonly uid?: string | undefined;
}

/** A kubeconfig, flag or mounted file that cannot be used; the message says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
