import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';

const api = new ApiProbe();
const ns = '/api/v1/namespaces/selected';
const maps = `${ns}/configmaps`;
const found = async (path: string, selectors: Readonly<Record<string, string>>) => {
  const reply = await api.get(`${path}?${new URLSearchParams(selectors).toString()}`);
  return reply.status === 200 ? (reply.json.items ?? []).map(({ metadata }) => metadata.name) : reply.json.message;
};

beforeAll(async () => {
  await api.start();
  await api.namespace('selected');
  for (const [name, labels] of [
    ['one', { env: 'prod', size: '3' }],
    ['two', { env: 'test', size: '7' }],
    ['three', { tier: 'web' }],
  ] as const) {
    await api.make(maps, { metadata: { name, labels } });
  }
});
afterAll(api.stop);

describe('selectors', () => {
  it('1.10.1 label selectors have all operators, and bad ones are BadRequest', async () => {
    const rows: readonly (readonly [string, readonly string[]])[] = [
      ['env=prod', ['one']],
      ['env==prod', ['one']],
      ['env!=prod', ['three', 'two']],
      ['env in (prod,test)', ['one', 'two']],
      ['env notin (prod)', ['three', 'two']],
      ['env', ['one', 'two']],
      ['!env', ['three']],
      ['env,size>4', ['two']],
      ['size<4', ['one']],
      ['env in (prod, test),size=7', ['two']],
    ];
    for (const [labelSelector, expected] of rows) {
      expect([labelSelector, await found(maps, { labelSelector })]).toEqual([labelSelector, expected]);
    }
    for (const bad of ['env in', 'env in (', '=x', 'a b', 'env>x', 'a=!', ',,']) {
      expect([bad, (await api.get(`${maps}?labelSelector=${encodeURIComponent(bad)}`)).status]).toEqual([bad, 400]);
    }
  });

  it('1.10.2 field selectors have their operators, and unknown fields are refused by name', async () => {
    expect(await found(maps, { fieldSelector: 'metadata.name=one' })).toEqual(['one']);
    expect(await found(maps, { fieldSelector: 'metadata.name==one' })).toEqual(['one']);
    expect(await found(maps, { fieldSelector: 'metadata.name!=one,metadata.name!=two' })).toEqual(['three']);
    expect(await found(maps, { fieldSelector: 'metadata.name=a\\,b' })).toEqual([]);
    expect(await found(maps, { fieldSelector: 'data.x=1' })).toBe('field label not supported: data.x');
    expect((await api.get(`${maps}?fieldSelector=nonsense`)).status).toBe(400);
  });

  it('1.10.3 every kind is selected by name, those in namespaces also by namespace', async () => {
    const groups = (await api.get('/apis')).at('groups') as { preferredVersion: { groupVersion: string } }[];
    const versions = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
    for (const path of versions) {
      const resources = (await api.get(path)).at('resources') as {
        name: string;
        verbs: string[];
        namespaced: boolean;
      }[];
      for (const { name, verbs, namespaced } of resources) {
        if (!verbs.includes('list') || name === 'componentstatuses') continue;
        const fields = ['metadata.name', ...(namespaced ? ['metadata.namespace'] : [])];
        for (const field of fields) {
          const { status } = await api.get(`${path}/${name}?fieldSelector=${field}%3Dnone`);
          expect([path, name, field, status]).toEqual([path, name, field, 200]);
        }
      }
    }
  }, 30_000);

  it('1.10.4 some kinds are selected by more fields', async () => {
    const containers = [{ name: 'c', image: 'i' }];
    await api.make(`${ns}/pods`, { metadata: { name: 'p' }, spec: { containers, nodeName: 'n1', schedulerName: 's' } });
    await api.patch(`${ns}/pods/p/status`, 'merge', {
      status: { phase: 'Running', podIP: '10.0.0.9', podIPs: [{ ip: '10.0.0.9' }], nominatedNodeName: 'n2' },
    });
    await api.make('/api/v1/nodes', { metadata: { name: 'n1' }, spec: { unschedulable: true } });
    await api.make(`${ns}/secrets`, { metadata: { name: 's' }, type: 'example.test/own' });
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
    await api.make(`${ns}/replicationcontrollers`, {
      metadata: { name: 'r' },
      spec: { selector: { a: 'b' }, template },
    });
    await api.make('/apis/batch/v1/namespaces/selected/jobs', {
      metadata: { name: 'j' },
      spec: { template: { spec: { containers, restartPolicy: 'Never' } } },
    });
    await api.make('/apis/apps/v1/namespaces/selected/replicasets', {
      metadata: { name: 'r' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    });
    const involvedObject = {
      kind: 'Pod',
      namespace: 'selected',
      name: 'p',
      uid: 'u',
      apiVersion: 'v1',
      resourceVersion: '1',
      fieldPath: 'f',
    };
    await api.make(`${ns}/events`, {
      metadata: { name: 'e' },
      involvedObject,
      reason: 'R',
      reportingComponent: 'c',
      source: { component: 'src' },
      type: 'Warning',
    });
    await api.make('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { name: 'csr' },
      spec: { signerName: 'example.test/s', usages: ['client auth'], request: Buffer.from(csrPem).toString('base64') },
    });
    await api.make(`${ns}/services`, { metadata: { name: 'svc' }, spec: { ports: [{ port: 80 }] } });
    const clusterIP = String((await api.get(`${ns}/services/svc`)).at('spec', 'clusterIP'));
    const events = '/apis/events.k8s.io/v1/namespaces/selected/events';
    const rows: readonly (readonly [string, string, string, string])[] = [
      [`${ns}/pods`, 'spec.nodeName', 'n1', 'p'],
      [`${ns}/pods`, 'spec.host', 'n1', 'p'],
      [`${ns}/pods`, 'spec.restartPolicy', 'Always', 'p'],
      [`${ns}/pods`, 'spec.schedulerName', 's', 'p'],
      [`${ns}/pods`, 'spec.serviceAccountName', 'default', 'p'],
      [`${ns}/pods`, 'spec.hostNetwork', 'false', 'p'],
      [`${ns}/pods`, 'status.phase', 'Running', 'p'],
      [`${ns}/pods`, 'status.podIP', '10.0.0.9', 'p'],
      [`${ns}/pods`, 'status.podIPs', '10.0.0.9', 'p'],
      [`${ns}/pods`, 'status.nominatedNodeName', 'n2', 'p'],
      ['/api/v1/nodes', 'spec.unschedulable', 'true', 'n1'],
      ['/api/v1/namespaces', 'name', 'selected', 'selected'],
      [`${ns}/secrets`, 'type', 'example.test/own', 's'],
      [`${ns}/replicationcontrollers`, 'status.replicas', '0', 'r'],
      ['/apis/apps/v1/namespaces/selected/replicasets', 'status.replicas', '0', 'r'],
      ['/apis/batch/v1/namespaces/selected/jobs', 'status.successful', '0', 'j'],
      ...(['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const).flatMap(
        (field): (readonly [string, string, string, string])[] => [
          [`${ns}/events`, `involvedObject.${field}`, involvedObject[field], 'e'],
          [events, `regarding.${field}`, involvedObject[field], 'e'],
        ],
      ),
      [`${ns}/events`, 'reason', 'R', 'e'],
      [`${ns}/events`, 'reportingComponent', 'c', 'e'],
      [`${ns}/events`, 'source', 'src', 'e'],
      [`${ns}/events`, 'type', 'Warning', 'e'],
      [events, 'reason', 'R', 'e'],
      [events, 'reportingController', 'c', 'e'],
      [events, 'type', 'Warning', 'e'],
      ['/apis/certificates.k8s.io/v1/certificatesigningrequests', 'spec.signerName', 'example.test/s', 'csr'],
      [`${ns}/services`, 'spec.clusterIP', clusterIP, 'svc'],
      [`${ns}/services`, 'spec.type', 'ClusterIP', 'svc'],
    ];
    for (const [path, field, value, name] of rows) {
      const names = await found(path, { fieldSelector: `${field}=${value}` });
      expect([path, field, names]).toEqual([path, field, expect.arrayContaining([name])]);
      const others = await found(path, { fieldSelector: `${field}!=${value}` });
      expect([path, field, others]).toEqual([path, field, expect.not.arrayContaining([name])]);
    }
    expect(await found('/api/v1/namespaces', { fieldSelector: 'status.phase=Active' })).toContain('selected');
  });

  it('1.10.5 the selectors of the stock kubelet, proxy and scheduler work in lists and watches', async () => {
    expect(await found('/api/v1/pods', { fieldSelector: 'spec.nodeName=n1' })).toEqual(['p']);
    const proxy = '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name';
    expect(await found(`${ns}/services`, { labelSelector: proxy })).toEqual(['svc']);
    const unfinished = 'status.phase!=Succeeded,status.phase!=Failed';
    expect(await found(`${ns}/pods`, { fieldSelector: unfinished })).toEqual(['p']);
    await using watch = await api.watch(
      `/api/v1/pods?${new URLSearchParams({ watch: '1', fieldSelector: unfinished }).toString()}`,
    );
    expect((await watch.take(1))[0]?.type).toBe('ADDED');
    await api.patch(`${ns}/pods/p/status`, 'merge', { status: { phase: 'Succeeded' } });
    expect((await watch.take(1))[0]?.type).toBe('DELETED');
  });

  it('1.10.6 deletecollection takes both selectors and a limit', async () => {
    for (const name of ['d1', 'd2', 'd3', 'd4']) {
      await api.make(maps, { metadata: { name, labels: { del: name === 'd4' ? 'no' : 'yes' } } });
    }
    await api.delete(`${maps}?labelSelector=del&fieldSelector=metadata.name%3Dd1`);
    expect(await found(maps, { labelSelector: 'del' })).toEqual(['d2', 'd3', 'd4']);
    await api.delete(`${maps}?labelSelector=del&limit=1`);
    expect(await found(maps, { labelSelector: 'del' })).toEqual(['d3', 'd4']);
    await api.delete(`${maps}?labelSelector=del%3Dyes`);
    expect(await found(maps, { labelSelector: 'del' })).toEqual(['d4']);
  });
});

/** A request that any client could have made; nobody signs it. */
const csrPem = `-----BEGIN CERTIFICATE REQUEST-----
MIHIMHACAQAwDjEMMAoGA1UEAwwDYm9iMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEXDTF0qG7SMOLV3lhaQXqqloKbfpTIfYYJi8icpt/YydPtw2wcAPiuBSSV+Rf
x+2UD2NzX+IX+40QaHZ39dyqpqAAMAoGCCqGSM49BAMCA0gAMEUCIQDb8n5lqahm
7ZkAGP9xBT8HafgsyR09qfVU+aK38K5r+gIgNpbaAsGLySZ56gofNplBPlJMvc/l
zKOCxbdN4Zo/798=
-----END CERTIFICATE REQUEST-----
`;
