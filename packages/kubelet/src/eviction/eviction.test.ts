import type { Pod } from '@geobuk/api';
import { FakeClock } from '@geobuk/client/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { PodMemories } from '../pods/pod-memory.js';
import { EvictionManager } from './eviction-manager.js';
import { pressureNow } from './pressure.js';
import type { Reading, Readings } from './pressure.js';
import type { ContainerUse } from './pod-usage.js';
import { rankForEviction } from './ranking.js';
import type { PodUse } from './ranking.js';
import { storageViolation } from './storage-limits.js';
import { parseThresholds } from './thresholds.js';
import type { EvictionConfig, EvictionSignal } from './thresholds.js';

const podOf = (name: string, changes: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: name },
  spec: { containers: [{ name: 'c' }], ...changes },
});
const asking = (memory: string): Pod['spec']['containers'] => [{ name: 'c', resources: { requests: { memory } } }];
const read = (entries: Readonly<Partial<Record<EvictionSignal, Reading>>>): Readings =>
  new Map(Object.entries(entries) as [EvictionSignal, Reading][]);
const mebi = (count: number): number => count << 20;

describe('7.10.1 thresholds', () => {
  it('are Kubernetes’ hard ones unless said', () => {
    const found = parseThresholds({});
    expect(found.map(({ signal, value, graceMs }) => [signal, value, graceMs])).toEqual([
      ['memory.available', { amount: mebi(100) }, 0],
      ['nodefs.available', { share: 0.1 }, 0],
      ['nodefs.inodesFree', { share: 0.05 }, 0],
      ['imagefs.available', { share: 0.15 }, 0],
      ['imagefs.inodesFree', { share: 0.05 }, 0],
      ['pid.available', { share: 0.05 }, 0],
    ]);
  });

  it.each<[string, EvictionConfig]>([
    ['a share of all and more', { hard: { 'nodefs.available': '100%' } }],
    ['a soft one without its grace', { soft: { 'memory.available': '1Gi' } }],
    ['what is no quantity', { hard: { 'memory.available': 'much' } }],
  ])('refuse %s', (_, config) => {
    expect(() => parseThresholds(config)).toThrow();
  });

  const capacity = mebi(1000);
  it.each([
    { name: 'enough is left', available: 200, now: 0, met: 0, acting: false },
    { name: 'a soft one is met just now', available: 150, now: 0, met: 1, acting: false },
    { name: 'a soft one has been met for its grace', available: 150, now: 60_000, met: 1, acting: true },
    { name: 'a hard one is met', available: 50, now: 0, met: 2, acting: true },
  ])('when $name', ({ available, now, met, acting }) => {
    const thresholds = parseThresholds({
      hard: { 'memory.available': '10%' },
      soft: { 'memory.available': '180Mi' },
      softGraceSeconds: { 'memory.available': 60 },
    });
    const seen = read({ 'memory.available': { available: mebi(available), capacity } });
    const first = pressureNow(thresholds, seen, new Map(), 0);
    const result = pressureNow(thresholds, seen, first.met, now);
    expect(result.met.size).toBe(met);
    expect(result.types.has('MemoryPressure')).toBe(met > 0);
    expect(result.acting !== undefined).toBe(acting);
  });

  it('that were met stay so until the least reclaim is free as well', () => {
    const thresholds = parseThresholds({
      hard: { 'nodefs.available': '100Mi' },
      minimumReclaim: { 'nodefs.available': '50Mi' },
    });
    const at = (available: number): Readings => read({ 'nodefs.available': { available: mebi(available), capacity } });
    const met = pressureNow(thresholds, at(90), new Map(), 0).met;
    expect(pressureNow(thresholds, at(120), new Map(), 1).types.size).toBe(0);
    expect([...pressureNow(thresholds, at(120), met, 1).types]).toEqual(['DiskPressure']);
    expect(pressureNow(thresholds, at(151), met, 1).types.size).toBe(0);
  });
});

describe('7.10.1 the order of eviction', () => {
  const use = (pod: Pod, amounts: Partial<PodUse>): PodUse => ({
    pod,
    memoryBytes: 0,
    diskBytes: 0,
    inodes: 0,
    processes: 0,
    ...amounts,
  });
  const names = (uses: readonly PodUse[]): readonly (string | undefined)[] => uses.map(({ pod }) => pod.metadata.name);

  it('of memory: above the request first, then by priority, then by what is taken beyond it; critical pods stay', () => {
    const uses = [
      use(podOf('within', { containers: asking('200Mi') }), { memoryBytes: mebi(150) }),
      use(podOf('some', { containers: asking('10Mi') }), { memoryBytes: mebi(60) }),
      use(podOf('most'), { memoryBytes: mebi(100) }),
      use(podOf('important', { priority: 1000 }), { memoryBytes: mebi(500) }),
      use(podOf('critical', { priority: 2_000_001_000 }), { memoryBytes: mebi(900) }),
    ];
    expect(names(rankForEviction('memory.available', uses))).toEqual(['most', 'some', 'important', 'within']);
  });

  it('of disk by bytes or inodes, of processes by their number', () => {
    const a = use(podOf('a'), { diskBytes: 5, inodes: 1, processes: 3 });
    const b = use(podOf('b'), { diskBytes: 1, inodes: 5, processes: 4 });
    expect(names(rankForEviction('nodefs.available', [a, b]))).toEqual(['a', 'b']);
    expect(names(rankForEviction('nodefs.inodesFree', [a, b]))).toEqual(['b', 'a']);
    expect(names(rankForEviction('pid.available', [a, b]))).toEqual(['b', 'a']);
  });
});

describe('7.10.1 limits of storage', () => {
  const limited = (limit: string): Pod =>
    podOf('p', {
      containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': limit } } }],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Mi' } }],
    });
  it.each([
    { name: 'nothing', limit: '10Mi', layer: 1, dir: 1, why: undefined },
    {
      name: 'an emptyDir',
      limit: '10Mi',
      layer: 1,
      dir: mebi(2),
      why: 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
    },
    {
      name: 'the pod as a whole',
      limit: '1Mi',
      layer: mebi(1) - 1,
      dir: mebi(1),
      why: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ',
    },
  ])('when $name is too large', ({ limit, layer, dir, why }) => {
    const use = { containers: new Map([['c', layer]]), emptyDirs: new Map([['v', dir]]) };
    expect(storageViolation(limited(limit), use)).toBe(why);
  });

  it('of one container count where others have none', () => {
    const pod = podOf('p', {
      containers: [{ name: 'c', resources: { limits: { 'ephemeral-storage': '1Mi' } } }, { name: 'free' }],
    });
    const why = storageViolation(pod, { containers: new Map([['c', mebi(2)]]), emptyDirs: new Map() });
    expect(why).toBe('Container c exceeded its local ephemeral storage limit "1Mi". ');
  });
});

describe('7.10.1 eviction', () => {
  const capacity = mebi(1000);
  function harness(pods: readonly Pod[], memory: Readonly<Record<string, number>>, config: EvictionConfig = {}) {
    const clock = new FakeClock();
    const memories = new PodMemories();
    let available = mebi(500);
    const evicted: string[] = [];
    let told = 0;
    const containers = new Map<string, readonly ContainerUse[]>(
      pods.map(({ metadata: { uid = '' } }) => [
        uid,
        [{ name: 'c', memoryBytes: memory[uid] ?? 0, layerBytes: 0, layerInodes: 0 }],
      ]),
    );
    const manager = new EvictionManager({
      thresholds: parseThresholds(config),
      maxPodGraceSeconds: config.maxPodGraceSeconds ?? 0,
      readings: () => Promise.resolve(read({ 'memory.available': { available, capacity } })),
      usage: {
        containers: () => Promise.resolve(containers),
        storage: () => Promise.resolve({ containers: new Map(), emptyDirs: new Map() }),
        use: (pod, used) =>
          Promise.resolve({ pod, memoryBytes: used[0]?.memoryBytes ?? 0, diskBytes: 0, inodes: 0, processes: 0 }),
      },
      pods: () => pods,
      memoryOf: (uid) => memories.of(uid),
      reclaimDisk: () => Promise.resolve(),
      events: { pod: () => undefined, node: () => undefined },
      clock,
      log: pino({ level: 'silent' }),
      changed: () => told++,
      evicted: (uid) => evicted.push(uid),
    });
    const { signal } = new AbortController();
    return {
      clock,
      memories,
      evicted,
      manager,
      told: () => told,
      async pass(left: number) {
        available = mebi(left);
        await manager.pass(signal);
      },
    };
  }

  it('takes the pod that ranks first, says why, and waits until it is gone before it takes another', async () => {
    const pods = [podOf('small'), podOf('large')];
    const node = harness(pods, { small: mebi(10), large: mebi(50) });
    await node.pass(500);
    expect(node.evicted).toEqual([]);
    await node.pass(50);
    await node.pass(50);
    expect(node.evicted).toEqual(['large']);
    expect([...node.manager.pressures]).toEqual(['MemoryPressure']);
    expect(node.told()).toBe(1);
    expect(node.memories.of('large').verdict).toMatchObject({
      reason: 'Evicted',
      graceSeconds: 1,
      message:
        'The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. ' +
        'Container c was using 50Mi, request is 0, has larger consumption of memory. ',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }],
    });
    await node.clock.advance(31_000);
    await node.pass(50);
    expect(node.evicted).toEqual(['large', 'small']);
    await node.pass(500);
    expect(node.manager.pressures.size).toBe(0);
  });

  it('after a soft threshold leaves pods their grace, up to the most allowed', async () => {
    const node = harness(
      [podOf('p', { terminationGracePeriodSeconds: 60 })],
      { p: mebi(10) },
      {
        hard: {},
        soft: { 'memory.available': '200Mi' },
        softGraceSeconds: { 'memory.available': 30 },
        maxPodGraceSeconds: 20,
      },
    );
    await node.pass(150);
    expect(node.evicted).toEqual([]);
    await node.clock.advance(30_000);
    await node.pass(150);
    expect(node.memories.of('p').verdict?.graceSeconds).toBe(20);
  });
});
