import { describe, expect, it } from 'vitest';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { deepFreeze } from '@geobuk/client/testing';
import { planClaim, readable } from './claim-plan.js';
import { isOurs, localVolume, volumeFinalizer } from './local-volume.js';
import { volumesDirectory } from './manifests.js';
import { planVolume } from './volume-plan.js';

const place = { nodeName: 'n1', hostname: 'host-1', directory: '/volumes/n1' };
const gib = 2 ** 30;
const storageClass: StorageClass = deepFreeze({
  metadata: { name: 'local' },
  provisioner: 'geobuk.dev/local',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
  allowVolumeExpansion: true,
});
const claimWith = (
  spec: Partial<PersistentVolumeClaim['spec']> = {},
  annotations: Readonly<Record<string, string>> = {},
  rest: Partial<PersistentVolumeClaim> = {},
): PersistentVolumeClaim =>
  deepFreeze({
    metadata: {
      namespace: 'default',
      name: 'data',
      uid: 'u1',
      annotations: {
        'volume.kubernetes.io/storage-provisioner': 'geobuk.dev/local',
        'volume.kubernetes.io/selected-node': 'n1',
        ...annotations,
      },
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'local',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
    ...rest,
  });
const plan = (claim: PersistentVolumeClaim, facts: Partial<Parameters<typeof planClaim>[0]> = {}) =>
  planClaim({ claim, storageClass, volume: undefined, place, roomBytes: 10 * gib, ...facts });

describe('a claim without a volume', () => {
  it('gets one on the node it was scheduled to', () => {
    const found = plan(claimWith());
    expect(found).toMatchObject({ kind: 'provision', sizeBytes: gib });
    expect(found.kind === 'provision' && found.volume).toMatchObject({
      metadata: {
        name: 'pvc-u1',
        annotations: { 'pv.kubernetes.io/provisioned-by': 'geobuk.dev/local' },
        finalizers: [volumeFinalizer],
      },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'local',
        claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: 'u1' },
        local: { path: '/volumes/n1/pvc-u1' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-1'] }] },
            ],
          },
        },
      },
    });
  });

  it.each([
    ['is for another provisioner', claimWith({}, { 'volume.kubernetes.io/storage-provisioner': 'other' }), {}],
    ['is for another node', claimWith({}, { 'volume.kubernetes.io/selected-node': 'n2' }), {}],
    ['has a class that is gone', claimWith(), { storageClass: undefined }],
    ['has a class of another provisioner', claimWith(), { storageClass: { ...storageClass, provisioner: 'x' } }],
    ['has its volume already', claimWith(), { volume: localVolume(claimWith(), storageClass, place) }],
  ])('that %s gets nothing', (_, claim, facts) => {
    expect(plan(claim, facts)).toEqual({ kind: 'nothing' });
  });

  it('that is being deleted gets nothing', () => {
    const { metadata } = claimWith();
    const claim = claimWith({}, {}, { metadata: { ...metadata, deletionTimestamp: '2030-01-01T00:00:00Z' } });
    expect(plan(claim)).toEqual({ kind: 'nothing' });
  });

  it.each([
    [{ accessModes: ['ReadWriteMany'] }, 'access mode ReadWriteMany'],
    [{ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] }, 'access mode ReadOnlyMany'],
    [{ volumeMode: 'Block' }, 'volumeMode Block'],
    [{ selector: { matchLabels: { a: 'b' } } }, 'spec.selector'],
    [{ dataSource: { kind: 'PersistentVolumeClaim', name: 'x' } }, 'spec.dataSource'],
  ] as const)('is told what is not possible: %j', (spec, words) => {
    const found = plan(claimWith(spec));
    expect(found).toMatchObject({ kind: 'refuse' });
    expect(found.kind === 'refuse' && found.message).toContain(words);
  });

  it('goes back to the scheduler where there is no room', () => {
    expect(plan(claimWith(), { roomBytes: gib - 1 })).toMatchObject({
      kind: 'reschedule',
      message: 'node n1 has 1024 MiB left for local volumes, and 1 GiB are asked for',
    });
    expect(plan(claimWith(), { roomBytes: gib })).toMatchObject({ kind: 'provision' });
  });
});

describe('a bound claim', () => {
  const bound = (storage: string, known = '1Gi'): PersistentVolumeClaim =>
    claimWith(
      { volumeName: 'pvc-u1', resources: { requests: { storage } } },
      {},
      { status: { phase: 'Bound', capacity: { storage: known } } },
    );
  const volume = deepFreeze(localVolume(claimWith(), storageClass, place));

  it('is content with what it has', () => {
    expect(plan(bound('1Gi'), { volume })).toEqual({ kind: 'nothing' });
    expect(plan(bound('1024Mi'), { volume })).toEqual({ kind: 'nothing' });
  });

  it('grows by what is missing', () => {
    expect(plan(bound('3Gi'), { volume })).toMatchObject({ kind: 'grow', storage: '3Gi', byBytes: 2 * gib });
  });

  it('does not grow beyond the room, nor against its class', () => {
    expect(plan(bound('3Gi'), { volume, roomBytes: gib })).toMatchObject({ kind: 'cannotGrow' });
    const fixed = { ...storageClass, allowVolumeExpansion: false };
    expect(plan(bound('3Gi'), { volume, storageClass: fixed })).toMatchObject({ kind: 'cannotGrow' });
  });

  it('is told of the size of its volume when that has grown', () => {
    const grown = { ...volume, spec: { ...volume.spec, capacity: { storage: '3Gi' } } };
    expect(plan(bound('3Gi'), { volume: grown })).toEqual({ kind: 'report', storage: '3Gi' });
  });

  it("leaves volumes of others alone: other nodes', other claims', other provisioners'", () => {
    const elsewhere = localVolume(claimWith(), storageClass, { ...place, hostname: 'host-2' });
    const reclaimed = { ...volume, spec: { ...volume.spec, claimRef: { ...volume.spec.claimRef, uid: 'u2' } } };
    for (const other of [elsewhere, reclaimed]) {
      expect(plan(bound('3Gi'), { volume: other })).toEqual({ kind: 'nothing' });
    }
  });
});

describe('a volume', () => {
  const volume = (
    phase: string,
    { policy = 'Delete', deleted = false, finalizers = [volumeFinalizer] as readonly string[], path = '' } = {},
  ): PersistentVolume => {
    const made = localVolume(claimWith(), { ...storageClass, reclaimPolicy: policy }, place);
    return deepFreeze({
      ...made,
      metadata: { ...made.metadata, finalizers, ...(deleted ? { deletionTimestamp: '2030-01-01T00:00:00Z' } : {}) },
      spec: { ...made.spec, ...(path === '' ? {} : { local: { path } }) },
      status: { phase },
    });
  };

  it.each([
    ['bound', volume('Bound'), { kind: 'nothing' }],
    ['released', volume('Released'), { kind: 'delete' }],
    ['released, to be retained', volume('Released', { policy: 'Retain' }), { kind: 'nothing' }],
    ['going', volume('Released', { deleted: true }), { kind: 'release', removeDirectory: true }],
    [
      'going, to be retained',
      volume('Released', { deleted: true, policy: 'Retain' }),
      { kind: 'release', removeDirectory: false },
    ],
    ['going but bound', volume('Bound', { deleted: true }), { kind: 'nothing' }],
    [
      'going but protected',
      volume('Released', { deleted: true, finalizers: [volumeFinalizer, 'kubernetes.io/pv-protection'] }),
      { kind: 'nothing' },
    ],
    ['going and let go of', volume('Released', { deleted: true, finalizers: [] }), { kind: 'nothing' }],
    ['released, with a path that is not ours', volume('Released', { path: '/etc' }), { kind: 'nothing' }],
    ['released, with a path that leaves', volume('Released', { path: '/volumes/n1/../n2' }), { kind: 'nothing' }],
  ])('%s', (_, given, expected) => {
    expect(planVolume(given, place)).toEqual(expected);
  });

  it('is ours by who made it, where and for which node', () => {
    const made = volume('Bound');
    expect(isOurs(made, place)).toBe(true);
    expect(isOurs(made, { ...place, hostname: 'host-2' })).toBe(false);
    expect(isOurs(made, { ...place, directory: '/volumes/n2' })).toBe(false);
    expect(isOurs({ ...made, metadata: { name: 'pvc-u1' } }, place)).toBe(false);
  });
});

describe('words and paths', () => {
  it.each([
    [0, '0 B'],
    [-5, '0 B'],
    [1536, '1.5 KiB'],
    [5 * 2 ** 40, '5 TiB'],
    [2 ** 52, '4096 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(readable(bytes)).toBe(text);
  });

  it('each cluster and each node has a folder of its own', () => {
    expect(volumesDirectory('', '0a1b2c3d', 'n1')).toBe('/var/lib/geobuk-volumes/0a1b2c3d/n1');
    expect(volumesDirectory('/srv', '0a1b2c3d', 'n1')).toBe('/srv/n1');
  });
});
