import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { persistentVolumeClaims, persistentVolumes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { EphemeralVolumeController } from '../ephemeral-volume/ephemeral-volume-controller.js';
import { pod } from '../testing/objects.js';
import { turnControllers } from '../testing/turn-controllers.js';
import {
  ClaimProtectionController,
  VolumeProtectionController,
} from '../volume-protection/volume-protection-controllers.js';
import { diffClaim } from './claim-diff.js';
import { VolumeBinderController } from './volume-binder-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'c' };
const claim = (spec: Partial<PersistentVolumeClaim['spec']> = {}, annotations = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...key, uid: 'uid-c', annotations },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', resources: { requests: { storage: '5Gi' } }, ...spec },
});
const volume = (name: string, storage: string, spec: Partial<PersistentVolume['spec']> = {}): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name, uid: `uid-${name}`, labels: { disk: name } },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage }, persistentVolumeReclaimPolicy: 'Retain', ...spec },
});
const storageClass = (name: string, extra: Partial<StorageClass> = {}): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name },
  provisioner: 'example.com/disks',
  ...extra,
});
const late = storageClass('late', { volumeBindingMode: 'WaitForFirstConsumer' });
const standard = storageClass('std', {
  metadata: { name: 'std', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
});
const { storageClassName: _none, ...classless } = claim().spec;
const forOther = { namespace: 'default', name: 'other' };

describe('diffClaim', () => {
  it.each<[string, PersistentVolumeClaim, readonly PersistentVolume[], readonly StorageClass[], string]>([
    [
      'the smallest that fits',
      claim(),
      [volume('big', '20Gi'), volume('fit', '6Gi'), volume('small', '1Gi')],
      [],
      'bind fit',
    ],
    [
      'none with other access modes',
      claim({ accessModes: ['ReadWriteMany'] }),
      [volume('a', '9Gi')],
      [],
      'wait FailedBinding',
    ],
    ['none of another class', claim(), [volume('a', '9Gi', { storageClassName: 'x' })], [], 'wait FailedBinding'],
    ['none of another mode', claim({ volumeMode: 'Block' }), [volume('a', '9Gi')], [], 'wait FailedBinding'],
    [
      'only what the selector names',
      claim({ selector: { matchLabels: { disk: 'b' } } }),
      [volume('a', '9Gi'), volume('b', '9Gi')],
      [],
      'bind b',
    ],
    ['the one set aside for it', claim(), [volume('a', '5Gi'), volume('b', '9Gi', { claimRef: key })], [], 'bind b'],
    ['none set aside for another', claim(), [volume('a', '9Gi', { claimRef: forOther })], [], 'wait FailedBinding'],
    ['the one it names', claim({ volumeName: 'b' }), [volume('a', '5Gi'), volume('b', '9Gi')], [], 'bind b'],
    [
      'not the one it names when that is taken',
      claim({ volumeName: 'b' }),
      [volume('b', '9Gi', { claimRef: forOther })],
      [],
      'wait FailedBinding',
    ],
    [
      '5.11.2 a provisioner otherwise',
      claim({ storageClassName: 'std' }),
      [],
      [standard],
      'provision example.com/disks',
    ],
    [
      '5.11.2 nothing before a pod comes',
      claim({ storageClassName: 'late' }),
      [volume('a', '9Gi', { storageClassName: 'late' })],
      [late],
      'wait WaitForFirstConsumer',
    ],
    [
      '5.11.2 a provisioner once the scheduler chose a node',
      claim({ storageClassName: 'late' }, { 'volume.kubernetes.io/selected-node': 'n' }),
      [],
      [late],
      'provision example.com/disks',
    ],
    [
      '5.11.2 what the scheduler set aside',
      claim({ storageClassName: 'late' }),
      [volume('a', '9Gi', { storageClassName: 'late', claimRef: key })],
      [late],
      'bind a',
    ],
    ['5.11.8 the default class, also later', { ...claim(), spec: classless }, [], [standard], 'defaultClass std'],
    [
      'lost without its volume',
      claim({ volumeName: 'gone' }, { 'pv.kubernetes.io/bind-completed': 'yes' }),
      [],
      [],
      'lost ClaimLost',
    ],
  ])('5.11.1 %s', (_title, subject, volumes, classes, expected) => {
    const step = diffClaim(subject, volumes, classes);
    const detail =
      step.kind === 'bind'
        ? step.volume.metadata.name
        : step.kind === 'provision'
          ? step.provisioner
          : step.kind === 'defaultClass'
            ? step.storageClassName
            : step.kind === 'nothing'
              ? ''
              : step.reason;
    expect(`${step.kind} ${detail ?? ''}`).toBe(expected);
  });
});

describe('volumes and claims', () => {
  const start = (...objects: Parameters<typeof turnControllers>[0]) =>
    turnControllers(objects, (world) => [
      new VolumeBinderController(world),
      new ClaimProtectionController(world),
      new VolumeProtectionController(world),
      new EphemeralVolumeController(world),
    ]);
  type Turning = Awaited<ReturnType<typeof start>>;
  const phases = (world: Turning) => [
    ...world.client.stored(persistentVolumeClaims).map(({ status }) => status?.phase),
    ...world.client.stored(persistentVolumes).map(({ status }) => status?.phase),
  ];

  it('5.11.1 bind, stamp both sides, and 5.11.3 release', async () => {
    await using world = await start(claim(), volume('a', '9Gi'));
    await world.settle(1_000);
    expect(phases(world)).toEqual(['Bound', 'Bound']);
    const [bound] = world.client.stored(persistentVolumeClaims);
    expect(bound?.spec.volumeName).toBe('a');
    expect(bound?.status?.capacity).toEqual({ storage: '9Gi' });
    expect(bound?.metadata.annotations).toMatchObject({
      'pv.kubernetes.io/bind-completed': 'yes',
      'pv.kubernetes.io/bound-by-controller': 'yes',
    });
    await world.client.delete(persistentVolumeClaims, key, { signal });
    await world.settle(1_000);
    expect(phases(world)).toEqual(['Released']);
    world.client.seed({ ...claim(), metadata: { ...key, uid: 'uid-second' } });
    await world.settle(1_000);
    expect(phases(world)).toEqual(['Pending', 'Released']);
  });

  it('5.11.1 give each of many claims a volume of its own', async () => {
    const claims = Array.from({ length: 8 }, (_, i) => ({
      ...claim(),
      metadata: { namespace: 'default', name: `c${i}`, uid: `uid-c${i}` },
    }));
    await using world = await start(...claims, ...claims.map((_, i) => volume(`v${i}`, '9Gi')));
    await world.settle(60_000);
    const taken = world.client.stored(persistentVolumeClaims).map(({ spec }) => spec.volumeName);
    expect(new Set(taken).size).toBe(8);
    expect(new Set(phases(world))).toEqual(new Set(['Bound']));
  });

  it('5.11.4 stay as long as they are used', async () => {
    const user = pod('user', {
      nodeName: 'n',
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
    });
    await using world = await start(claim(), volume('a', '9Gi'), user);
    await world.settle(1_000);
    await world.client.delete(persistentVolumeClaims, key, { signal });
    await world.client.delete(persistentVolumes, { name: 'a' }, { signal });
    await world.settle(1_000);
    expect(phases(world)).toEqual(['Bound', 'Bound']);
    await world.client.delete(pods, { namespace: 'default', name: 'user' }, { signal, gracePeriodSeconds: 0 });
    await world.settle(1_000);
    expect(phases(world)).toEqual([]);
  });

  it('5.11.7 a pod with a volume of its own has a claim that it owns', async () => {
    const volumeClaimTemplate = { spec: { accessModes: ['ReadWriteOnce'] } };
    await using world = await start(
      pod('p', { spec: { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate } }] } }),
    );
    await world.settle();
    expect(world.client.stored(persistentVolumeClaims)[0]?.metadata).toMatchObject({
      name: 'p-v',
      ownerReferences: [{ kind: 'Pod', uid: 'uid-p', controller: true }],
    });
  });
});
