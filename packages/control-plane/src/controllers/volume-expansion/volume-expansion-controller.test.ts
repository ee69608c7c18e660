import type { KubernetesObject, PersistentVolume, PersistentVolumeClaim } from '@geobuk/api';
import { persistentVolumeClaims } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { turnControllers } from '../testing/turn-controllers.js';
import { VolumeExpansionController, storageResizer } from './volume-expansion-controller.js';

const signal = new AbortController().signal;
const key = { namespace: 'default', name: 'data' };
const claim = (wanted: string, present: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { ...key, uid: 'uid-claim' },
  spec: { volumeName: 'pv', storageClassName: 'disks', resources: { requests: { storage: wanted } } },
  status: { phase: 'Bound', capacity: { storage: present } },
});
const volume: PersistentVolume = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv', uid: 'uid-pv' },
  spec: { claimRef: { ...key, uid: 'uid-claim' }, csi: { driver: 'disks.example.com', volumeHandle: 'h' } },
};
const start = (...objects: readonly KubernetesObject[]) =>
  turnControllers(objects, (world) => [new VolumeExpansionController(world)]);

describe('VolumeExpansionController', () => {
  it('5.11.6 hands a claim that is to grow over to the resizer of its driver, once', async () => {
    await using world = await start(claim('2Gi', '1Gi'), volume);
    await world.settle();
    const [stored] = world.client.stored(persistentVolumeClaims);
    expect(stored?.metadata.annotations?.[storageResizer]).toBe('disks.example.com');
    const current = await world.client.read(persistentVolumeClaims, key, { signal });
    const conditions = [{ type: 'Resizing', status: 'True' }];
    await world.client.updateStatus(
      persistentVolumeClaims,
      { ...current, status: { ...current.status, conditions } },
      { signal },
    );
    await world.settle();
    expect(world.events).toEqual(['Normal ExternalExpanding waiting for an external controller to expand this PVC']);
  });

  it.each([
    ['of the same size', claim('1Gi', '1024Mi')],
    ['that is larger than asked for', claim('1Gi', '2Gi')],
    ['that is not bound', { ...claim('2Gi', '1Gi'), status: { phase: 'Pending' } }],
    ['whose volume is not its own', { ...claim('2Gi', '1Gi'), metadata: { ...key, uid: 'uid-other' } }],
  ])('5.11.6 leaves a claim alone %s', async (_title, subject) => {
    await using world = await start(subject, volume);
    await world.settle();
    expect(world.events).toEqual([]);
  });
});
