import type { CertificateSigningRequest, Node } from '@geobuk/api';
import { parseCertificateRequest } from '../../pki/certificate-request.js';
import type { CertificateWish } from '../../pki/certificate-request.js';

export const clientKubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
export const kubeletServing = 'kubernetes.io/kubelet-serving';
export const apiserverClient = 'kubernetes.io/kube-apiserver-client';
/** Whatever is asked for, once somebody with the right to do so has approved it. */
export const legacyUnknown = 'kubernetes.io/legacy-unknown';

export type { CertificateWish };

/** @throws {Error} not a PEM PKCS #10 request. */
export const parseRequest = (csr: CertificateSigningRequest): CertificateWish =>
  parseCertificateRequest(Buffer.from(csr.spec.request, 'base64').toString());

const clientUsages = new Set(['digital signature', 'key encipherment', 'client auth']);
const servingUsages = new Set(['digital signature', 'key encipherment', 'server auth']);

const isNodeIdentity = ({ commonName, organizations }: CertificateWish): boolean =>
  commonName.startsWith('system:node:') && organizations.length === 1 && organizations[0] === 'system:nodes';

/** A kubelet's client certificate. Follows: IsNodeClientCSR: usages within those of a client, no names but the subject. */
export function isNodeClientRequest(csr: CertificateSigningRequest, wish: CertificateWish): boolean {
  const usages = csr.spec.usages ?? [];
  return (
    csr.spec.signerName === clientKubelet &&
    isNodeIdentity(wish) &&
    wish.dnsNames.length + wish.ipAddresses.length + wish.otherNames === 0 &&
    usages.every((usage) => clientUsages.has(usage)) &&
    usages.includes('client auth')
  );
}

export const isRenewalOfOneself = (csr: CertificateSigningRequest, wish: CertificateWish): boolean =>
  csr.spec.username === wish.commonName;

/**
 * Whether a kubelet asks for a serving certificate for itself, and only for names and addresses that its Node object shows.
 * Differs: Kubernetes leaves the approval of serving certificates to an administrator; kubelets then serve self-signed ones
 * that nobody can verify.
 */
export function servingRequestVerdict(
  csr: CertificateSigningRequest,
  wish: CertificateWish,
  node: Node | undefined,
): 'approve' | 'refuse' | 'waitForNode' {
  const usages = csr.spec.usages ?? [];
  const proper =
    csr.spec.signerName === kubeletServing &&
    isNodeIdentity(wish) &&
    isRenewalOfOneself(csr, wish) &&
    (csr.spec.groups ?? []).includes('system:nodes') &&
    wish.otherNames === 0 &&
    wish.dnsNames.length + wish.ipAddresses.length > 0 &&
    usages.every((usage) => servingUsages.has(usage)) &&
    usages.includes('server auth');
  if (!proper) return 'refuse';
  const addresses = new Set([
    node?.metadata.name ?? '',
    ...(node?.status?.addresses ?? []).map(({ address }) => address),
  ]);
  return [...wish.dnsNames, ...wish.ipAddresses].every((name) => addresses.has(name)) ? 'approve' : 'waitForNode';
}

export const isDecided = (csr: CertificateSigningRequest): boolean =>
  (csr.status?.conditions ?? []).some(({ type }) => type === 'Approved' || type === 'Denied');

export const isApproved = (csr: CertificateSigningRequest): boolean => {
  const types = (csr.status?.conditions ?? []).map(({ type }) => type);
  return types.includes('Approved') && !types.includes('Denied') && !types.includes('Failed');
};
