import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadX509 } from '../../pki/x509.js';
import { startTestServer } from '../../testing/test-server.js';
import type { TestServer } from '../../testing/test-server.js';

const root = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const merge = { 'content-type': 'application/merge-patch+json' };

interface Csr {
  readonly message?: string;
  readonly spec: { readonly username: string; readonly groups: readonly string[]; readonly signerName: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
}

describe('requests for certificates', () => {
  let server: TestServer;
  let counter = 0;
  const pems = new Map<string, string>();
  beforeAll(async () => {
    server = await startTestServer();
    for (const subject of ['CN=bob', 'CN=bob,O=system:masters']) {
      const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
      const request = await loadX509().Pkcs10CertificateRequestGenerator.create({
        name: subject,
        keys,
        signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      });
      pems.set(subject, Buffer.from(request.toString('pem')).toString('base64'));
    }
    const rule = (verbs: readonly string[], resources: readonly string[], resourceNames?: readonly string[]) => ({
      apiGroups: ['certificates.k8s.io'],
      resources,
      verbs,
      ...(resourceNames === undefined ? {} : { resourceNames }),
    });
    const csrs = 'certificatesigningrequests';
    const roles: Record<string, object[]> = {
      asker: [rule(['create', 'get'], [csrs])],
      approver: [
        rule(['update', 'get', 'patch'], [`${csrs}/approval`, csrs]),
        rule(['approve'], ['signers'], ['example.test/*']),
      ],
      signer: [
        rule(['update', 'get', 'patch'], [`${csrs}/status`, csrs]),
        rule(['sign'], ['signers'], ['example.test/one']),
      ],
      helper: [rule(['update', 'get', 'patch'], [`${csrs}/status`, `${csrs}/approval`, csrs])],
    };
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    for (const [name, rules] of Object.entries(roles)) {
      const apiVersion = 'rbac.authorization.k8s.io/v1';
      await server.call(`${rbac}/clusterroles`, {
        body: { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
      });
      await server.call(`${rbac}/clusterrolebindings`, {
        body: {
          apiVersion,
          kind: 'ClusterRoleBinding',
          metadata: { name },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
          subjects: [{ kind: 'User', name }],
        },
      });
    }
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const as = (user: string) => ({ 'impersonate-user': user });
  const ask = async (spec: object = {}, subject = 'CN=bob') => {
    const name = `r-${++counter}`;
    const { status, json } = await server.call(root, {
      headers: as('asker'),
      body: {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: { request: pems.get(subject), signerName: 'example.test/one', usages: ['client auth'], ...spec },
      },
    });
    return { name, status, csr: json as unknown as Csr };
  };
  const approve = async (name: string, user: string, type = 'Approved') => {
    const { json } = await server.call(`${root}/${name}`);
    const status = {
      conditions: [...((json as unknown as Csr).status?.conditions ?? []), { type, status: 'True', reason: 'Test' }],
    };
    return server.call(`${root}/${name}/approval`, { method: 'PUT', headers: as(user), body: { ...json, status } });
  };

  it('2.6.1 a request bears the name of who made it, whatever it says, and never changes', async () => {
    const { name, status, csr } = await ask({ username: 'admin', groups: ['system:masters'] });
    expect([status, csr.spec.username, csr.spec.groups]).toEqual([201, 'asker', ['system:authenticated']]);
    const patch = { spec: { signerName: 'example.test/two', username: 'admin' } };
    const { json } = await server.call(`${root}/${name}`, { method: 'PATCH', headers: merge, body: patch });
    expect((json as unknown as Csr).spec).toMatchObject({ signerName: 'example.test/one', username: 'asker' });
    expect((await ask({ usages: [] })).status).toBe(422);
    expect((await ask({ expirationSeconds: 599 })).status).toBe(422);
    expect((await ask({ request: Buffer.from('nonsense').toString('base64') })).status).toBe(422);
  });

  it('2.6.2 approving needs the right to approve for the signer, signing the right to sign', async () => {
    const { name } = await ask();
    const refused = await approve(name, 'helper');
    expect([refused.status, refused.json.message]).toEqual([
      403,
      `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: user not permitted to approve requests with signerName "example.test/one"`,
    ]);
    expect((await approve(name, 'approver')).status).toBe(200);
    const sign = (user: string) =>
      server.call(`${root}/${name}/status`, {
        method: 'PATCH',
        headers: { ...merge, ...as(user) },
        body: { status: { certificate: Buffer.from(server.pki.ca.certPem).toString('base64') } },
      });
    const unsigned = await sign('helper');
    expect([unsigned.status, unsigned.json.message]).toEqual([
      403,
      `certificatesigningrequests.certificates.k8s.io "${name}" is forbidden: user not permitted to sign requests with signerName "example.test/one"`,
    ]);
    expect((await sign('signer')).status).toBe(200);
    const second = await approve(name, 'approver', 'Denied');
    expect([second.status, second.json.message]).toEqual([422, expect.stringContaining('mutually exclusive')]);
  });

  it('2.6.5 nobody becomes system:masters by a certificate', async () => {
    const { status, csr } = await ask({ signerName: 'kubernetes.io/kube-apiserver-client' }, 'CN=bob,O=system:masters');
    expect([status, csr.message]).toEqual([
      403,
      expect.stringContaining(
        'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
      ),
    ]);
    expect((await ask({ signerName: 'kubernetes.io/kube-apiserver-client' })).status).toBe(201);
  });
});
