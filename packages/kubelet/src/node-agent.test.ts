import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap, Node, Pod } from '@geobuk/api';
import { configMaps, leases, nodes, pods } from '@geobuk/api';
import { FakeClient } from '@geobuk/client/testing';
import { describe, expect, it, vi } from 'vitest';
import type { Readings } from './eviction/pressure.js';
import { RuntimeError } from './runtime/runtime.js';
import { FakeRuntime } from './runtime/testing/fake-runtime.js';
import { agentUnderTest as harness, podOf, signal, waitFor } from './testing/agent-under-test.js';
import type { AgentUnderTest as Harness } from './testing/agent-under-test.js';

describe('a node', () => {
  it('7.1.1 7.1.2 registers itself, becomes Ready and renews its lease', async () => {
    await using node = await harness();
    await waitFor(() => {
      const [registered] = node.client.stored(nodes);
      expect(registered?.metadata.labels).toMatchObject({
        'kubernetes.io/hostname': 'n1',
        'kubernetes.io/os': 'linux',
      });
      expect(registered?.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'True', reason: 'KubeletReady' }),
      );
      expect(registered?.status?.daemonEndpoints?.kubeletEndpoint?.Port).toBe(10250);
      expect(registered?.status?.addresses).toContainEqual({ type: 'InternalIP', address: '192.0.2.1' });
      expect(node.client.stored(leases, 'kube-node-lease')[0]?.spec.holderIdentity).toBe('n1');
    });
  });

  it('has its capacity from the moment it is registered: nothing is refused for want of room', async () => {
    const client = new FakeClient();
    const seen: (Node | undefined)[] = [];
    const watching = new AbortController();
    const first = (async () => {
      for await (const event of client.watch(nodes, { resourceVersion: '0', signal: watching.signal })) {
        if (event.type !== 'BOOKMARK') seen.push(event.object);
        if (seen.length > 0) return;
      }
    })();
    await using node = await harness({ client });
    await first;
    expect(node.client).toBe(client);
    expect(seen[0]?.status?.allocatable).toMatchObject({ cpu: expect.any(String) as string, pods: '110' });
  });

  it('says why it is not Ready while the engine does not answer', async () => {
    const runtime = new FakeRuntime();
    runtime.setUnavailable(true);
    await using node = await harness({ runtime });
    await waitFor(() => {
      const ready = node.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
      expect(ready?.message).toContain('container runtime is down');
    });
    runtime.setUnavailable(false);
    await waitFor(() =>
      expect(node.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
        'True',
      ),
    );
  });
});

describe('a pod', () => {
  it('7.2.3 7.2.7 runs, tells its status and its story', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1');
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => {
      const { status } = node.pod();
      expect(status?.phase).toBe('Running');
      expect(status?.podIP).toMatch(/^10\.42\.0\./);
      expect(status?.hostIP).toBe('192.0.2.1');
      expect(status?.conditions?.map(({ type, status: is }) => `${type}=${is}`)).toEqual([
        'PodReadyToStartContainers=True',
        'Initialized=True',
        'Ready=True',
        'ContainersReady=True',
        'PodScheduled=True',
      ]);
      expect(status?.containerStatuses?.[0]).toMatchObject({ ready: true, started: true, restartCount: 0 });
      expect(status?.containerStatuses?.[0]?.containerID).toMatch(/^fake:\/\//);
      expect([...node.reasons()].sort()).toEqual(['Created', 'Pulled', 'Pulling', 'Started']);
    });
  });

  it('7.6.1 goes when it is deleted: containers first, then its object, then its files', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1');
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    await node.client.delete(pods, { namespace: 'default', name: 'web' }, { signal });
    await waitFor(() => expect(node.pod()).toBeUndefined());
    await waitFor(async () => expect(await node.runtime.observeAll({ signal })).toEqual([]));
    expect(node.reasons()).toContain('Killing');
    expect(node.runtime.history).toEqual(expect.arrayContaining(['stop main', 'stop sandbox default/web']));
  });

  it('7.3.7 is restarted at once after its first crash and waits after the second', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1', { program: { exitsWith: 3 } });
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => {
      const main = node.pod().status?.containerStatuses?.[0];
      expect(main?.state?.waiting?.reason).toBe('CrashLoopBackOff');
      expect(main?.state?.waiting?.message).toMatch(/^back-off 10s restarting failed container=main pod=web_default\(/);
      expect(main?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
      expect(main?.restartCount).toBe(1);
    });
    expect(node.pod().status?.phase).toBe('Running');
    await waitFor(() => expect(node.reasons()).toContain('BackOff'));
  });

  it('7.2.2 succeeds and keeps its dead container when it is not to restart', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1', { program: { exitsWith: 0 } });
    await node.client.create(pods, podOf({ restartPolicy: 'Never' }), { signal });
    await waitFor(() => {
      expect(node.pod().status?.phase).toBe('Succeeded');
      expect(node.pod().status?.containerStatuses?.[0]?.state?.terminated).toMatchObject({
        exitCode: 0,
        reason: 'Completed',
      });
      expect(node.pod().status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', status: 'False', reason: 'PodCompleted' }),
      );
    });
    await waitFor(() => expect(node.runtime.history.at(-1)).toBe('stop sandbox default/web'));
    expect(node.runtime.container(node.pod().metadata.uid as string, 'main')?.state).toBe('exited');
  });

  it('7.5.1 says that its image cannot be pulled', async () => {
    await using node = await harness();
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => {
      expect(node.pod().status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'ErrImagePull',
        message: 'web:1: not found',
      });
      expect(node.pod().status?.phase).toBe('Pending');
    });
  });

  it('7.3.1 7.3.2 runs init containers one after the other, a sidecar beside the main one', async () => {
    await using node = await harness();
    node.runtime.addImage('once:1', { program: { exitsWith: 0 } }, true);
    node.runtime.addImage('web:1', {}, true);
    const initContainers = [
      { name: 'first', image: 'once:1', imagePullPolicy: 'IfNotPresent' },
      { name: 'helper', image: 'web:1', imagePullPolicy: 'IfNotPresent', restartPolicy: 'Always' },
      { name: 'second', image: 'once:1', imagePullPolicy: 'IfNotPresent' },
    ];
    await node.client.create(pods, podOf({ initContainers }), { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    expect(node.runtime.history.filter((line) => line.startsWith('start'))).toEqual([
      'start first',
      'start helper',
      'start second',
      'start main',
    ]);
    await node.client.delete(pods, { namespace: 'default', name: 'web' }, { signal });
    await waitFor(() => expect(node.pod()).toBeUndefined());
    expect(node.runtime.history.filter((line) => line.startsWith('stop '))).toEqual([
      'stop main',
      'stop helper',
      'stop sandbox default/web',
    ]);
  });

  it('7.7.2 waits for a ConfigMap and goes on when it appears, and sees its changes', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1');
    const volumes = [{ name: 'conf', configMap: { name: 'conf' } }];
    await node.client.create(pods, podOf({ volumes }), { signal });
    await waitFor(() => {
      expect(node.reasons()).toContain('FailedMount');
      expect(node.pod().status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('ContainerCreating');
    });
    const map: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'default' },
      data: { color: 'blue' },
    };
    await node.client.create(configMaps, map, { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    const file = join(node.directory, node.pod().metadata.uid as string, 'volumes/conf/color');
    expect(await readFile(file, 'utf8')).toBe('blue');
    await node.client.patch(
      configMaps,
      { namespace: 'default', name: 'conf' },
      { type: 'merge', body: { data: { color: 'red' } } },
      { signal },
    );
    await waitFor(async () => expect(await readFile(file, 'utf8')).toBe('red'));
  });

  it('cannot be configured without a key it needs, and starts when the key is there', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1');
    const env = [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'conf', key: 'color' } } }];
    await node.client.create(pods, podOf({ containers: [{ name: 'main', image: 'web:1', env }] }), { signal });
    await waitFor(() =>
      expect(node.pod().status?.containerStatuses?.[0]?.state?.waiting).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'configmap "conf" not found',
      }),
    );
    const map: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'conf', namespace: 'default' },
      data: { color: 'blue' },
    };
    await node.client.create(configMaps, map, { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    const id = node.runtime.container(node.pod().metadata.uid as string, 'main')?.id as string;
    expect(node.runtime.specOf(id).env).toContainEqual({ name: 'COLOR', value: 'blue' });
  });

  it('that asks for more than the node has is rejected', async () => {
    await using node = await harness();
    const resources = { requests: { cpu: '10000' } };
    await node.client.create(pods, podOf({ containers: [{ name: 'main', image: 'web:1', resources }] }), { signal });
    await waitFor(() => expect(node.pod().status).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' }));
    expect(node.runtime.history).toEqual([]);
  });

  it('7.12.3 gets a new sandbox when its old one dies', async () => {
    await using node = await harness();
    node.runtime.addImage('web:1');
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    const uid = node.pod().metadata.uid as string;
    const before = node.pod().status?.podIP;
    const [state] = await node.runtime.observeAll({ signal });
    node.runtime.crashSandbox(state?.sandboxes[0]?.id as string);
    await waitFor(() => {
      expect(node.runtime.container(uid, 'main')).toMatchObject({ state: 'running', attempt: 1 });
      expect(node.pod().status?.podIP).not.toBe(before);
      expect(node.pod().status?.containerStatuses?.[0]?.restartCount).toBe(1);
    });
  });
});

describe('a restarted kubelet', () => {
  it('7.12.2 adopts what runs and ends what was deleted meanwhile', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kubelet-'));
    await using _remove = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
    const first = await harness({ directory });
    first.runtime.addImage('web:1');
    const { client, runtime } = first;
    await client.create(pods, podOf(), { signal });
    await client.create(pods, podOf({}, 'other'), { signal });
    await waitFor(() =>
      expect([first.pod('web').status?.phase, first.pod('other').status?.phase]).toEqual(['Running', 'Running']),
    );
    const id = first.pod().status?.containerStatuses?.[0]?.containerID;
    await first[Symbol.asyncDispose]();
    await client.delete(pods, { namespace: 'default', name: 'other' }, { signal, gracePeriodSeconds: 0 });

    await using second = await harness({ client, runtime, directory });
    await waitFor(async () => {
      const states = await runtime.observeAll({ signal });
      expect(states.map(({ pod }) => pod.name)).toEqual(['web']);
    });
    expect(second.pod().status?.containerStatuses?.[0]).toMatchObject({ containerID: id, restartCount: 0 });
  });
});

describe('a node in need', () => {
  it('7.10.1 evicts a pod, which is Failed only when nothing of it runs, and lets no other of its kind in', async () => {
    let available = 500 << 20;
    const readings = (): Readings => new Map([['memory.available', { available, capacity: 1000 << 20 }]]);
    await using node = await harness({ readings });
    node.runtime.addImage('web:1');
    await node.client.create(pods, podOf(), { signal });
    await waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
    available = 50 << 20;
    await node.agent.eviction.pass(signal);
    await waitFor(() => expect(node.pod().status).toMatchObject({ phase: 'Failed', reason: 'Evicted' }));
    expect(node.pod().status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
    );
    expect(node.pod().status?.containerStatuses?.[0]?.state?.terminated).toBeDefined();
    expect(node.reasons()).toContain('Evicted');
    await waitFor(() =>
      expect(node.client.stored(nodes)[0]?.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'MemoryPressure', status: 'True' }),
      ),
    );
    await node.client.create(pods, podOf({}, 'late'), { signal });
    await waitFor(() =>
      expect(node.pod('late').status).toMatchObject({
        phase: 'Failed',
        reason: 'Evicted',
        message: 'Pod was rejected: The node had condition: [MemoryPressure]. ',
      }),
    );
    expect(node.pod('late').status?.containerStatuses).toBeUndefined();
  });
});

describe('7.9.5 a running pod that is resized', () => {
  const wish = (cpu: string, memory: string): Partial<Pod['spec']> => ({
    containers: [
      {
        name: 'main',
        image: 'web:1',
        imagePullPolicy: 'IfNotPresent',
        resources: { limits: { cpu, memory }, requests: { cpu, memory } },
      },
    ],
  });
  const idOf = (pod: Pod): string => pod.status?.containerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? '';
  async function running(): Promise<Harness> {
    const node = await harness();
    node.runtime.addImage('web:1');
    await node.client.create(pods, podOf(wish('100m', '32Mi')), { signal });
    await waitFor(() => expect(node.pod().status?.containerStatuses?.[0]?.ready).toBe(true));
    return node;
  }
  const resize = (node: Harness, cpu: string, memory: string): Promise<Pod> =>
    node.client.patch(
      pods,
      { namespace: 'default', name: 'web' },
      { type: 'merge', body: { spec: wish(cpu, memory) } },
      { signal },
    );

  it('gets its new limits without a restart, and its status says so', async () => {
    await using node = await running();
    const id = idOf(node.pod());
    await resize(node, '200m', '64Mi');
    await waitFor(() =>
      expect(node.runtime.resourcesOf(id)).toMatchObject({ cpuQuota: 20_000, memoryLimitBytes: 64 << 20 }),
    );
    await waitFor(() =>
      expect(node.pod().status?.containerStatuses?.[0]).toMatchObject({
        restartCount: 0,
        resources: { limits: { cpu: '200m', memory: '64Mi' } },
        allocatedResources: { cpu: '200m', memory: '64Mi' },
      }),
    );
    expect(node.pod().status?.conditions?.filter(({ type }) => type.startsWith('PodResize'))).toEqual([]);
    expect(idOf(node.pod())).toBe(id);
  });

  it('keeps what it has when the node can never give more', async () => {
    await using node = await running();
    await resize(node, '100', '32Mi');
    await waitFor(() =>
      expect(node.pod().status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }),
      ),
    );
    expect(node.runtime.resourcesOf(idOf(node.pod()))).toMatchObject({ cpuQuota: 10_000 });
    expect(node.pod().status?.containerStatuses?.[0]?.allocatedResources).toEqual({ cpu: '100m', memory: '32Mi' });
    await resize(node, '100m', '32Mi');
    await waitFor(() =>
      expect(node.pod().status?.conditions?.some(({ type }) => type === 'PodResizePending')).toBe(false),
    );
  });

  it('says what the runtime has against it', async () => {
    await using node = await running();
    node.runtime.fail('updateResources', new RuntimeError('Internal', 'device or resource busy'));
    await resize(node, '100m', '16Mi');
    await waitFor(() =>
      expect(node.pod().status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'PodResizeInProgress',
          status: 'True',
          reason: 'Error',
          message: 'device or resource busy',
        }),
      ),
    );
    expect(node.pod().status?.containerStatuses?.[0]?.resources?.limits).toEqual({ cpu: '100m', memory: '32Mi' });
  });
});

describe('7.3.8 static pods', () => {
  const manifest = (image: string): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: edge}\nspec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: "${image}", imagePullPolicy: IfNotPresent}]}\n`;

  it('run from files, are mirrored in the API with their status, come back when deleted there, and end with the file', async () => {
    const manifests = await mkdtemp(join(tmpdir(), 'kubelet-manifests-'));
    try {
      const runtime = new FakeRuntime();
      for (const image of ['web:1', 'web:2']) runtime.addImage(image);
      await using node = await harness({ manifests, runtime });
      const file = join(manifests, 'edge.yaml');
      await writeFile(file, manifest('web:1'));
      await waitFor(() => expect(node.pod('edge-n1').status?.phase).toBe('Running'));
      const first = node.pod('edge-n1');
      const hash = first.metadata.annotations?.['kubernetes.io/config.hash'] ?? '';
      expect(first.metadata).toMatchObject({
        annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.mirror': hash },
        ownerReferences: [{ kind: 'Node', name: 'n1', controller: true }],
      });
      expect(first.spec.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoExecute' });
      expect((await runtime.observeAll({ signal })).map(({ pod }) => pod.uid)).toEqual([hash]);

      await node.client.delete(pods, { namespace: 'default', name: 'edge-n1' }, { signal, gracePeriodSeconds: 0 });
      await waitFor(() => {
        expect(node.pod('edge-n1').metadata.uid).not.toBe(first.metadata.uid);
        expect(node.pod('edge-n1').status?.phase).toBe('Running');
      });
      expect(node.pod('edge-n1').status?.containerStatuses?.[0]?.containerID).toBe(
        first.status?.containerStatuses?.[0]?.containerID,
      );

      await writeFile(file, manifest('web:2'));
      await waitFor(() => {
        expect(node.pod('edge-n1').spec.containers[0]?.image).toBe('web:2');
        expect(node.pod('edge-n1').status?.phase).toBe('Running');
      });
      await rm(file);
      await waitFor(() => expect(node.pod('edge-n1')).toBeUndefined());
      await vi.waitFor(async () => expect(await runtime.observeAll({ signal })).toEqual([]), { timeout: 8000 });
    } finally {
      await rm(manifests, { recursive: true, force: true });
    }
  });

  it('outlive the kubelet: the next one finds them again', async () => {
    const manifests = await mkdtemp(join(tmpdir(), 'kubelet-manifests-'));
    const directory = await mkdtemp(join(tmpdir(), 'kubelet-'));
    try {
      const runtime = new FakeRuntime();
      runtime.addImage('web:1');
      const client = new FakeClient();
      await writeFile(join(manifests, 'edge.yaml'), manifest('web:1'));
      let id: string | undefined;
      for (let run = 0; run < 2; run++) {
        await using node = await harness({ manifests, runtime, client, directory });
        await waitFor(() => expect(node.pod('edge-n1').status?.phase).toBe('Running'));
        const [state] = await runtime.observeAll({ signal });
        id ??= state?.containers[0]?.id;
        expect(state?.containers.map((one) => one.id)).toEqual([id]);
      }
    } finally {
      await rm(manifests, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('7.2.1 a pod that was not let in', () => {
  it('stays as it was told, without containers, for the next kubelet too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kubelet-'));
    try {
      const client = new FakeClient();
      const pod = podOf({ securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } });
      await client.create(pods, pod, { signal });
      for (let run = 0; run < 2; run++) {
        await using node = await harness({ client, directory });
        await waitFor(() => expect(node.pod().status).toMatchObject({ phase: 'Failed', reason: 'SysctlForbidden' }));
        await node.client.create(pods, podOf({}, `after-${run}`), { signal });
        await waitFor(() => expect(node.pod(`after-${run}`).status?.containerStatuses).toBeDefined());
        await client.patch(
          pods,
          { namespace: 'default', name: 'web' },
          { type: 'merge', body: { metadata: { labels: { run: String(run) } } } },
          { signal },
        );
        await waitFor(() =>
          expect(node.agent.source.byName('default', 'web')?.metadata.labels?.['run']).toBe(String(run)),
        );
        expect(node.agent.status.of(node.pod()).containerStatuses).toBeUndefined();
        expect(node.pod().status?.containerStatuses).toBeUndefined();
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
