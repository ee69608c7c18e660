import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { CertificateAuthority } from '../../pki/certificate-authority.js';
import { startHttpsServer } from '../../testing/https-server.js';
import type { TestHttpsServer } from '../../testing/https-server.js';
import { startTestServer } from '../../testing/test-server.js';
import type { TestRequest, TestServer } from '../../testing/test-server.js';

interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

const whoami = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
const dayMs = 86_400_000;

describe('authentication', () => {
  const directory = mkdtempSync(join(tmpdir(), 'geobuk-authentication-'));
  const file = join(directory, 'authentication.yaml');
  let issuer: TestHttpsServer;
  let issuerUrl: string;
  let sign: (claims: object, options?: { readonly audience?: string; readonly seconds?: number }) => Promise<string>;
  let server: TestServer;
  let aheadMs = 0;

  const config = (anonymous: object = { enabled: true }) =>
    stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AuthenticationConfiguration',
      jwt: [
        {
          issuer: {
            url: issuerUrl,
            certificateAuthority: issuer.caPem,
            audiences: ['cluster', 'other'],
            audienceMatchPolicy: 'MatchAny',
          },
          claimValidationRules: [{ expression: "claims.?tenant.orValue('') != 'evil'", message: 'not this tenant' }],
          claimMappings: {
            username: { expression: "'oidc:' + claims.email" },
            groups: { claim: 'groups', prefix: 'oidc:' },
            uid: { claim: 'sub' },
            extra: [{ key: 'example.test/tenant', valueExpression: "claims.?tenant.orValue('')" }],
          },
          userValidationRules: [{ expression: "!user.username.startsWith('oidc:root')", message: 'no root' }],
        },
      ],
      anonymous,
    });

  beforeAll(async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };
    issuer = await startHttpsServer(
      (request, response) => {
        if (request.url === '/token-webhook') {
          let text = '';
          request.on('data', (piece: Buffer) => (text += piece.toString()));
          request.on('end', () => {
            const { spec } = JSON.parse(text) as { spec: { token: string } };
            const status =
              spec.token === 'from-elsewhere'
                ? { authenticated: true, user: { username: 'elsewhere', groups: ['far'] } }
                : { authenticated: false };
            response.end(JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status }));
          });
        } else if (request.url === '/.well-known/openid-configuration')
          response.end(JSON.stringify({ issuer: issuerUrl, jwks_uri: `${issuerUrl}/keys` }));
        else response.end(JSON.stringify(keys));
      },
      { hosts: ['issuer.test'] },
    );
    issuerUrl = `https://127.0.0.1:${issuer.port}`;
    sign = (claims, { audience = 'cluster', seconds = 600 } = {}) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer(issuerUrl)
        .setSubject('u-1')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
        .sign(privateKey);
    writeFileSync(file, config());
    const webhook = join(directory, 'webhook.yaml');
    writeFileSync(
      webhook,
      stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [
          {
            name: 'w',
            cluster: {
              server: `${issuerUrl}/token-webhook`,
              'certificate-authority-data': Buffer.from(issuer.caPem).toString('base64'),
            },
          },
        ],
        users: [{ name: 'w', user: {} }],
        contexts: [{ name: 'w', context: { cluster: 'w', user: 'w' } }],
        'current-context': 'w',
      }),
    );
    server = await startTestServer({
      apiServer: { authenticationConfigFile: file, authenticationWebhookConfigFile: webhook },
      now: () => Date.now() + aheadMs,
    });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });

  const ask = async (request: TestRequest) => {
    const { status, json } = await server.call(whoami, { body: review, certificate: null, ...request });
    return { status, user: json.status?.userInfo as unknown as UserInfo | undefined };
  };
  const bearer = (token: string): TestRequest => ({ headers: { authorization: `Bearer ${token}` } });
  const certificate = (authority: CertificateAuthority, notAfter: Date, commonName = 'carl') =>
    authority.issue({
      commonName,
      organizations: ['dev', 'ops'],
      usages: ['client'],
      notBefore: new Date(notAfter.getTime() - 30 * dayMs),
      notAfter,
    });
  const tokenRequest = async (spec: object, account = 'default') => {
    const { json } = await server.call(`/api/v1/namespaces/default/serviceaccounts/${account}/token`, {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
    });
    return json.status?.token ?? '';
  };
  const account = (name: string) =>
    server.call('/api/v1/namespaces/default/serviceaccounts', {
      body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    });

  it('2.1.1 a client certificate names user and groups; one of another CA or out of date is 401, not a broken connection', async () => {
    const now = Date.now();
    const { status, user } = await ask({ certificate: await certificate(server.pki.ca, new Date(now + dayMs)) });
    expect([status, user?.username, user?.groups]).toEqual([201, 'carl', ['dev', 'ops', 'system:authenticated']]);
    expect(user?.extra?.['authentication.kubernetes.io/credential-id']?.[0]).toMatch(/^X509SHA256=[\da-f]{64}$/);
    expect((await ask({ certificate: await certificate(server.pki.ca, new Date(now - dayMs)) })).status).toBe(401);
    const stranger = new CertificateAuthority(await CertificateAuthority.create('stranger', now));
    expect((await ask({ certificate: await certificate(stranger, new Date(now + dayMs)) })).status).toBe(401);
  });

  it('2.1.2 a front proxy names others by its headers, nobody else does', async () => {
    const headers = {
      'x-remote-user': 'dora',
      'x-remote-group': 'g1, g2',
      'x-remote-uid': 'u9',
      'x-remote-extra-example.test%2fteam': 'blue',
    };
    const { status, user } = await ask({ certificate: server.pki.frontProxy, headers });
    expect([status, user]).toEqual([
      201,
      {
        username: 'dora',
        uid: 'u9',
        groups: ['g1', 'g2', 'system:authenticated'],
        extra: { 'example.test/team': ['blue'] },
      },
    ]);
    expect((await ask({ certificate: server.pki.frontProxy })).status).toBe(401);
    const { user: admin } = await ask({ certificate: server.pki.admin, headers });
    expect(admin?.username).toBe('admin');
    const published = await server.call('/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication');
    expect(Object.keys((published.json as unknown as { data: object }).data)).toEqual(
      expect.arrayContaining(['client-ca-file', 'requestheader-client-ca-file', 'requestheader-allowed-names']),
    );
    const role =
      '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader';
    expect((await server.call(role)).status).toBe(200);
  });

  it('2.1.3 several sorts of tokens are tried, also those that only a webhook knows; a malformed one is 401', async () => {
    const { user } = await ask(bearer('from-elsewhere'));
    expect([user?.username, user?.groups]).toEqual(['elsewhere', ['far', 'system:authenticated']]);
    for (const token of ['nonsense', 'a.b.c', 'abcdef.0123456789abcdef'])
      expect((await ask(bearer(token))).status).toBe(401);
  });

  const bootstrapToken = (id: string, data: Record<string, string>) =>
    server.call('/api/v1/namespaces/kube-system/secrets', {
      body: {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: `bootstrap-token-${id}` },
        type: 'bootstrap.kubernetes.io/token',
        stringData: {
          'token-id': id,
          'token-secret': '0123456789abcdef',
          'usage-bootstrap-authentication': 'true',
          ...data,
        },
      },
    });

  it('2.1.4 a bootstrap token names its user and groups until it expires', async () => {
    const expiration = new Date(Date.now() + 3_600_000).toISOString();
    await bootstrapToken('aaaaaa', { expiration, 'auth-extra-groups': 'system:bootstrappers:x' });
    const { user } = await ask(bearer('aaaaaa.0123456789abcdef'));
    expect([user?.username, user?.groups]).toEqual([
      'system:bootstrap:aaaaaa',
      ['system:bootstrappers', 'system:bootstrappers:x', 'system:authenticated'],
    ]);
    expect((await ask(bearer('aaaaaa.0123456789abcdee'))).status).toBe(401);
    await bootstrapToken('bbbbbb', { expiration: new Date(Date.now() - 1000).toISOString() });
    expect((await ask(bearer('bbbbbb.0123456789abcdef'))).status).toBe(401);
    await bootstrapToken('cccccc', { 'usage-bootstrap-authentication': 'false' });
    expect((await ask(bearer('cccccc.0123456789abcdef'))).status).toBe(401);
    aheadMs = 3_700_000;
    const later = await ask(bearer('aaaaaa.0123456789abcdef'));
    aheadMs = 0;
    expect(later.status).toBe(401);
  });

  it('2.1.5 who shows nothing is anonymous, and only on the listed paths where there is such a list', async () => {
    const { status, json } = await server.call('/api/v1/pods', { certificate: null });
    expect([status, json.message]).toEqual([
      403,
      'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" at the cluster scope',
    ]);
    writeFileSync(file, config({ enabled: true, conditions: [{ path: '/livez' }] }));
    await vi.waitFor(async () => expect((await server.call('/version', { certificate: null })).status).toBe(401), {
      timeout: 10_000,
      interval: 100,
    });
    expect((await server.call('/livez', { certificate: null })).status).toBe(200);
    writeFileSync(file, config());
    await vi.waitFor(async () => expect((await server.call('/version', { certificate: null })).status).toBe(200), {
      timeout: 10_000,
      interval: 100,
    });
  });

  it('2.1.6 an OpenID Connect issuer of the configuration file is believed, as its mappings and rules say', async () => {
    const claims = { email: 'eve@example.test', groups: ['dev'], tenant: 'blue' };
    const { status, user } = await ask(bearer(await sign(claims)));
    expect([status, user]).toEqual([
      201,
      {
        username: 'oidc:eve@example.test',
        uid: 'u-1',
        groups: ['oidc:dev', 'system:authenticated'],
        extra: { 'example.test/tenant': ['blue'] },
      },
    ]);
    expect((await ask(bearer(await sign(claims, { audience: 'other' })))).status).toBe(201);
    expect((await ask(bearer(await sign(claims, { audience: 'third' })))).status).toBe(401);
    expect((await ask(bearer(await sign(claims, { seconds: -60 })))).status).toBe(401);
    expect((await ask(bearer(await sign({ ...claims, tenant: 'evil' })))).status).toBe(401);
    expect((await ask(bearer(await sign({ ...claims, email: 'root@example.test' })))).status).toBe(401);
    const token = await sign(claims);
    expect((await ask(bearer(`${token.slice(0, -4)}AAAA`))).status).toBe(401);
  });

  it('2.1.6 a changed file is read again, and one that cannot be used leaves what was before', async () => {
    writeFileSync(file, config().replace("'oidc:' +", "'new:' +"));
    const token = await sign({ email: 'eve@example.test' });
    await vi.waitFor(async () => expect((await ask(bearer(token))).user?.username).toBe('new:eve@example.test'), {
      timeout: 10_000,
      interval: 100,
    });
    writeFileSync(file, 'kind: Nonsense');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await ask(bearer(token))).user?.username).toBe('new:eve@example.test');
    writeFileSync(file, config());
  });

  it('2.1.7 a TokenReview may narrow the audiences and is told which of them hold', async () => {
    await account('vaulted');
    const token = await tokenRequest({ audiences: ['vault', 'other'] }, 'vaulted');
    const reviewed = async (audiences: readonly string[]) =>
      (
        await server.call('/apis/authentication.k8s.io/v1/tokenreviews', {
          body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } },
        })
      ).json.status as unknown as { authenticated?: boolean; audiences?: readonly string[]; error?: string };
    expect(await reviewed(['vault', 'third'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
    expect(await reviewed(['third'])).toMatchObject({ authenticated: false });
    expect((await ask(bearer(token))).status).toBe(401); // it is not for this server
  });

  it('2.1.10 2.2.1 everybody may ask who he is, and a TokenReview tells of a service account', async () => {
    await account('robot');
    const token = await tokenRequest({}, 'robot');
    const { user } = await ask(bearer(token));
    expect(user).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    expect(user?.uid).toMatch(/^[\da-f-]{36}$/);
    expect(user?.extra?.['authentication.kubernetes.io/credential-id']?.[0]).toMatch(/^JTI=/);
    const { json } = await server.call('/apis/authentication.k8s.io/v1/tokenreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    });
    expect(json.status).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:robot' },
      audiences: ['https://kubernetes.default.svc.cluster.local'],
    });
    const { json: bad } = await server.call('/apis/authentication.k8s.io/v1/tokenreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } },
    });
    expect(bad.status).toMatchObject({ error: expect.stringContaining('invalid bearer token') as string });
  });

  it('2.3.1 a TokenRequest has defaults and bounds', async () => {
    await account('bounded');
    const request = (spec: object) =>
      server.call('/api/v1/namespaces/default/serviceaccounts/bounded/token', {
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
      });
    const { status, json } = await request({});
    expect([status, json.spec]).toMatchObject([
      201,
      { expirationSeconds: 3600, audiences: ['https://kubernetes.default.svc.cluster.local'] },
    ]);
    const short = await request({ expirationSeconds: 599 });
    expect([short.status, short.json.message]).toEqual([
      422,
      expect.stringContaining(
        'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
      ),
    ]);
    expect((await request({ boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'none' } })).status).toBe(404);
  });

  it('2.3.2 a token has the claims of Kubernetes, and its key is named by its hash', async () => {
    await account('claims');
    const [head = '', body = ''] = (await tokenRequest({}, 'claims')).split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    const keys = (await server.call('/openid/v1/jwks')).json as unknown as { keys: { kid: string }[] };
    expect(read(head)).toEqual({ alg: 'ES256', kid: keys.keys[0]?.kid });
    expect(read(body)).toMatchObject({
      iss: 'https://kubernetes.default.svc.cluster.local',
      sub: 'system:serviceaccount:default:claims',
      aud: ['https://kubernetes.default.svc.cluster.local'],
      'kubernetes.io': { namespace: 'default', serviceaccount: { name: 'claims' } },
    });
    expect(Object.keys(read(body))).toEqual(expect.arrayContaining(['exp', 'iat', 'nbf', 'jti']));
  });

  it('2.3.3 a token ends with its time, its account and what it is bound to', async () => {
    await account('ends');
    const token = await tokenRequest({ expirationSeconds: 600 }, 'ends');
    expect((await ask(bearer(token))).status).toBe(201);
    aheadMs = 601_000;
    const late = await ask(bearer(token));
    aheadMs = 0;
    expect(late.status).toBe(401);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'holder' } };
    const { json } = await server.call('/api/v1/namespaces/default/secrets', { body: secret });
    const boundObjectRef = { kind: 'Secret', apiVersion: 'v1', name: 'holder', uid: json.metadata?.uid };
    const bound = await tokenRequest({ boundObjectRef }, 'ends');
    expect((await ask(bearer(bound))).status).toBe(201);
    await server.call('/api/v1/namespaces/default/secrets/holder', { method: 'DELETE' });
    expect((await ask(bearer(bound))).status).toBe(401);
    await server.call('/api/v1/namespaces/default/serviceaccounts/ends', { method: 'DELETE' });
    await account('ends');
    expect((await ask(bearer(token))).status).toBe(401); // another account of the same name
  });

  it('2.3.9 the keys are found by discovery, by service accounts', async () => {
    await account('finder');
    const headers = { authorization: `Bearer ${await tokenRequest({}, 'finder')}` };
    const { status, json } = await server.call('/.well-known/openid-configuration', { certificate: null, headers });
    expect([status, json]).toMatchObject([200, { id_token_signing_alg_values_supported: ['ES256'] }]);
    expect((await server.call('/openid/v1/jwks', { certificate: null, headers })).status).toBe(200);
    expect((await server.call('/openid/v1/jwks', { certificate: null })).status).toBe(403);
  });

  it('1.17.5 who may act as somebody is him, with the group of all who are known', async () => {
    const { user } = await ask({
      certificate: server.pki.admin,
      headers: {
        'impersonate-user': 'bob',
        'impersonate-group': ['a', 'b'],
        'impersonate-extra-team': 'blue',
        'impersonate-uid': 'u',
      },
    });
    expect(user).toEqual({
      username: 'bob',
      uid: 'u',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { team: ['blue'] },
    });
    const carl = await certificate(server.pki.ca, new Date(Date.now() + dayMs));
    const refused = await server.call('/version', { certificate: carl, headers: { 'impersonate-user': 'bob' } });
    expect([refused.status, refused.json.message]).toEqual([
      403,
      'users "bob" is forbidden: User "carl" cannot impersonate resource "users" in API group "" at the cluster scope',
    ]);
    const groups = await server.call('/version', { headers: { 'impersonate-group': 'a' } });
    expect(groups.status).toBeGreaterThanOrEqual(400);
  });
});

describe('OpenID Connect by flags', () => {
  it('2.1.6 prefixes names with the issuer unless told otherwise, and wants the claims that are required', async () => {
    const { oidcIssuer } = await import('./authentication-config.js');
    const flags = { issuerUrl: 'https://issuer.test', clientId: 'cluster' };
    expect(oidcIssuer(flags)).toMatchObject({
      audiences: ['cluster'],
      algorithms: ['RS256'],
      username: { claim: 'sub', prefix: 'https://issuer.test#' },
    });
    expect(oidcIssuer({ ...flags, usernameClaim: 'email' }).username).toEqual({ claim: 'email', prefix: '' });
    expect(oidcIssuer({ ...flags, usernamePrefix: '-' }).username).toEqual({ claim: 'sub', prefix: '' });
    expect(oidcIssuer({ ...flags, requiredClaims: { a: 'b' } }).claimRules).toEqual([
      { claim: 'a', requiredValue: 'b' },
    ]);
    expect(() => oidcIssuer({ ...flags, issuerUrl: 'http://issuer.test' })).toThrow('must be an https:// URL');
  });
});
