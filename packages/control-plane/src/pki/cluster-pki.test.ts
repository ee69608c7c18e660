import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openClusterPki } from './cluster-pki.js';
import type { PkiConfig } from './cluster-pki.js';

describe('cluster PKI', () => {
  let config: PkiConfig;
  let now = Date.now();

  beforeEach(async () => {
    now = Date.now();
    config = {
      directory: await mkdtemp(join(tmpdir(), 'pki-')),
      bind: '0.0.0.0',
      advertiseAddress: '192.0.2.7',
      serviceAddress: '10.43.0.1',
      clusterDomain: 'cluster.local',
      now: () => now,
    };
  });
  afterEach(() => rm(config.directory, { recursive: true }));

  it('makes certificates once and keeps them', async () => {
    const first = await openClusterPki(config);
    const second = await openClusterPki(config);
    expect(second).toEqual({ ...first, ca: expect.anything() });
    expect(second.ca.certPem).toBe(first.ca.certPem);
    expect(first.caHash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('names every address and service name in the serving certificate', async () => {
    const { serving, ca } = await openClusterPki(config);
    const certificate = new X509Certificate(serving.certPem);
    for (const host of ['localhost', 'kubernetes', 'kubernetes.default.svc.cluster.local']) {
      expect(certificate.checkHost(host)).toBe(host);
    }
    for (const address of ['127.0.0.1', '::1', '10.43.0.1', '192.0.2.7']) {
      expect(certificate.checkIP(address)).toBe(address);
    }
    expect(certificate.verify(createPublicKey(ca.certPem))).toBe(true);
  });

  it('makes a certificate anew when an address came or its end is near, under the same CA', async () => {
    const first = await openClusterPki(config);
    const moved = await openClusterPki({ ...config, advertiseAddress: '192.0.2.8' });
    expect(moved.serving.certPem).not.toBe(first.serving.certPem);
    expect(moved.admin.certPem).toBe(first.admin.certPem);
    now += 340 * 86_400_000;
    const later = await openClusterPki(config);
    expect(later.admin.certPem).not.toBe(first.admin.certPem);
    expect(later.caHash).toBe(first.caHash);
  });

  it('lets only the owner read its files', async () => {
    await openClusterPki(config);
    for (const name of ['ca.key', 'admin.key', 'apiserver.crt', 'service-account.key']) {
      expect((await stat(join(config.directory, name))).mode & 0o777).toBe(0o600);
    }
  });
});
