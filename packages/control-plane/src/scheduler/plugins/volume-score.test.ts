import type { CSIDriver, CSIStorageCapacity, PersistentVolume, PersistentVolumeClaim, StorageClass } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { node, pod } from '../../controllers/testing/objects.js';
import { podInfo } from '../node-info.js';
import { testCluster } from '../testing/decide-with.js';
import type { VolumeLookup } from '../volumes/volume-lookup.js';
import { volumeBinding } from './volume-binding.js';

const claim = (storage: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'c', namespace: 'default', uid: 'uid-c' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'late', resources: { requests: { storage } } },
});
const volumeOn = (name: string, host: string, storage: string): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    accessModes: ['ReadWriteOnce'],
    capacity: { storage },
    storageClassName: 'late',
    nodeAffinity: {
      required: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [host] }] }],
      },
    },
  },
  status: { phase: 'Available' },
});
const capacityOn = (host: string, capacity: string): CSIStorageCapacity => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'CSIStorageCapacity',
  metadata: { name: host, namespace: 'default' },
  storageClassName: 'late',
  nodeTopology: { matchLabels: { 'kubernetes.io/hostname': host } },
  capacity,
});
const late = (provisioner: string): StorageClass => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'late' },
  provisioner,
  volumeBindingMode: 'WaitForFirstConsumer',
});
const driver = { metadata: { name: 'disks' }, spec: { storageCapacity: true } } as CSIDriver;

interface Storage {
  readonly wanted: string;
  readonly volumes?: readonly PersistentVolume[];
  readonly capacities?: readonly CSIStorageCapacity[];
  readonly provisioner?: string;
}

const scoresOf = (storage: Storage, args = {}): readonly number[] => {
  const { wanted, volumes = [], capacities = [], provisioner = 'disks' } = storage;
  const lookup: VolumeLookup = {
    claim: () => claim(wanted),
    volume: () => undefined,
    volumesOfClass: () => volumes,
    storageClass: () => late(provisioner),
    csiNode: () => undefined,
    csiDriver: (name) => (name === 'disks' ? driver : undefined),
    capacities: () => capacities,
  };
  const plugin = volumeBinding({ lookup, taken: new Set() }, args);
  const user = podInfo(pod('p', { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } }));
  const { nodes } = testCluster([node('a'), node('b')]);
  const prepared = plugin.preScore?.(user, nodes, testCluster([]));
  if (prepared === undefined || prepared === 'skip') throw new Error('nothing to score');
  return nodes.map((each) => plugin.score?.(user, each, prepared.state) ?? -1);
};

describe('VolumeBinding', () => {
  it('6.3.1 prefers the node whose volume is filled best', () => {
    const volumes = [volumeOn('x', 'a', '10Gi'), volumeOn('y', 'b', '40Gi')];
    expect(scoresOf({ wanted: '8Gi', volumes })).toEqual([80, 20]);
  });

  it('6.3.1 prefers the node with most left to make a volume from', () => {
    const capacities = [capacityOn('a', '10Gi'), capacityOn('b', '40Gi')];
    expect(scoresOf({ wanted: '8Gi', capacities })).toEqual([20, 80]);
  });

  it('scores by the shape that it is given', () => {
    const shape = [
      { utilization: 0, score: 0 },
      { utilization: 50, score: 10 },
      { utilization: 100, score: 0 },
    ];
    const volumes = [volumeOn('x', 'a', '10Gi'), volumeOn('y', 'b', '20Gi')];
    expect(scoresOf({ wanted: '10Gi', volumes }, { shape })).toEqual([0, 100]);
  });

  it('has no opinion where a driver does not say what is left', () => {
    expect(scoresOf({ wanted: '8Gi', provisioner: 'others' })).toEqual([0, 0]);
  });
});
