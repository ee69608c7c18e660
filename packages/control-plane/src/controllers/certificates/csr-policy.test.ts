import type { CertificateSigningRequest } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node } from '../testing/objects.js';
import { expiresAt } from './csr-cleaner-controller.js';
import type { CertificateWish } from './csr-policy.js';
import { isApproved, isNodeClientRequest, servingRequestVerdict } from './csr-policy.js';

const csr = (spec: Partial<CertificateSigningRequest['spec']>, conditions: readonly string[] = []) =>
  ({
    metadata: { name: 'r', creationTimestamp: '2030-01-01T00:00:00Z' },
    spec: {
      request: '',
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      username: 'system:node:n',
      groups: ['system:nodes'],
      usages: ['digital signature', 'client auth'],
      ...spec,
    },
    status: {
      conditions: conditions.map((type) => ({ type, status: 'True', lastUpdateTime: '2030-01-01T10:00:00Z' })),
    },
  }) satisfies CertificateSigningRequest;
const wish = (extra: Partial<CertificateWish> = {}): CertificateWish => ({
  commonName: 'system:node:n',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  otherNames: 0,
  ...extra,
});

describe('isNodeClientRequest', () => {
  it.each<[string, CertificateSigningRequest, CertificateWish, boolean]>([
    ['takes what a kubelet asks for', csr({}), wish(), true],
    ['refuses another signer', csr({ signerName: 'kubernetes.io/kube-apiserver-client' }), wish(), false],
    ['refuses another group', csr({}), wish({ organizations: ['system:masters'] }), false],
    ['refuses a second group', csr({}), wish({ organizations: ['system:nodes', 'system:masters'] }), false],
    ['refuses a name that is no node', csr({}), wish({ commonName: 'admin' }), false],
    ['refuses names besides the subject', csr({}), wish({ dnsNames: ['x'] }), false],
    ['refuses a usage of servers', csr({ usages: ['client auth', 'server auth'] }), wish(), false],
    ['refuses to do without client auth', csr({ usages: ['digital signature'] }), wish(), false],
  ])('2.6.3 2.6.4 %s', (_title, request, asked, expected) => {
    expect(isNodeClientRequest(request, asked)).toBe(expected);
  });
});

describe('servingRequestVerdict', () => {
  const serving = (extra: Partial<CertificateSigningRequest['spec']> = {}) =>
    csr({ signerName: 'kubernetes.io/kubelet-serving', usages: ['digital signature', 'server auth'], ...extra });
  const known = node('n', { status: { addresses: [{ type: 'InternalIP', address: '10.0.0.5' }] } });
  it.each<[string, CertificateSigningRequest, CertificateWish, 'approve' | 'refuse' | 'waitForNode']>([
    ['approves its own address', serving(), wish({ ipAddresses: ['10.0.0.5'] }), 'approve'],
    ['approves its own name', serving(), wish({ dnsNames: ['n'] }), 'approve'],
    ['waits for an address that the node does not show', serving(), wish({ ipAddresses: ['10.0.0.6'] }), 'waitForNode'],
    ['refuses a request for another node', serving({ username: 'system:node:m' }), wish({ dnsNames: ['n'] }), 'refuse'],
    ['refuses somebody who is no node', serving({ groups: [] }), wish({ dnsNames: ['n'] }), 'refuse'],
    ['refuses a certificate without names', serving(), wish(), 'refuse'],
    ['refuses e-mail addresses and URIs', serving(), wish({ dnsNames: ['n'], otherNames: 1 }), 'refuse'],
  ])('2.6.3 %s', (_title, request, asked, expected) => {
    expect(servingRequestVerdict(request, asked, known)).toBe(expected);
  });
});

describe('expiresAt', () => {
  it.each<[string, readonly string[], string]>([
    ['a day after its making while nobody decided', [], '2030-01-02T00:00:00.000Z'],
    ['an hour after its approval', ['Approved'], '2030-01-01T11:00:00.000Z'],
    ['an hour after its denial', ['Denied'], '2030-01-01T11:00:00.000Z'],
  ])('2.6.6 5.14.3 %s', (_title, conditions, expected) => {
    expect(new Date(expiresAt(csr({}, conditions))).toISOString()).toBe(expected);
  });
});

describe('isApproved', () => {
  it.each([
    [[], false],
    [['Approved'], true],
    [['Approved', 'Denied'], false],
    [['Approved', 'Failed'], false],
  ])('says of %j %s', (conditions, expected) => {
    expect(isApproved(csr({}, conditions))).toBe(expected);
  });
});
