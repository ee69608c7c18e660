import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const run = promisify(execFile);
const api = new ApiProbe();
let directory = '';

/** The real kubectl against the server of this test. */
async function kubectl(...args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return run('kubectl', ['--kubeconfig', join(directory, 'kubeconfig'), '--cache-dir', directory, ...args]);
}
/** The titles of the columns, as kubectl prints them. */
const header = async (...args: readonly string[]) =>
  (await kubectl('get', ...args)).stdout
    .split('\n', 1)[0]
    ?.trim()
    .split(/\s{2,}/);

beforeAll(async () => {
  await api.start();
  directory = await mkdtemp(join(tmpdir(), 'geobuk-kubectl-'));
  const { pki, url } = api.server;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    clusters: [{ name: 'test', cluster: { server: url, 'certificate-authority-data': base64(pki.ca.certPem) } }],
    users: [
      {
        name: 'admin',
        user: {
          'client-certificate-data': base64(pki.admin.certPem),
          'client-key-data': base64(pki.admin.keyPem),
        },
      },
    ],
  };
  await writeFile(join(directory, 'kubeconfig'), JSON.stringify(kubeconfig), { mode: 0o600 });
  const ns = '/api/v1/namespaces/default';
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await api.make(`${ns}/pods`, { metadata: { name: 'p' }, spec: template.spec });
  await api.make(`${ns}/services`, { metadata: { name: 's' }, spec: { selector: labels, ports: [{ port: 80 }] } });
  await api.make('/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: labels }, template },
  });
  await api.make('/apis/batch/v1/namespaces/default/jobs', {
    metadata: { name: 'j' },
    spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } },
  });
});
afterAll(async () => {
  await api.stop();
  await rm(directory, { recursive: true });
});

describe('what kubectl prints', () => {
  it.each<readonly [string, string, string]>([
    ['pods', 'NAME, READY, STATUS, RESTARTS, AGE', 'IP, NODE, NOMINATED NODE, READINESS GATES'],
    ['services', 'NAME, TYPE, CLUSTER-IP, EXTERNAL-IP, PORT(S), AGE', 'SELECTOR'],
    ['deployments', 'NAME, READY, UP-TO-DATE, AVAILABLE, AGE', 'CONTAINERS, IMAGES, SELECTOR'],
    ['jobs', 'NAME, STATUS, COMPLETIONS, DURATION, AGE', 'CONTAINERS, IMAGES, SELECTOR'],
    ['namespaces', 'NAME, STATUS, AGE', ''],
    ['clusterroles', 'NAME, CREATED AT', ''],
    ['priorityclasses', 'NAME, VALUE, GLOBAL-DEFAULT, AGE, PREEMPTIONPOLICY', ''],
    ['apiservices', 'NAME, SERVICE, AVAILABLE, AGE', ''],
  ])('4.4 of %s are the columns of the server', async (resource, narrow, wide) => {
    expect(await header(resource)).toEqual(narrow.split(', '));
    expect(await header(resource, '-o', 'wide')).toEqual(
      [narrow, wide]
        .filter((part) => part !== '')
        .join(', ')
        .split(', '),
    );
  });

  it('1.14.15 component statuses come with a warning that they are on their way out', async () => {
    const { stdout, stderr } = await kubectl('get', 'componentstatuses');
    expect(stderr).toContain('Warning: v1 ComponentStatus is deprecated in v1.19+');
    expect(stdout).toMatch(/^NAME +STATUS +MESSAGE +ERROR\n/);
    expect(stdout).toMatch(/\netcd-0 +Healthy +ok/);
  });

  it('1.6.3 refusals are the words of the server', async () => {
    const refused = await kubectl('get', 'pod', 'none').catch((error: { stderr: string }) => error);
    expect(refused.stderr).toContain('Error from server (NotFound): pods "none" not found');
    const invalid = await kubectl('scale', 'deployment/d', '--replicas=3');
    expect(invalid.stdout).toContain('deployment.apps/d scaled');
  });

  it('1.12.18 1.12.20 apply, diff and server-side apply leave what they should', async () => {
    const file = join(directory, 'map.yaml');
    await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: "1"}\n');
    expect((await kubectl('apply', '-f', file)).stdout).toContain('configmap/applied created');
    await writeFile(file, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: "2"}\n');
    const differs = await kubectl('diff', '-f', file).catch((error: { stdout: string }) => error);
    expect(differs.stdout).toContain('+  a: "2"');
    expect((await api.get('/api/v1/namespaces/default/configmaps/applied')).at('data', 'a')).toBe('1');
    expect((await kubectl('apply', '--server-side', '-f', file)).stdout).toContain('serverside-applied');
    expect((await api.get('/api/v1/namespaces/default/configmaps/applied')).at('data', 'a')).toBe('2');
  });
});
