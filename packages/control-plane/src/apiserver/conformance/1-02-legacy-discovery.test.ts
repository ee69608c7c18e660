import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

interface Group {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion: { readonly groupVersion: string; readonly version: string };
}
interface Resource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly group?: string;
  readonly version?: string;
  readonly storageVersionHash?: string;
}

const groups = async () => (await api.get('/apis')).at('groups') as readonly Group[];
const resources = async (path: string) => (await api.get(path)).at('resources') as readonly Resource[];

describe('legacy discovery', () => {
  it('1.2.1 /api names the version of the core group and where the server is', async () => {
    const { json } = await api.get('/api');
    expect(json).toMatchObject({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [
        { clientCIDR: '0.0.0.0/0', serverAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown },
      ],
    });
  });

  it('1.2.2 /apis names the versions of each group, the preferred one among them', async () => {
    const reply = await api.get('/apis');
    expect([reply.at('kind'), reply.at('apiVersion')]).toEqual(['APIGroupList', 'v1']);
    for (const { name, versions, preferredVersion } of await groups()) {
      expect(versions.length).toBeGreaterThan(0);
      expect(versions[0]).toEqual(preferredVersion);
      for (const { groupVersion, version } of versions) expect(groupVersion).toBe(`${name}/${version}`);
    }
  });

  it('1.2.3 /apis/<group> says the same of one group', async () => {
    for (const group of await groups()) {
      const { json } = await api.get(`/apis/${group.name}`);
      expect(json).toMatchObject({ kind: 'APIGroup', apiVersion: 'v1', ...group });
    }
    expect((await api.get('/apis/no.such.group')).status).toBe(404);
  });

  it('1.2.4 a group version lists its resources with all that clients read', async () => {
    const reply = await api.get('/api/v1');
    expect([reply.at('kind'), reply.at('groupVersion')]).toEqual(['APIResourceList', 'v1']);
    const pods = (await resources('/api/v1')).find(({ name }) => name === 'pods');
    expect(pods).toEqual({
      name: 'pods',
      singularName: 'pod',
      namespaced: true,
      kind: 'Pod',
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      shortNames: ['po'],
      categories: ['all'],
      storageVersionHash: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) as unknown,
    });
    expect(await api.get('/apis/apps/v1').then((apps) => [apps.at('apiVersion'), apps.at('groupVersion')])).toEqual([
      'v1',
      'apps/v1',
    ]);
  });

  it('1.2.5 subresources are entries of their own, with the kinds that kubectl looks for', async () => {
    const core = new Map((await resources('/api/v1')).map((entry) => [entry.name, entry]));
    const expected: readonly (readonly [string, string, string?, string?])[] = [
      ['pods/status', 'Pod'],
      ['pods/log', 'Pod'],
      ['pods/exec', 'PodExecOptions'],
      ['pods/attach', 'PodAttachOptions'],
      ['pods/portforward', 'PodPortForwardOptions'],
      ['pods/proxy', 'PodProxyOptions'],
      ['pods/binding', 'Binding'],
      ['pods/ephemeralcontainers', 'Pod'],
      ['pods/resize', 'Pod'],
      ['pods/eviction', 'Eviction', 'policy', 'v1'],
      ['serviceaccounts/token', 'TokenRequest', 'authentication.k8s.io', 'v1'],
      ['replicationcontrollers/scale', 'Scale', 'autoscaling', 'v1'],
      ['nodes/proxy', 'NodeProxyOptions'],
      ['services/proxy', 'ServiceProxyOptions'],
      ['namespaces/finalize', 'Namespace'],
    ];
    for (const [name, kind, group, version] of expected) {
      const entry = core.get(name);
      expect([name, entry?.kind, entry?.group, entry?.version]).toEqual([name, kind, group, version]);
      expect(entry?.singularName).toBe('');
    }
    const apps = await resources('/apis/apps/v1');
    for (const plural of ['deployments', 'replicasets', 'statefulsets']) {
      const scale = apps.find(({ name }) => name === `${plural}/scale`);
      expect(scale).toMatchObject({
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
        verbs: ['get', 'patch', 'update'],
      });
    }
  });

  it('1.2.6 every resource has the singular name of its kind', async () => {
    for (const path of [
      '/api/v1',
      ...(await groups()).map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`),
    ]) {
      for (const { name, singularName, kind } of await resources(path)) {
        if (!name.includes('/')) expect(singularName).toBe(kind.toLowerCase());
      }
    }
  });

  it('1.2.7 groups stand in the order of their priority', async () => {
    const stated = [
      'apiregistration.k8s.io',
      'apps',
      'events.k8s.io',
      'authentication.k8s.io',
      'authorization.k8s.io',
      'autoscaling',
      'batch',
      'certificates.k8s.io',
      'networking.k8s.io',
      'policy',
      'rbac.authorization.k8s.io',
      'storage.k8s.io',
      'admissionregistration.k8s.io',
      'apiextensions.k8s.io',
      'scheduling.k8s.io',
      'coordination.k8s.io',
      'node.k8s.io',
      'discovery.k8s.io',
      'flowcontrol.apiserver.k8s.io',
      'resource.k8s.io',
    ];
    const names = (await groups()).map(({ name }) => name);
    expect(names.filter((name) => stated.includes(name))).toEqual(stated);
    expect(names.slice(0, stated.length)).toEqual(stated);
  });

  it('1.2.8 versions of a group stand with the stable and newest first', async () => {
    const autoscaling = (await groups()).find(({ name }) => name === 'autoscaling');
    expect(autoscaling?.versions.map(({ version }) => version)).toEqual(['v2', 'v1']);
    const version = (name: string, storage: boolean) => ({
      name,
      served: true,
      storage,
      schema: { openAPIV3Schema: { type: 'object' } },
    });
    await api.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'ordered.versions.test' },
      spec: {
        group: 'versions.test',
        scope: 'Cluster',
        names: { plural: 'ordered', kind: 'Ordered' },
        versions: ['v1alpha1', 'v1', 'v1beta2', 'v10', 'v1beta1', 'v2'].map((name) => version(name, name === 'v1')),
      },
    });
    await expect
      .poll(async () =>
        (await groups()).find(({ name }) => name === 'versions.test')?.versions.map(({ version: shown }) => shown),
      )
      .toEqual(['v10', 'v2', 'v1', 'v1beta2', 'v1beta1', 'v1alpha1']);
  });

  it('1.2.9 every listed version of every group answers with resources', async () => {
    for (const { versions } of await groups()) {
      for (const { groupVersion } of versions) {
        const found = await resources(`/apis/${groupVersion}`);
        expect([groupVersion, found.length > 0]).toEqual([groupVersion, true]);
      }
    }
  });

  it('1.2.10 an aggregated API that is down fails alone', async () => {
    await api.make('/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name: 'v1.down.test' },
      spec: {
        group: 'down.test',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'not-there' },
      },
    });
    await expect.poll(async () => (await api.get('/apis/down.test/v1')).status).toBe(503);
    expect((await api.get('/apis/apps/v1')).status).toBe(200);
    expect((await groups()).map(({ name }) => name)).toContain('apps');
  });

  it('1.2.11 every authenticated user may discover, nobody else', async () => {
    for (const path of ['/api', '/apis', '/api/v1', '/apis/apps', '/openapi/v3', '/version']) {
      expect([path, (await api.as('nobody', path)).status]).toEqual([path, 200]);
      const anonymous = await api.call(path, { certificate: null });
      expect([path, anonymous.status]).toEqual([path, path === '/version' ? 200 : 403]);
    }
    for (const path of ['/healthz', '/livez', '/readyz']) {
      expect((await api.call(path, { certificate: null })).status).toBe(200);
    }
  });
});
