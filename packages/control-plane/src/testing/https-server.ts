import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { RequestListener } from 'node:http';
import { CertificateAuthority } from '../pki/certificate-authority.js';

export interface TestHttpsServer extends AsyncDisposable {
  readonly port: number;
  /** PEM of the authority that signed the server's certificate. */
  readonly caPem: string;
}

export interface TestHttpsOptions {
  /** Names in the certificate. */
  readonly hosts: readonly string[];
  /** Only clients with a certificate of this authority may speak. */
  readonly clientCaPem?: string | undefined;
}

/** A server of our own on a free port of the loopback address, for what the API server calls: webhooks, aggregated APIs. */
export async function startHttpsServer(
  listener: RequestListener,
  { hosts, clientCaPem }: TestHttpsOptions,
): Promise<TestHttpsServer> {
  const now = Date.now();
  const made = await CertificateAuthority.create('test-ca', now);
  const authority = new CertificateAuthority(made);
  const own = await authority.issue({
    commonName: hosts[0] ?? 'test',
    hosts: [...hosts, '127.0.0.1'],
    usages: ['server'],
    notAfter: new Date(now + 86_400_000),
  });
  const server = createServer(
    {
      key: own.keyPem,
      cert: own.certPem,
      ...(clientCaPem === undefined ? {} : { ca: clientCaPem, requestCert: true, rejectUnauthorized: true }),
    },
    listener,
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    caPem: authority.certPem,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
