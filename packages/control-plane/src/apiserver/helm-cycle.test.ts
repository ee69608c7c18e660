import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubernetesObject } from '@geobuk/api';
import { startTestServer } from '../testing/test-server.js';
import type { TestResponse, TestServer } from '../testing/test-server.js';

const namespace = '/api/v1/namespaces/harbour';
const secrets = `${namespace}/secrets`;
const deployments = '/apis/apps/v1/namespaces/harbour/deployments';
const manager = '?fieldManager=helm';

type Deployment = KubernetesObject & {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly Record<string, unknown>[] } };
  };
};

const owned = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'harbour' },
};
const deployment = (image: string, env: readonly object[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'harbour', ...owned },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image, env }] },
    },
  },
});

/** The calls that `helm install`, `upgrade`, `rollback` and `uninstall` make, one after the other. */
describe('the life of a helm release', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer();
    await server.call('/api/v1/namespaces', { body: { metadata: { name: 'harbour' } } });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const release = (version: number, status: string) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'helm.sh/release.v1',
    metadata: {
      name: `sh.helm.release.v1.web.v${version}`,
      namespace: 'harbour',
      labels: { name: 'web', owner: 'helm', status, version: String(version), modifiedAt: '1785000000' },
    },
    data: {
      release: Buffer.from(
        gzipSync(JSON.stringify({ name: 'web', version, info: { status } })).toString('base64'),
      ).toString('base64'),
    },
  });
  const record = (version: number, status: string) =>
    server.call(`${secrets}${manager}`, { body: release(version, status) });
  const mark = (version: number, status: string) =>
    server.call(`${secrets}/sh.helm.release.v1.web.v${version}${manager}`, {
      method: 'PUT',
      body: release(version, status),
    });
  const history = async (selector = 'name=web,owner=helm') => {
    const { items } = (await server.call(`${secrets}?labelSelector=${encodeURIComponent(selector)}`)).json;
    return items!.map(({ metadata }) => `${metadata.labels!['version']} ${metadata.labels!['status']}`);
  };
  const strategic = (path: string, body: object): Promise<TestResponse> =>
    server.call(`${path}${manager}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body,
    });
  const live = async () => (await server.call(`${deployments}/web`)).json as unknown as Deployment;

  const web = async () => (await live()).spec.template.spec.containers.find(({ name }) => name === 'web');

  it('installs: nothing there before, the release recorded before and after', async () => {
    expect(await history()).toEqual([]);
    const dryRun = await server.call(`${deployments}${manager}&dryRun=All`, { body: deployment('web:1', []) });
    expect(dryRun.status).toBe(201);
    expect((await server.call(`${deployments}/web`)).status).toBe(404);
    expect((await record(1, 'pending-install')).status).toBe(201);
    const created = await server.call(`${deployments}${manager}`, {
      body: deployment('web:1', [{ name: 'TIDE', value: 'low' }]),
    });
    expect(created.status, created.text).toBe(201);
    expect(created.json.metadata!.managedFields![0]).toMatchObject({ manager: 'helm', operation: 'Update' });
    await server.call(`${namespace}/configmaps${manager}`, {
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', ...owned }, data: { mode: 'calm' } },
    });
    expect((await mark(1, 'deployed')).status).toBe(200);
    expect(await history('name=web,owner=helm,status=deployed')).toEqual(['1 deployed']);
    expect((await record(1, 'pending-install')).json.reason).toBe('AlreadyExists');
  });

  it('upgrades by three-way merge: what others changed stays where the chart says nothing', async () => {
    await server.call(`${deployments}/web/scale`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { replicas: 3 } },
    });
    const sidecar = { name: 'sidecar', image: 'sidecar:1' };
    await strategic(`${deployments}/web`, { spec: { template: { spec: { containers: [sidecar] } } } });
    expect((await record(2, 'pending-upgrade')).status).toBe(201);
    const patched = await strategic(`${deployments}/web`, {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'web' }],
            containers: [
              {
                name: 'web',
                image: 'web:2',
                '$setElementOrder/env': [{ name: 'WIND' }],
                env: [
                  { name: 'WIND', value: 'east' },
                  { $patch: 'delete', name: 'TIDE' },
                ],
              },
            ],
          },
        },
      },
    });
    expect(patched.status, patched.text).toBe(200);
    const { spec } = await live();
    expect(spec.replicas).toBe(3);
    expect(spec.template.spec.containers).toMatchObject([
      { name: 'sidecar', image: 'sidecar:1' },
      { name: 'web', image: 'web:2', env: [{ name: 'WIND', value: 'east' }] },
    ]);
    // What the new chart has no more goes; what it has now comes.
    const gone = await server.call(`${namespace}/configmaps/web`, {
      method: 'DELETE',
      body: { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' },
    });
    expect(gone.status).toBe(200);
    await mark(1, 'superseded');
    await mark(2, 'deployed');
    expect(await history()).toEqual(['1 superseded', '2 deployed']);
  });

  it('rolls back to the first revision as a third one', async () => {
    await record(3, 'pending-rollback');
    const patched = await strategic(`${deployments}/web`, {
      spec: {
        template: {
          spec: {
            '$setElementOrder/containers': [{ name: 'web' }],
            containers: [
              {
                name: 'web',
                image: 'web:1',
                env: [
                  { name: 'TIDE', value: 'low' },
                  { $patch: 'delete', name: 'WIND' },
                ],
              },
            ],
          },
        },
      },
    });
    expect(patched.status, patched.text).toBe(200);
    expect(await web()).toMatchObject({
      image: 'web:1',
      env: [{ name: 'TIDE', value: 'low' }],
    });
    await mark(2, 'superseded');
    await mark(3, 'deployed');
    expect(await history('owner=helm,status in (deployed)')).toEqual(['3 deployed']);
  });

  it('applies on the server, dry and wet, as helm 4 does; a foreign change conflicts until it is forced', async () => {
    const apply = (query: string, image: string) =>
      server.call(`${deployments}/web${manager}${query}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/apply-patch+yaml' },
        body: deployment(image, []),
      });
    const dry = await apply('&force=true&dryRun=All', 'web:4');
    expect([dry.status, (await web())!['image']]).toEqual([200, 'web:1']);
    expect((await apply('&force=true', 'web:4')).status).toBe(200);
    await server.call(`${deployments}/web?fieldManager=kubectl-set`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { spec: { template: { spec: { containers: [{ name: 'web', image: 'web:hotfix' }] } } } },
    });
    const conflict = await apply('', 'web:5');
    expect([conflict.status, conflict.json.reason]).toEqual([409, 'Conflict']);
    expect(conflict.json.message).toContain('conflict with "kubectl-set"');
    expect((await apply('&force=true', 'web:5')).status).toBe(200);
    expect((await web())!['image']).toBe('web:5');
  });

  it('uninstalls everything, its own records last', async () => {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    expect((await server.call(`${deployments}/web`, { method: 'DELETE', body })).status).toBe(200);
    for (const version of [1, 2, 3]) {
      expect((await server.call(`${secrets}/sh.helm.release.v1.web.v${version}`, { method: 'DELETE' })).status).toBe(
        200,
      );
    }
    expect(await history()).toEqual([]);
  });

  it('keeps a release of nearly a megabyte, and refuses one that is larger', async () => {
    const sized = (name: string, bytes: number) => ({
      ...release(9, 'deployed'),
      metadata: { name, namespace: 'harbour' },
      data: { release: Buffer.alloc(bytes, 'x').toString('base64') },
    });
    expect((await server.call(secrets, { body: sized('large', 1_000_000) })).status).toBe(201);
    const refused = await server.call(secrets, { body: sized('too-large', 1_100_000) });
    expect([refused.status, refused.json.reason]).toEqual([422, 'Invalid']);
  });
});
