import type { CertificateSigningRequest } from '@geobuk/api';
import { certificateSigningRequests, ignoring, isNotFound } from '@geobuk/api';
import type { Client, Clock } from '@geobuk/client';
import { deadline } from '@geobuk/client';
import { makeKeyAndRequest } from './key-and-request.js';
import type { KeyAndCertificate, ServerName } from './key-and-request.js';

export interface ClusterCertificateDeps {
  readonly client: Pick<Client, 'create' | 'read' | 'updateSubresource' | 'delete'>;
  readonly clock: Clock;
}

/** Any name, and approved by whoever asks: the addon must have the right to approve for it. */
const signerName = 'kubernetes.io/legacy-unknown';
const waitMs = 30_000;
/** Between two looks: what is waited for takes one pass of a controller. */
const lookMs = 200;

/**
 * A serving certificate signed by the cluster's CA, which every node and pod trusts already (`kube-root-ca.crt`).
 * Follows: CertificateSigningRequest, signer kubernetes.io/legacy-unknown, whose certificates may hold any name.
 * @throws {DeadlineError} nobody signed it. {ApiError} the addon may not ask for, or not approve it.
 */
export async function clusterServingCertificate(
  { client, clock }: ClusterCertificateDeps,
  server: ServerName,
  expirationSeconds: number,
  { signal }: { readonly signal: AbortSignal },
): Promise<KeyAndCertificate> {
  using limit = deadline(signal, waitMs, clock);
  const options = { signal: limit.signal };
  const { key, request } = await makeKeyAndRequest(server);
  const wish: CertificateSigningRequest = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: `${server.commonName}-` },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      expirationSeconds,
    },
  };
  const made = await client.create(certificateSigningRequests, wish, options);
  const name = { name: made.metadata.name ?? '' };
  try {
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    const approval = {
      ...made,
      status: {
        conditions: [
          {
            type: 'Approved',
            status: 'True',
            reason: 'AddonApproved',
            message: 'an addon serves by this certificate',
            lastUpdateTime: now,
            lastTransitionTime: now,
          },
        ],
      },
    };
    await client.updateSubresource(certificateSigningRequests, name, 'approval', approval, options);
    for (;;) {
      const { status } = await client.read(certificateSigningRequests, name, options);
      if (status?.certificate !== undefined)
        return { key, certificate: Buffer.from(status.certificate, 'base64').toString('utf8') };
      const failure = status?.conditions?.find(({ type }) => type === 'Failed' || type === 'Denied');
      if (failure !== undefined) throw new Error(`the cluster did not sign: ${failure.message ?? failure.type}`);
      await clock.after(lookMs, options);
    }
  } finally {
    await client.delete(certificateSigningRequests, name, { signal }).catch(ignoring(isNotFound));
  }
}
