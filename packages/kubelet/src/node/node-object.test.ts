import type { NodeStatus } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import type { Machine } from './machine.js';
import { newNode, nodeResources, nodeStatus, withHeartbeat } from './node-object.js';
import type { NodeStatusFacts } from './node-object.js';

const machine: Machine = {
  machineId: 'm',
  systemUuid: 's',
  bootId: 'b',
  kernelVersion: '6.1',
  osImage: 'Debian',
  architecture: 'arm64',
  cpus: 4,
  memoryBytes: 2 ** 33,
  diskBytes: 2 ** 40,
  hugePages: { 'hugepages-2Mi': 2 ** 30 },
  appArmor: false,
};
const facts = (changes: Partial<NodeStatusFacts> = {}): NodeStatusFacts => ({
  nodeName: 'n1',
  hostname: 'n1',
  ips: ['192.0.2.1'],
  machine,
  pressures: new Set(),
  health: {
    runtimeReady: true,
    networkReady: true,
    message: '',
    handlers: ['', 'runc'],
    version: 'containerd://2.0.0',
  },
  port: 10250,
  maxPods: 110,
  hostRuntime: true,
  images: [],
  reserved: { memoryBytes: 100 << 20, diskBytes: 2 ** 36 },
  volumesInUse: [],
  goesDown: false,
  now: Date.parse('2030-01-01T00:00:00Z'),
  ...changes,
});
const conditionOf = (status: NodeStatus, type: string) => status.conditions?.find((one) => one.type === type);

describe('7.1.1 a Node', () => {
  it('bears the labels and taints by which others know it', () => {
    const node = newNode('n1', machine, { tier: 'front' }, [{ key: 'dedicated', effect: 'NoSchedule' }]);
    expect(node.metadata.labels).toEqual({
      'beta.kubernetes.io/arch': 'arm64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'arm64',
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/os': 'linux',
      tier: 'front',
    });
    expect(node.spec?.taints).toEqual([{ key: 'dedicated', effect: 'NoSchedule' }]);
  });

  it('tells what it is, what it has and what runs on it', () => {
    const status = nodeStatus({}, facts({ images: [{ names: ['a'], sizeBytes: 1 }], volumesInUse: ['v'] }));
    expect(status).toMatchObject({
      addresses: [
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'Hostname', address: 'n1' },
      ],
      capacity: { cpu: '4', pods: '110', memory: `${2 ** 23}Ki`, 'hugepages-2Mi': '1Gi', 'hugepages-1Gi': '0' },
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { machineID: 'm', architecture: 'arm64', containerRuntimeVersion: 'containerd://2.0.0' },
      images: [{ names: ['a'], sizeBytes: 1 }],
      volumesInUse: ['v'],
    });
    expect(status.runtimeHandlers?.map(({ name }) => name)).toEqual(['', 'runc', 'host']);
    expect(status.conditions?.map(({ type, status: is, reason }) => [type, is, reason])).toEqual([
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
      ['Ready', 'True', 'KubeletReady'],
    ]);
  });

  it('is not Ready while its runtime, its network or the machine goes down, and says which', () => {
    const message = (changes: Partial<NodeStatusFacts>): string | undefined =>
      conditionOf(nodeStatus({}, facts(changes)), 'Ready')?.message;
    const health = facts().health;
    expect(message({ health: { ...health, runtimeReady: false, message: 'no socket' } })).toBe(
      'container runtime is down: no socket',
    );
    expect(message({ health: { ...health, networkReady: false, message: 'no plugin' } })).toContain(
      'NetworkReady=false reason:NetworkPluginNotReady message:no plugin',
    );
    expect(message({ goesDown: true })).toBe('node is shutting down');
  });

  it('7.10.1 tells pressure for five minutes after it has passed', () => {
    const now = facts().now;
    const pressed = nodeStatus({}, facts({ pressures: new Set(['MemoryPressure']) }));
    expect(conditionOf(pressed, 'MemoryPressure')).toMatchObject({
      status: 'True',
      reason: 'KubeletHasInsufficientMemory',
    });
    const soon = nodeStatus(pressed, facts({ now: now + 299_000 }));
    expect(conditionOf(soon, 'MemoryPressure')?.status).toBe('True');
    const later = nodeStatus(pressed, facts({ now: now + 301_000 }));
    expect(conditionOf(later, 'MemoryPressure')?.status).toBe('False');
  });

  it('7.1.2 counts a heartbeat as no change: only a write bears it', () => {
    const first = nodeStatus({}, facts());
    const second = nodeStatus(first, facts({ now: facts().now + 60_000 }));
    expect(second).toEqual(first);
    const beat = withHeartbeat(
      {
        ...second,
        conditions: [...(second.conditions ?? []), { type: 'Foreign', status: 'True', lastHeartbeatTime: 'x' }],
      },
      facts().now + 60_000,
    );
    expect(conditionOf(beat, 'Ready')?.lastHeartbeatTime).toBe('2030-01-01T00:01:00Z');
    expect(conditionOf(beat, 'Foreign')?.lastHeartbeatTime).toBe('x');
  });

  it('7.1.3 keeps what others put into its capacity, and lets pods have it', () => {
    const before = {
      capacity: { 'example.com/gpu': '3', cpu: '99' },
      conditions: [{ type: 'Foreign', status: 'True' }],
    };
    const status = nodeStatus(before, facts());
    expect(status.capacity).toMatchObject({ 'example.com/gpu': '3', cpu: '4' });
    expect(status.allocatable).toMatchObject({ 'example.com/gpu': '3', cpu: '4' });
    expect(conditionOf(status, 'Foreign')).toBeDefined();
  });

  it('7.9.4 keeps from pods what must be left before they are evicted, and huge pages from who wants none', () => {
    const { allocatable } = nodeResources({}, facts());
    expect(allocatable['memory']).toBe(`${(2 ** 33 - (100 << 20) - 2 ** 30) / 1024}Ki`);
    expect(allocatable['hugepages-2Mi']).toBe('1Gi');
  });

  it('7.1.6 says nothing of who may be scheduled on it', () => {
    expect(newNode('n1', machine, {}, []).spec).toEqual({});
    expect(nodeStatus({}, facts())).not.toHaveProperty('unschedulable');
  });
});
