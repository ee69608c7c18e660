import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Event, Pod, Probe, RuntimeClass } from '@geobuk/api';
import { events, leases, nodes, pods } from '@geobuk/api';
import { describe, expect, it, vi } from 'vitest';
import { RuntimeError } from './runtime/runtime.js';
import type { FakeProgram } from './runtime/testing/fake-runtime.js';
import { agentUnderTest, podOf, signal, waitFor } from './testing/agent-under-test.js';
import type { AgentUnderTest } from './testing/agent-under-test.js';

const key = { namespace: 'default', name: 'web' };

async function nodeWith(program: FakeProgram = {}): Promise<AgentUnderTest> {
  const node = await agentUnderTest();
  node.runtime.addImage('web:1', { program });
  return node;
}
const patiently = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 25_000, interval: 100 });
const create = (node: AgentUnderTest, pod: Pod): Promise<Pod> => node.client.create(pods, pod, { signal });
const running = (node: AgentUnderTest): Promise<void> =>
  waitFor(() => expect(node.pod().status?.phase).toBe('Running'));
const main = (changes: object = {}): Pod['spec']['containers'][number] => ({
  name: 'main',
  image: 'web:1',
  imagePullPolicy: 'IfNotPresent',
  ...changes,
});
const statusOf = (node: AgentUnderTest) => node.pod().status?.containerStatuses?.[0];
const waiting = (node: AgentUnderTest, reason: string, message: RegExp): Promise<void> =>
  waitFor(() => {
    const state = statusOf(node)?.state?.waiting;
    expect(state?.reason).toBe(reason);
    expect(state?.message).toMatch(message);
  });
const told = (node: AgentUnderTest, reason: string): readonly string[] =>
  node.client
    .stored<Event>(events, 'default')
    .filter((event) => event.reason === reason)
    .map(({ message }) => message ?? '');
const quick: Probe = { periodSeconds: 1, failureThreshold: 1, exec: { command: ['check'] } };

describe('a node', () => {
  it('7.1.4 whose object is deleted registers anew', async () => {
    await using node = await agentUnderTest();
    await waitFor(() => expect(node.client.stored(nodes)).toHaveLength(1));
    const before = node.client.stored(nodes)[0]?.metadata.uid;
    await node.client.delete(nodes, { name: 'n1' }, { signal });
    // The cluster's garbage collector takes the lease with it.
    await waitFor(() => expect(node.client.stored(leases)).toHaveLength(1));
    await node.client.delete(leases, { namespace: 'kube-node-lease', name: 'n1' }, { signal });
    await patiently(() => {
      const [registered] = node.client.stored(nodes);
      expect(registered?.metadata.uid).toBeDefined();
      expect(registered?.metadata.uid).not.toBe(before);
    });
  }, 30_000);
});

describe('hooks', () => {
  it('7.4.5 preStop runs before the container is told to stop', async () => {
    const order: string[] = [];
    await using node = await nodeWith({
      exec: (command) => {
        order.push(command.join(' '), ...node.runtime.history.filter((line) => line === 'stop main'));
        return { exitCode: 0, output: '' };
      },
    });
    const lifecycle = { preStop: { exec: { command: ['say', 'goodbye'] } } };
    await create(node, podOf({ containers: [main({ lifecycle })] }));
    await running(node);
    await node.client.delete(pods, key, { signal });
    await waitFor(() => expect(node.pod()).toBeUndefined());
    expect(order).toEqual(['say goodbye']);
    expect(node.runtime.history).toContain('stop main');
  });

  it('7.4.5 a preStop that fails is told of, and the container stops all the same', async () => {
    await using node = await nodeWith({ exec: () => ({ exitCode: 3, output: 'cannot' }) });
    await create(node, podOf({ containers: [main({ lifecycle: { preStop: { exec: { command: ['x'] } } } })] }));
    await running(node);
    await node.client.delete(pods, key, { signal });
    await waitFor(() => expect(node.pod()).toBeUndefined());
    await waitFor(() => expect(told(node, 'FailedPreStopHook')[0]).toContain('exited with 3: cannot'));
  });

  it('7.4.5 a postStart that fails ends the container, which is started again', async () => {
    let failures = 1;
    await using node = await nodeWith({ exec: () => ({ exitCode: failures-- > 0 ? 1 : 0, output: 'no' }) });
    await create(node, podOf({ containers: [main({ lifecycle: { postStart: { exec: { command: ['x'] } } } })] }));
    await waitFor(() => expect(told(node, 'FailedPostStartHook')).toHaveLength(1));
    await waitFor(() => expect(statusOf(node)).toMatchObject({ restartCount: 1, ready: true }));
  });
});

describe('probes', () => {
  it('7.4.4 a startup probe holds the others back, and readiness is false until it has passed once', async () => {
    let startedUp = false;
    const asked: string[] = [];
    await using node = await nodeWith({
      exec: ([command = '']) => {
        asked.push(command);
        return { exitCode: command === 'startup' && !startedUp ? 1 : 0, output: '' };
      },
    });
    const startupProbe = { ...quick, failureThreshold: 100, exec: { command: ['startup'] } };
    const readinessProbe = { ...quick, exec: { command: ['readiness'] } };
    await create(node, podOf({ containers: [main({ startupProbe, readinessProbe })] }));
    await waitFor(() => expect(asked.length).toBeGreaterThan(0));
    expect(statusOf(node)).toMatchObject({ started: false, ready: false });
    expect(new Set(asked)).toEqual(new Set(['startup']));
    startedUp = true;
    await waitFor(() => expect(statusOf(node)).toMatchObject({ started: true, ready: true }));
    expect(asked).toContain('readiness');
  });

  it('7.4.1 by a command that cannot be started say so and neither kill nor unready what runs', async () => {
    let asked = 0;
    await using node = await nodeWith({
      exec: ([command = '']) => {
        if (command === 'ready') return { exitCode: 0, output: '' };
        asked += 1;
        throw new RuntimeError('Internal', 'exec: "nosuch": executable file not found in $PATH');
      },
    });
    const livenessProbe = { ...quick, failureThreshold: 1, exec: { command: ['nosuch'] } };
    const readinessProbe = { ...quick, exec: { command: ['ready'] } };
    await create(node, podOf({ containers: [main({ livenessProbe, readinessProbe })] }));
    await waitFor(() => expect(asked).toBeGreaterThan(2));
    expect(told(node, 'Unhealthy')[0]).toBe(
      'Liveness probe errored and resulted in unknown state: exec: "nosuch": executable file not found in $PATH',
    );
    expect(statusOf(node)).toMatchObject({ started: true, ready: true, restartCount: 0 });
  });

  it('7.4.1 by http take 200 to 399 for well, follow no foreign redirect, and send their own agent', async () => {
    let status = 500;
    const agents = new Set<string | undefined>();
    const server = createServer((request, response) => {
      agents.add(request.headers['user-agent']);
      response.writeHead(status, { location: 'http://198.51.100.1/' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await using node = await nodeWith();
    const httpGet = { host: '127.0.0.1', port: 'http', path: '/well' };
    const readinessProbe: Probe = { periodSeconds: 1, httpGet };
    await create(
      node,
      podOf({ containers: [main({ readinessProbe, ports: [{ name: 'http', containerPort: port }] })] }),
    );
    await waitFor(() =>
      expect(told(node, 'Unhealthy')[0]).toBe('Readiness probe failed: HTTP probe failed with statuscode: 500'),
    );
    expect(statusOf(node)?.ready).toBe(false);
    status = 302;
    await waitFor(() => expect(statusOf(node)?.ready).toBe(true));
    expect([...agents][0]).toMatch(/^kube-probe\/1\.\d+/);
    server.close();
  });
});

describe('the end of a pod', () => {
  it('7.6.2 that vanished from the API at once is cleaned up all the same', async () => {
    await using node = await nodeWith();
    await create(node, podOf());
    await running(node);
    await node.client.delete(pods, key, { signal, gracePeriodSeconds: 0 });
    expect(node.pod()).toBeUndefined();
    await waitFor(async () => expect(await node.runtime.observeAll({ signal })).toEqual([]));
  });

  it('7.6.3 comes when its deadline is over', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ activeDeadlineSeconds: 1 }));
    await waitFor(() =>
      expect(node.pod().status).toMatchObject({
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      }),
    );
    await waitFor(() => expect(node.runtime.history).toContain('stop main'));
  });

  it.each([
    [0, 'Succeeded', 'PodCompleted'],
    [1, 'Failed', 'PodFailed'],
  ])('7.2.4 7.2.6 with exit code %i is %s and not Ready for that reason', async (exitsWith, phase, reason) => {
    await using node = await nodeWith({ exitsWith });
    await create(node, podOf({ restartPolicy: 'Never' }));
    await waitFor(() => {
      expect(node.pod().status?.phase).toBe(phase);
      const ready = node.pod().status?.conditions?.find(({ type }) => type === 'Ready');
      expect([ready?.status, ready?.reason]).toEqual(['False', reason]);
    });
    expect(statusOf(node)?.state?.terminated).toMatchObject({
      exitCode: exitsWith,
      reason: exitsWith === 0 ? 'Completed' : 'Error',
    });
  });

  it('7.6.4 is told of before its object goes', async () => {
    await using node = await nodeWith({ exitsOnTermWith: 7 });
    const finalizers = ['example.com/look'];
    const spec = { restartPolicy: 'Never', terminationGracePeriodSeconds: 20 };
    await create(node, { ...podOf(spec), metadata: { ...podOf().metadata, finalizers } });
    await running(node);
    await node.client.delete(pods, key, { signal, gracePeriodSeconds: 20 });
    await waitFor(() => {
      expect(node.pod().status?.phase).toBe('Failed');
      expect(statusOf(node)?.state?.terminated?.exitCode).toBe(7);
    });
  });

  it('7.6.5 does not let its successor of the same name be taken for it', async () => {
    await using node = await nodeWith({ ignoresTerm: true });
    await create(node, podOf({ terminationGracePeriodSeconds: 1 }));
    await running(node);
    const first = node.pod().metadata.uid;
    await node.client.delete(pods, key, { signal, gracePeriodSeconds: 0 });
    await create(node, podOf());
    await running(node);
    expect(node.pod().metadata.uid).not.toBe(first);
    await waitFor(async () =>
      expect((await node.runtime.observeAll({ signal })).map(({ pod }) => pod.uid)).toEqual([node.pod().metadata.uid]),
    );
    expect(statusOf(node)).toMatchObject({ restartCount: 0, ready: true });
  });
});

describe('7.3.3 an ephemeral container', () => {
  it('starts at once beside the others, shares what it is to look at, and never again', async () => {
    await using node = await nodeWith();
    node.runtime.addImage('debug:1', { program: { exitsWith: 1 } });
    const created = await create(node, podOf());
    await running(node);
    const ephemeralContainers = [{ name: 'look', image: 'debug:1', targetContainerName: 'main' }];
    await node.client.patch(pods, key, { type: 'merge', body: { spec: { ephemeralContainers } } }, { signal });
    await waitFor(() =>
      expect(node.pod().status?.ephemeralContainerStatuses?.[0]).toMatchObject({
        name: 'look',
        restartCount: 0,
        state: { terminated: { exitCode: 1 } },
      }),
    );
    const uid = created.metadata.uid ?? '';
    const look = node.runtime.container(uid, 'look');
    expect(node.runtime.specOf(look?.id ?? '').security.targetContainerId).toBe(
      node.runtime.container(uid, 'main')?.id,
    );
    expect(node.pod().status?.phase).toBe('Running');
  });
});

describe('what is wrong is told, and mends itself', () => {
  it('7.5.1 an image that must be there and is not', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ containers: [main({ image: 'absent:1', imagePullPolicy: 'Never' })] }));
    await waiting(node, 'ErrImageNeverPull', /^Container image "absent:1" is not present with pull policy of Never/);
  });

  it('7.2.5 an image that cannot be pulled is waited for longer and longer', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ containers: [main({ image: 'nowhere:1' })] }));
    await waiting(node, 'ErrImagePull', /nowhere:1/);
    await waiting(node, 'ImagePullBackOff', /^Back-off pulling image "nowhere:1": ErrImagePull: /);
    expect(told(node, 'BackOff')).toContain('Back-off pulling image "nowhere:1"');
    expect(told(node, 'Failed').some((message) => message.startsWith('Failed to pull image "nowhere:1"'))).toBe(true);
  });

  it('7.2.8 a program that does not start', async () => {
    await using node = await nodeWith({ startError: 'exec: "nonsense": executable file not found in $PATH' });
    await create(node, podOf());
    await waiting(node, 'RunContainerError', /executable file not found/);
    expect(told(node, 'Failed')[0]).toContain('executable file not found');
  });

  it('7.7.2 a volume from an object that is not there', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ volumes: [{ name: 'v', configMap: { name: 'absent' } }] }));
    await waitFor(() =>
      expect(told(node, 'FailedMount')).toContain(
        'MountVolume.SetUp failed for volume "v" : configmap "absent" not found',
      ),
    );
    expect(statusOf(node)?.state?.waiting?.reason).toBe('ContainerCreating');
  });

  it('7.12.1 a runtime that vanishes and returns: the node says so, and what was to be done is done', async () => {
    await using node = await nodeWith();
    await create(node, podOf());
    await running(node);
    node.runtime.setUnavailable(true);
    await waitFor(() =>
      expect(node.client.stored(nodes)[0]?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe(
        'False',
      ),
    );
    await create(node, podOf({}, 'later'));
    node.runtime.setUnavailable(false);
    await waitFor(() => expect(node.pod('later').status?.phase).toBe('Running'));
    expect(statusOf(node)?.restartCount).toBe(0);
  }, 30_000);

  it('7.2.5 a container that the engine refuses to make', async () => {
    await using node = await nodeWith();
    node.runtime.fail('createContainer', new RuntimeError('CreateContainer', 'no space left on device'));
    await create(node, podOf());
    await waiting(node, 'CreateContainerError', /no space left on device/);
    node.runtime.heal('createContainer');
  });

  it('7.9.6 a runtime class whose handler this node does not have', async () => {
    const runtimeClass: RuntimeClass = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'strange' },
      handler: 'strange',
    };
    await using node = await nodeWith();
    node.client.seed(runtimeClass);
    node.runtime.fail('runSandbox', new RuntimeError('Sandbox', 'no runtime for "strange" is configured'));
    await create(node, podOf({ runtimeClassName: 'strange' }));
    await waitFor(() =>
      expect(told(node, 'FailedCreatePodSandBox')).toContain(
        'Failed to create pod sandbox: no runtime for "strange" is configured',
      ),
    );
  });

  it('7.9.1 user namespaces, which no engine here has: never without what was asked for', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ hostUsers: false }));
    await waitFor(() => expect(told(node, 'FailedCreatePodSandBox')[0]).toContain('does not support user namespaces'));
    expect(node.runtime.history).toEqual([]);
  });

  it('7.9.1 a container that must not be root and whose image is', async () => {
    await using node = await nodeWith();
    await create(node, podOf({ securityContext: { runAsNonRoot: true, runAsUser: 0 } }));
    await waiting(node, 'CreateContainerConfigError', /container's runAsUser breaks non-root policy/);
  });
});
