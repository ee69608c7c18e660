import type { KubernetesObject, Node, Pod, ResourceType } from '@geobuk/api';
import { configMaps, deployments, ignoring, isAlreadyExists, nodes, pods, services } from '@geobuk/api';
import type { Client } from '@geobuk/client';

const at = '2026-01-01T00:00:00Z';

/** A node, and workloads in several states: what a kubelet would have reported is written into their status. */
export async function createSampleWorkloads(client: Client, signal: AbortSignal): Promise<void> {
  const create = async <T extends KubernetesObject>(type: ResourceType<T>, object: T): Promise<T | void> =>
    await client.create(type, object, { signal }).catch(ignoring(isAlreadyExists));
  for (const name of ['turtle-1', 'turtle-2']) await create(nodes, node(name));
  await create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'default', name: 'greeting' },
    data: { hello: 'world' },
  });
  const labels = { app: 'web' };
  await create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: 'web' },
    spec: { selector: labels, ports: [{ port: 80 }] },
  });
  await create(deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'default', name: 'web', labels },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }] } },
    },
  });
  for (let index = 0; index < 24; index += 1) {
    const name = `web-${String(index).padStart(2, '0')}`;
    await createPod(client, pod(name, `turtle-${(index % 2) + 1}`, labels), running, signal);
  }
  await createPod(client, pod('broken', 'turtle-1', { app: 'broken' }), cannotPull, signal);
  await create(pods, {
    ...pod('too-large', undefined, { app: 'large' }),
    spec: {
      containers: [{ name: 'web', image: 'registry.example/web:1', resources: { requests: { cpu: '1000' } } }],
    },
  });
}

function node(name: string): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec: {},
    status: {
      allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
      capacity: { cpu: '4', memory: '8Gi', pods: '110' },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
    },
  };
}

const pod = (name: string, nodeName: string | undefined, labels: Readonly<Record<string, string>>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'default', name, labels },
  spec: {
    containers: [{ name: 'web', image: 'registry.example/web:1' }],
    ...(nodeName === undefined ? {} : { nodeName }),
  },
});

async function createPod(client: Client, object: Pod, status: Pod['status'], signal: AbortSignal): Promise<void> {
  const created = await client.create(pods, object, { signal });
  await client.updateStatus(pods, { ...created, status }, { signal });
}

const image = { name: 'web', image: 'registry.example/web:1', imageID: '', restartCount: 0 } as const;

const running: Pod['status'] = {
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True' }],
  containerStatuses: [{ ...image, ready: true, started: true, state: { running: { startedAt: at } } }],
};

const cannotPull: Pod['status'] = {
  phase: 'Pending',
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  containerStatuses: [
    {
      ...image,
      ready: false,
      state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "registry.example/web:1"' } },
    },
  ],
};
