import 'reflect-metadata';
import { X509Certificate, createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { makeKeyAndRequest, makeSelfSigned } from './certificate-request.js';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

const subject = {
  commonName: 'system:node:뱃머리-1',
  organization: 'system:nodes',
  dnsNames: ['node1', 'a.very.long.name.of.a.machine.example.com'],
  ipAddresses: ['192.0.2.7', '2001:db8::7', '::1', 'fe80::1:2:3:4'],
};

describe('7.1.5 a request for a certificate', () => {
  it('is understood by others: subject, names, key, signature', async () => {
    const { request, key } = await makeKeyAndRequest(subject);
    const parsed = new x509.Pkcs10CertificateRequest(request);
    expect(await parsed.verify()).toBe(true);
    expect(parsed.subjectName.getField('CN')).toEqual([subject.commonName]);
    expect(parsed.subjectName.getField('O')).toEqual([subject.organization]);
    const names = (parsed.getExtension('2.5.29.17') as x509.SubjectAlternativeNameExtension | null)?.names.toJSON();
    expect(names?.filter(({ type }) => type === 'dns').map(({ value }) => value)).toEqual(subject.dnsNames);
    expect(names?.filter(({ type }) => type === 'ip')).toHaveLength(subject.ipAddresses.length);
    expect(createPrivateKey(key).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
  });

  it('without names has none', async () => {
    const { request } = await makeKeyAndRequest({ commonName: 'system:node:n1', organization: 'system:nodes' });
    const parsed = new x509.Pkcs10CertificateRequest(request);
    expect(await parsed.verify()).toBe(true);
    expect(parsed.extensions).toEqual([]);
  });
});

describe('7.1.5 a certificate signed by the node itself', () => {
  it('is good for its names and addresses, and for so many days', async () => {
    const { cert, key } = await makeSelfSigned(subject, 2);
    const parsed = new X509Certificate(cert);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    for (const address of subject.ipAddresses) expect([address, parsed.checkIP(address)]).toEqual([address, address]);
    for (const name of subject.dnsNames) expect(parsed.checkHost(name)).toBe(name);
    expect(parsed.checkIP('192.0.2.8')).toBeUndefined();
    const days = (Date.parse(parsed.validTo) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(1.99);
    expect(days).toBeLessThanOrEqual(2);
  });
});
