import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../../../testing/test-server.js';
import { readPodSecurityConfig } from './pod-security-config.js';

const directory = mkdtempSync(join(tmpdir(), 'geobuk-pod-security-'));
const file = join(directory, 'admission.yaml');
const write = (configuration: object) =>
  writeFileSync(
    file,
    stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name: 'PodSecurity',
          configuration: {
            apiVersion: 'pod-security.admission.config.k8s.io/v1',
            kind: 'PodSecurityConfiguration',
            ...configuration,
          },
        },
      ],
    }),
  );

describe('the configuration of Pod Security', () => {
  afterAll(() => rmSync(directory, { recursive: true }));

  it('2.10.1 gives namespaces without labels a level, and exempts users, classes and namespaces', async () => {
    write({
      defaults: { enforce: 'baseline', 'enforce-version': 'latest' },
      exemptions: { usernames: ['trusted'], namespaces: ['kube-system'], runtimeClasses: ['vm'] },
    });
    await using server = await startTestServer({ apiServer: { admissionConfigFile: file } });
    for (const ns of ['default', 'kube-system'])
      await server.call(`/api/v1/namespaces/${ns}/serviceaccounts`, {
        body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
      });
    await server.call('/apis/node.k8s.io/v1/runtimeclasses', {
      body: { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'vm' }, handler: 'vm' },
    });
    const create = async (ns: string, name: string, spec: object = {}, headers = {}) =>
      (
        await server.call(`/api/v1/namespaces/${ns}/pods`, {
          headers,
          body: {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: { name },
            spec: { hostPID: true, containers: [{ name: 'c', image: 'example.test/a:1' }], ...spec },
          },
        })
      ).status;
    expect(await create('default', 'a')).toBe(403);
    expect(await create('default', 'b', { runtimeClassName: 'vm' })).toBe(201);
    expect(await create('kube-system', 'c')).toBe(201);
    const trusted = { 'impersonate-user': 'trusted', 'impersonate-group': 'system:masters' };
    expect(await create('default', 'd', {}, trusted)).toBe(201);
  });

  it('refuses what it does not know', () => {
    write({ defaults: { enforce: 'strict' } });
    expect(() => readPodSecurityConfig(file)).toThrow('defaults.enforce: "strict" must be one of');
    writeFileSync(file, 'kind: Nonsense');
    expect(() => readPodSecurityConfig(file)).toThrow('must be apiVersion apiserver.config.k8s.io/v1');
  });
});
