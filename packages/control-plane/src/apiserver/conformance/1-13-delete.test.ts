import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiProbe } from '../../testing/api-probe.js';
import type { Reply } from '../../testing/api-probe.js';

const api = new ApiProbe();
beforeAll(api.start);
afterAll(api.stop);

const ns = '/api/v1/namespaces/default';
const maps = `${ns}/configmaps`;
const containers = [{ name: 'c', image: 'i' }];
const selector = { matchLabels: { a: 'b' } };
const template = { metadata: { labels: { a: 'b' } }, spec: { containers } };
const held = (name: string) => ({ metadata: { name, finalizers: ['example.test/hold'] } });
const finalizers = (reply: Reply) => reply.at('metadata', 'finalizers');

describe('deletion', () => {
  it('1.13.1 options stand in the body of any version, else in the query, and contradict each other in 422', async () => {
    const make = async (name: string) => (await api.make(maps, { metadata: { name } })).at('metadata', 'uid');
    await make('a');
    for (const body of [
      { apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'] },
      { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions', dryRun: ['All'] },
      { apiVersion: 'apps/v1', kind: 'DeleteOptions', dryRun: ['All'], gracePeriodSeconds: 0 },
      { dryRun: ['All'], propagationPolicy: 'Orphan' },
    ]) {
      expect((await api.delete(`${maps}/a`, body)).status).toBe(200);
    }
    expect((await api.delete(`${maps}/a?dryRun=All&propagationPolicy=Background&gracePeriodSeconds=0`)).status).toBe(
      200,
    );
    expect((await api.get(`${maps}/a`)).status).toBe(200);
    const both = await api.delete(`${maps}/a`, { orphanDependents: true, propagationPolicy: 'Orphan' });
    expect([both.status, both.json.reason]).toEqual([422, 'Invalid']);
    expect((await api.delete(`${maps}/a`, { propagationPolicy: 'Sometimes' })).status).toBe(422);
    expect((await api.delete(`${maps}/a`, { kind: 'ConfigMap' })).status).toBe(400);
    expect((await api.delete(`${maps}/a`)).status).toBe(200);
  });

  it('1.13.2 preconditions that do not hold are a Conflict', async () => {
    const made = await api.make(maps, { metadata: { name: 'conditional' } });
    const uid = '00000000-0000-0000-0000-000000000000';
    const wrong = await api.delete(`${maps}/conditional`, { preconditions: { uid } });
    expect([wrong.status, wrong.json.reason]).toEqual([409, 'Conflict']);
    expect(wrong.json.message).toContain(
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${String(made.at('metadata', 'uid'))}`,
    );
    expect((await api.delete(`${maps}/conditional`, { preconditions: { resourceVersion: '1' } })).status).toBe(409);
    const right = { uid: made.at('metadata', 'uid'), resourceVersion: made.at('metadata', 'resourceVersion') };
    expect((await api.delete(`${maps}/conditional`, { preconditions: right })).status).toBe(200);
  });

  it('1.13.3 finalizers hold an object: MODIFIED first, DELETED when the last goes', async () => {
    const made = await api.make(maps, held('held'));
    await using watch = await api.watch(
      `${maps}?watch=1&fieldSelector=metadata.name%3Dheld&resourceVersion=${String(made.at('metadata', 'resourceVersion'))}`,
    );
    const begun = await api.delete(`${maps}/held`);
    expect([begun.status, begun.at('kind'), begun.at('metadata', 'deletionGracePeriodSeconds')]).toEqual([
      200,
      'ConfigMap',
      0,
    ]);
    expect(begun.at('metadata', 'deletionTimestamp')).toMatch(/Z$/);
    const again = await api.delete(`${maps}/held`);
    expect([again.status, again.at('metadata', 'resourceVersion')]).toEqual([
      200,
      begun.at('metadata', 'resourceVersion'),
    ]);
    await api.patch(`${maps}/held`, 'merge', { metadata: { finalizers: null } });
    expect((await watch.take(2)).map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
    expect((await api.get(`${maps}/held`)).status).toBe(404);
  });

  it('1.13.4 while it goes, finalizers may go and none come, and the time stays', async () => {
    await api.make(maps, held('going'));
    const begun = await api.delete(`${maps}/going`);
    const more = await api.patch(`${maps}/going`, 'merge', {
      metadata: { finalizers: ['example.test/hold', 'example.test/new'] },
    });
    expect(more.json.details?.causes).toEqual([
      {
        reason: 'FieldValueForbidden',
        message:
          'Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.test/new"}',
        field: 'metadata.finalizers',
      },
    ]);
    const changed = await api.patch(`${maps}/going`, 'merge', {
      metadata: { deletionTimestamp: null, labels: { a: 'b' } },
      data: { a: '1' },
    });
    expect(changed.at('metadata', 'deletionTimestamp')).toBe(begun.at('metadata', 'deletionTimestamp'));
    expect([changed.status, changed.at('data', 'a')]).toEqual([200, '1']);
    await api.make(`${ns}/pods`, { metadata: { name: 'grace' }, spec: { containers, nodeName: 'n' } });
    const seconds = async (gracePeriodSeconds: number) =>
      (await api.delete(`${ns}/pods/grace`, { gracePeriodSeconds })).at('metadata', 'deletionGracePeriodSeconds');
    expect([await seconds(20), await seconds(60), await seconds(5)]).toEqual([20, 20, 5]);
  });

  it('1.13.5 the propagation policy becomes a finalizer, and its default is that of the kind', async () => {
    const kinds: readonly (readonly [string, object])[] = [
      ['/apis/apps/v1/namespaces/default/replicasets', { selector, template }],
      ['/apis/apps/v1/namespaces/default/deployments', { selector, template }],
    ];
    for (const [path, spec] of kinds) {
      for (const [policy, finalizer] of [
        ['Foreground', 'foregroundDeletion'],
        ['Orphan', 'orphan'],
      ] as const) {
        const name = policy.toLowerCase();
        await api.make(path, { metadata: { name }, spec });
        const begun = await api.delete(`${path}/${name}`, { propagationPolicy: policy });
        expect([path, policy, finalizers(begun)]).toEqual([path, policy, [finalizer]]);
      }
      await api.make(path, { metadata: { name: 'plain' }, spec });
      expect((await api.delete(`${path}/plain`)).at('status')).toBe('Success');
    }
    const orphaned = `${ns}/replicationcontrollers`;
    await api.make(orphaned, { metadata: { name: 'rc' }, spec: { selector: { a: 'b' }, template } });
    expect(finalizers(await api.delete(`${orphaned}/rc`))).toEqual(['orphan']);
    const jobs = '/apis/batch/v1/namespaces/default/jobs';
    const job = { template: { spec: { containers, restartPolicy: 'Never' } } };
    await api.make(jobs, { metadata: { name: 'j' }, spec: job });
    const left = await api.delete(`${jobs}/j`);
    expect(finalizers(left)).toEqual(['orphan']);
    expect(left.headers['warning']).toContain('child pods are preserved by default when jobs are deleted');
    await api.make(jobs, { metadata: { name: 'k' }, spec: job });
    expect((await api.delete(`${jobs}/k`, { propagationPolicy: 'Background' })).at('status')).toBe('Success');
  });

  it('1.13.6 a deletecollection deletes what the list shows, of nearly every kind', async () => {
    await api.namespace('collected');
    const own = '/api/v1/namespaces/collected';
    for (const name of ['a', 'b', 'c']) await api.make(`${own}/configmaps`, { metadata: { name } });
    await api.make(`${own}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
    const dry = await api.delete(`${own}/configmaps?dryRun=All`);
    expect([dry.status, dry.json.items?.length]).toEqual([200, 3]);
    const deleted = await api.delete(`${own}/configmaps`, { propagationPolicy: 'Background' });
    expect([deleted.status, deleted.at('kind')]).toEqual([200, 'ConfigMapList']);
    expect((await api.get(`${own}/configmaps`)).json.items).toEqual([]);
    expect((await api.delete(`${own}/services`)).status).toBe(200);
    expect((await api.get(`${own}/services`)).json.items).toEqual([]);
    expect((await api.delete('/api/v1/namespaces')).status).toBe(405);
  });

  it('1.13.7 what has no grace is gone at once', async () => {
    await api.make(`${ns}/events`, { metadata: { name: 'e' }, involvedObject: { namespace: 'default' } });
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    await api.make(leases, { metadata: { name: 'l' }, spec: {} });
    for (const path of [`${ns}/events/e`, `${leases}/l`]) {
      expect((await api.delete(path, { gracePeriodSeconds: 30 })).status).toBe(200);
      expect((await api.get(path)).status).toBe(404);
    }
  });

  it('1.13.8 a pod on a node gets its time, unless told 0', async () => {
    const pod = (name: string, spec: object = {}) =>
      api.make(`${ns}/pods`, { metadata: { name }, spec: { containers, nodeName: 'n', ...spec } });
    await pod('graceful');
    const begun = await api.delete(`${ns}/pods/graceful`);
    expect(begun.at('metadata', 'deletionGracePeriodSeconds')).toBe(30);
    expect((await api.get(`${ns}/pods/graceful`)).status).toBe(200);
    expect((await api.delete(`${ns}/pods/graceful`, { gracePeriodSeconds: 0 })).status).toBe(200);
    expect((await api.get(`${ns}/pods/graceful`)).status).toBe(404);
    await pod('own-time', { terminationGracePeriodSeconds: 7 });
    expect((await api.delete(`${ns}/pods/own-time`)).at('metadata', 'deletionGracePeriodSeconds')).toBe(7);
    await pod('unplaced', { nodeName: '' });
    await api.delete(`${ns}/pods/unplaced`);
    expect((await api.get(`${ns}/pods/unplaced`)).status).toBe(404);
  });

  it('1.13.9 volumes and claims in use are protected from the start', async () => {
    const resources = { requests: { storage: '1Gi' } };
    const claim = await api.make(`${ns}/persistentvolumeclaims`, {
      metadata: { name: 'c' },
      spec: { accessModes: ['ReadWriteOnce'], resources },
    });
    const volume = await api.make('/api/v1/persistentvolumes', {
      metadata: { name: 'v' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/d' } },
    });
    expect([finalizers(claim), finalizers(volume)]).toEqual([
      ['kubernetes.io/pvc-protection'],
      ['kubernetes.io/pv-protection'],
    ]);
    const begun = await api.delete(`${ns}/persistentvolumeclaims/c`);
    expect(begun.at('metadata', 'deletionTimestamp')).toBeDefined();
  });
});
