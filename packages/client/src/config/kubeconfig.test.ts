import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../testing/fake-clock.js';
import { ConfigError } from './cluster-config.js';
import { tokenFile } from './credentials.js';
import { execCredentials, parseExecCredential } from './exec-credential.js';
import { inClusterConfig } from './in-cluster-config.js';
import { kubeconfigPaths, loadKubeconfig } from './kubeconfig.js';

let folder: string;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const basic = `
apiVersion: v1
kind: Config
current-context: main
contexts:
- {name: main, context: {cluster: c, user: u, namespace: shop}}
- {name: other, context: {cluster: c, user: tokened}}
clusters:
- {name: c, cluster: {server: 'https://example.test:6443/', certificate-authority-data: ${base64('CA')}}}
users:
- {name: u, user: {client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}}
- {name: tokened, user: {token: t0}}
`;

describe('kubeconfig', () => {
  it('is found by flag, by variable, or at home', () => {
    const home = '/home/ann';
    expect(kubeconfigPaths({ flag: 'f', variable: 'a:b', home })).toEqual(['f']);
    expect(kubeconfigPaths({ variable: 'a::b:a', home })).toEqual(['a', 'b']);
    expect(kubeconfigPaths({ variable: '', home })).toEqual(['/home/ann/.kube/config']);
  });

  it('gives server, authority, certificate and namespace of the current context', async () => {
    const config = await loadKubeconfig({ paths: [await file('config', basic)] });
    expect(config).toMatchObject({ server: 'https://example.test:6443', ca: 'CA', namespace: 'shop' });
    expect(await config.credentials.current({ signal })).toEqual({ certificate: { cert: 'CERT', key: 'KEY' } });
  });

  it('takes another context when told to', async () => {
    const config = await loadKubeconfig({ paths: [await file('config', basic)], context: 'other', namespace: 'n' });
    expect(config.namespace).toBe('n');
    expect(await config.credentials.current({ signal })).toEqual({ authorization: 'Bearer t0' });
  });

  it('merges files: the first to name a thing counts, missing files are passed over', async () => {
    const first = await file(
      'first',
      'current-context: other\nclusters:\n- {name: c, cluster: {server: "https://first.test"}}',
    );
    const config = await loadKubeconfig({ paths: [join(folder, 'none'), first, await file('second', basic)] });
    expect(config.server).toBe('https://first.test');
    expect(await config.credentials.current({ signal })).toEqual({ authorization: 'Bearer t0' });
  });

  it('reads files relative to the kubeconfig', async () => {
    await file('ca.pem', 'CA FILE');
    await file('token', 'from-file\n');
    const path = await file(
      'config',
      basic
        .replace(/certificate-authority-data: [^}]+\}/, 'certificate-authority: ca.pem}')
        .replace('token: t0', 'tokenFile: token'),
    );
    const config = await loadKubeconfig({ paths: [path], context: 'other' });
    expect(config.ca).toBe('CA FILE');
    expect(await config.credentials.current({ signal })).toEqual({ authorization: 'Bearer from-file' });
  });

  it('knows basic authentication, proxy, server name, impersonation and blind trust', async () => {
    const text = `
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: https://s.test, insecure-skip-tls-verify: true, proxy-url: 'http://p.test:1', tls-server-name: other.test}}]
users: [{name: u, user: {username: ann, password: pw, as: bob, as-groups: [g]}}]
`;
    const config = await loadKubeconfig({ paths: [await file('config', text)] });
    expect(config).toMatchObject({
      insecureSkipTlsVerify: true,
      proxyUrl: 'http://p.test:1',
      tlsServerName: 'other.test',
      impersonate: { user: 'bob', groups: ['g'] },
    });
    expect(await config.credentials.current({ signal })).toEqual({ authorization: `Basic ${base64('ann:pw')}` });
  });

  it.each([
    ['no file', undefined, {}, /no kubeconfig at/],
    ['no YAML', 'a: [', {}, /is no YAML/],
    ['an unknown context', basic, { context: 'nope' }, /context "nope" does not exist; choose one of: main, other/],
    ['no context', 'clusters: []', {}, /no current context/],
    ['an unknown cluster', basic, { cluster: 'nope' }, /cluster "nope" does not exist/],
    ['half a pair', basic.replace(/, client-key-data: [^}]+/, ''), {}, /only one of client certificate and key/],
  ])('refuses %s, in words', async (_what, text, overrides, message) => {
    const path = text === undefined ? join(folder, 'none') : await file('config', text);
    const loading = loadKubeconfig({ paths: [path], ...overrides });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toBeInstanceOf(ConfigError);
  });
});

describe('exec credentials', () => {
  const apiVersion = 'client.authentication.k8s.io/v1';
  const plugin = (script: string) => ({
    apiVersion,
    command: process.execPath,
    args: ['-e', script],
    env: { EXTRA: 'x' },
    interactive: false,
  });
  const print = (status: string): string =>
    `require('fs').appendFileSync('${folder}/runs', 'r'); console.log(JSON.stringify({apiVersion: '${apiVersion}', kind: 'ExecCredential', status: ${status}}))`;

  it('run the plugin once until its credential expires or is refused', async () => {
    const clock = new FakeClock(Date.parse('2030-01-01T00:00:00Z'));
    const script = print(
      `{token: process.env.EXTRA + JSON.parse(process.env.KUBERNETES_EXEC_INFO).kind, expirationTimestamp: '2030-01-01T01:00:00Z'}`,
    );
    const credentials = execCredentials(plugin(script), clock);
    const both = await Promise.all([credentials.current({ signal }), credentials.current({ signal })]);
    expect(both[0]).toEqual({ authorization: 'Bearer xExecCredential' });
    await credentials.current({ signal });
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('r');
    await clock.advance(3_600_000);
    await credentials.current({ signal });
    credentials.refused?.();
    await credentials.current({ signal });
    expect(await readFile(join(folder, 'runs'), 'utf8')).toBe('rrr');
  });

  it('may be a certificate', () => {
    const status = { clientCertificateData: 'C', clientKeyData: 'K' };
    const output = JSON.stringify({ apiVersion, kind: 'ExecCredential', status });
    expect(parseExecCredential({ command: 'p', apiVersion }, output)).toEqual({
      proof: { certificate: { cert: 'C', key: 'K' } },
      until: Infinity,
    });
  });

  it('fail in words', async () => {
    await expect(execCredentials(plugin('process.exit(3)')).current({ signal })).rejects.toThrow(
      'failed with exit code 3',
    );
    await expect(execCredentials(plugin(`process.stdout.write('1')`)).current({ signal })).rejects.toThrow(
      'printed no ExecCredential',
    );
    await expect(execCredentials(plugin(print('{}'))).current({ signal })).rejects.toThrow(
      'neither token nor certificate',
    );
    const missing = { ...plugin(''), command: 'geobuk-no-such-plugin', installHint: 'install it' };
    await expect(execCredentials(missing).current({ signal })).rejects.toThrow('; install it');
    expect(() => execCredentials({ ...plugin(''), apiVersion: 'client.authentication.k8s.io/v1alpha1' })).toThrow(
      'not supported',
    );
  });
});

describe('token file', () => {
  it('is read again after a while and after a refusal', async () => {
    const clock = new FakeClock();
    const path = await file('token', 'one');
    const credentials = tokenFile(path, clock);
    const now = async (): Promise<string | undefined> => (await credentials.current({ signal })).authorization;
    expect(await now()).toBe('Bearer one');
    await file('token', 'two');
    expect(await now()).toBe('Bearer one');
    await clock.advance(10_000);
    expect(await now()).toBe('Bearer two');
    await file('token', 'three');
    credentials.refused?.();
    expect(await now()).toBe('Bearer three');
  });
});

describe('in-cluster config', () => {
  it('looks below the mount point of the host runtime first', async () => {
    const mount = join(folder, 'var/run/secrets/kubernetes.io/serviceaccount');
    await mkdir(mount, { recursive: true });
    for (const [name, text] of [
      ['token', 'tok\n'],
      ['ca.crt', 'CA'],
      ['namespace', 'kube-system\n'],
    ] as const) {
      await writeFile(join(mount, name), text);
    }
    const environment = {
      KUBERNETES_SERVICE_HOST: '::1',
      KUBERNETES_SERVICE_PORT: '6443',
      CONTAINER_SANDBOX_MOUNT_POINT: folder,
    };
    const config = await inClusterConfig(environment);
    expect(config).toMatchObject({ server: 'https://[::1]:6443', ca: 'CA', namespace: 'kube-system' });
    expect(await config.credentials.current({ signal })).toEqual({ authorization: 'Bearer tok' });
  });

  it('says so outside of a pod', async () => {
    await expect(inClusterConfig({})).rejects.toThrow('not in a pod');
  });
});
