import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly scope: string;
  readonly verbs: readonly string[];
  readonly subresources?: readonly {
    readonly subresource: string;
    readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
    readonly verbs: readonly string[];
  }[];
}
interface DiscoveredGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly freshness: string;
    readonly resources: readonly DiscoveredResource[];
  }[];
}

const discover = async (path: '/api' | '/apis') =>
  (await api.get(path, { accept: aggregated })).at('items') as readonly DiscoveredGroup[];
const group = async (name: string) => (await discover('/apis')).find(({ metadata }) => metadata.name === name);
const definition = (plural: string, more: object = {}) => ({
  metadata: { name: `${plural}.found.test` },
  spec: {
    group: 'found.test',
    scope: 'Namespaced',
    names: {
      plural,
      kind: plural[0]!.toUpperCase() + plural.slice(1),
      shortNames: [plural.slice(0, 2)],
      categories: ['all'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object' } },
        subresources: { status: {} },
      },
    ],
    ...more,
  },
});

describe('aggregated discovery', () => {
  it('1.3.1 both roots answer with all groups at once when asked to', async () => {
    for (const path of ['/api', '/apis'] as const) {
      const reply = await api.get(path, { accept: aggregated });
      expect([reply.at('kind'), reply.at('apiVersion')]).toEqual(['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
    }
  });

  it('1.3.2 the content type repeats the parameters', async () => {
    const { headers } = await api.get('/apis', { accept: aggregated });
    expect(headers['content-type']).toBe(aggregated);
    expect((await api.get('/apis')).headers['content-type']).toBe('application/json');
  });

  it('1.3.3 the first form of the list that the server knows counts', async () => {
    const kindFor = async (accept: string) => (await api.get('/apis', { accept })).at('kind');
    expect(await kindFor(`${aggregated},application/json`)).toBe('APIGroupDiscoveryList');
    expect(await kindFor(`application/json,${aggregated}`)).toBe('APIGroupList');
    const unknown = 'application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList';
    expect(await kindFor(`${unknown},application/json`)).toBe('APIGroupList');
    expect(await kindFor(`${unknown},${aggregated}`)).toBe('APIGroupDiscoveryList');
  });

  it('1.3.4 groups have versions, resources and subresources in one shape', async () => {
    const apps = await group('apps');
    expect(apps?.versions[0]).toMatchObject({ version: 'v1', freshness: 'Current' });
    const deployments = apps?.versions[0]?.resources.find(({ resource }) => resource === 'deployments');
    expect(deployments).toEqual({
      resource: 'deployments',
      responseKind: { group: '', version: '', kind: 'Deployment' },
      scope: 'Namespaced',
      singularResource: 'deployment',
      shortNames: ['deploy'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
      subresources: [
        {
          subresource: 'scale',
          responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
          verbs: ['get', 'patch', 'update'],
        },
        {
          subresource: 'status',
          responseKind: { group: '', version: '', kind: 'Deployment' },
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
    const nodes = (await discover('/api'))[0]?.versions[0]?.resources.find(({ resource }) => resource === 'nodes');
    expect(nodes?.scope).toBe('Cluster');
    for (const { versions } of await discover('/apis')) {
      for (const { resources } of versions) {
        for (const { verbs } of resources) expect(verbs).toEqual([...verbs].sort());
      }
    }
  });

  it('1.3.5 the core group is below /api only, and kinds of the own group have no group', async () => {
    expect((await discover('/api')).map(({ metadata }) => metadata.name ?? '')).toEqual(['']);
    expect((await discover('/apis')).map(({ metadata }) => metadata.name ?? '')).not.toContain('');
    const pods = (await discover('/api'))[0]?.versions[0]?.resources.find(({ resource }) => resource === 'pods');
    expect(pods?.responseKind).toEqual({ group: '', version: '', kind: 'Pod' });
    const eviction = pods?.subresources?.find(({ subresource }) => subresource === 'eviction');
    expect(eviction?.responseKind).toEqual({ group: 'policy', version: 'v1', kind: 'Eviction' });
  });

  it('1.3.6 each resource says its verbs, also what can only be created', async () => {
    const reviews = (await group('authorization.k8s.io'))?.versions[0]?.resources;
    expect(reviews?.map(({ resource, verbs }) => [resource, verbs])).toContainEqual([
      'subjectaccessreviews',
      ['create'],
    ]);
    for (const { versions } of await discover('/apis')) {
      for (const { resources } of versions) {
        expect(resources.every(({ verbs }) => Array.isArray(verbs))).toBe(true);
        expect(resources.some(({ resource }) => resource.includes('/'))).toBe(false);
      }
    }
  });

  it('1.3.7 the tag changes with the contents and with nothing else', async () => {
    const tag = async () => (await api.get('/apis', { accept: aggregated })).headers.etag;
    const first = await tag();
    expect(first).toMatch(/^"[0-9A-Za-z+/=_-]+"$/);
    expect(await tag()).toBe(first);
    const { status, text, headers } = await api.get('/apis', { accept: aggregated, 'if-none-match': first });
    expect([status, text, headers.vary]).toEqual([304, '', 'Accept']);
    await api.make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', definition('tagged'));
    await expect.poll(tag).not.toBe(first);
    expect((await api.get('/apis', { accept: aggregated, 'if-none-match': first })).status).toBe(200);
  });

  it('1.3.8 a definition comes into both documents and goes from both', async () => {
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    const shown = async () => {
      const old = await api.get('/apis/found.test/v1');
      const resources = (await group('found.test'))?.versions[0]?.resources ?? [];
      return [
        ((old.at('resources') ?? []) as { name: string }[]).some(({ name }) => name === 'widgets'),
        resources.some(({ resource }) => resource === 'widgets'),
      ];
    };
    await api.make(crds, definition('widgets'));
    await expect.poll(shown).toEqual([true, true]);
    const widgets = (await group('found.test'))?.versions[0]?.resources.find(({ resource }) => resource === 'widgets');
    expect(widgets).toMatchObject({
      shortNames: ['wi'],
      categories: ['all'],
      subresources: [{ subresource: 'status' }],
      singularResource: 'widgets',
    });
    await api.delete(`${crds}/widgets.found.test`);
    await expect.poll(shown).toEqual([false, false]);
  });

  it('1.3.9 an aggregated API that cannot be reached is Stale', async () => {
    await api.make('/apis/apiregistration.k8s.io/v1/apiservices', {
      metadata: { name: 'v1.stale.test' },
      spec: {
        group: 'stale.test',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'not-there' },
      },
    });
    await expect.poll(async () => (await group('stale.test'))?.versions[0]?.freshness).toBe('Stale');
    expect((await group('apps'))?.versions[0]?.freshness).toBe('Current');
  });
});
