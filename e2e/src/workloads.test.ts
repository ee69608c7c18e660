import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, busyboxImage, eventually } from './cluster.js';

let cluster: Cluster;
const ok = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = cluster.kubectl(...args);
  expect({ status, stderr: status === 0 ? '' : stderr, args }).toEqual({ status: 0, stderr: '', args });
  return stdout;
};
const field = (path: string, ...args: readonly string[]): string => ok('get', ...args, '-o', `jsonpath=${path}`);
const soon = async (read: () => string, wanted: string): Promise<void> => {
  await eventually(read, (seen) => seen === wanted);
};

const sleeping = (image = busyboxImage) => ({ name: 'c', image, command: ['/bin/sh', '-c', 'exec sleep 3600'] });
const template = (app: string, extra: object = {}) => ({
  metadata: { labels: { app } },
  spec: { terminationGracePeriodSeconds: 0, containers: [sleeping()], ...extra },
});
const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('web') },
};
const agent = {
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent' },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template('agent') },
};
const store = {
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'store' },
  spec: {
    replicas: 2,
    serviceName: 'store',
    selector: { matchLabels: { app: 'store' } },
    template: template('store', {
      containers: [
        {
          ...sleeping(),
          command: ['/bin/sh', '-c', 'echo "$HOSTNAME" >> /data/starts; exec sleep 3600'],
          volumeMounts: [{ name: 'data', mountPath: '/data' }],
        },
      ],
    }),
    volumeClaimTemplates: [
      {
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Mi' } } },
      },
    ],
  },
};
const job = (name: string, command: string, spec: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: {
    ...spec,
    template: {
      spec: { restartPolicy: 'Never', containers: [{ ...sleeping(), command: ['/bin/sh', '-c', command] }] },
    },
  },
});
const tick = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'tick' },
  spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: job('tick', 'echo tick').spec } },
};

beforeAll(async () => {
  cluster = await Cluster.up();
  const built = cluster.geobuk('image', 'build', busyboxImage, '--busybox');
  if (built.status !== 0) throw new Error(built.stderr);
  // All at once: each test waits for what it is about.
  const made = cluster.apply([
    web,
    agent,
    store,
    tick,
    job('squares', 'echo index $JOB_COMPLETION_INDEX', { completionMode: 'Indexed', completions: 3, parallelism: 3 }),
    job('broken', 'exit 3', { backoffLimit: 1 }),
    job('hopeless', 'exit 42', {
      backoffLimit: 6,
      podFailurePolicy: { rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } }] },
    }),
  ]);
  if (made.status !== 0) throw new Error(made.stderr);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('a Deployment', () => {
  const images = () => field('{.items[*].spec.containers[0].command[2]}', 'pods', '-l', 'app=web');
  const change = (command: string): void => {
    const container = { name: 'c', command: ['/bin/sh', '-c', command] };
    ok('patch', 'deployment/web', '-p', JSON.stringify({ spec: { template: { spec: { containers: [container] } } } }));
  };
  const rolledOut = () => ok('rollout', 'status', 'deployment/web', '--timeout=60s');

  it('5.2.6 is rolled out, has a history, and goes back', async () => {
    expect(rolledOut()).toContain('successfully rolled out');
    change('exec sleep 3601');
    ok('annotate', 'deployment/web', 'kubernetes.io/change-cause=a second longer');
    rolledOut();
    const history = ok('rollout', 'history', 'deployment/web');
    expect(history).toMatch(/^1 +<none>$/m);
    expect(history).toMatch(/^2 +a second longer$/m);
    expect(ok('rollout', 'history', 'deployment/web', '--revision=2')).toContain('exec sleep 3601');
    ok('rollout', 'undo', 'deployment/web');
    rolledOut();
    await soon(images, 'exec sleep 3600 exec sleep 3600');
    expect(field('{.metadata.annotations.deployment\\.kubernetes\\.io/revision}', 'deployment/web')).toBe('3');
  });

  it('5.2.8 holds a rollout while it is paused, but scales', async () => {
    ok('rollout', 'pause', 'deployment/web');
    change('exec sleep 3602');
    ok('scale', 'deployment/web', '--replicas=3');
    await soon(images, 'exec sleep 3600 exec sleep 3600 exec sleep 3600');
    expect(field('{.status.conditions[?(@.type=="Progressing")].reason}', 'deployment/web')).toBe('DeploymentPaused');
    ok('rollout', 'resume', 'deployment/web');
    rolledOut();
    await soon(images, 'exec sleep 3602 exec sleep 3602 exec sleep 3602');
  });

  it('is restarted by rollout restart, pod by pod', async () => {
    const uids = () => field('{.items[*].metadata.uid}', 'pods', '-l', 'app=web');
    const before = new Set(uids().split(' '));
    ok('rollout', 'restart', 'deployment/web');
    rolledOut();
    await eventually(uids, (now) => now.split(' ').length === 3 && now.split(' ').every((uid) => !before.has(uid)));
  });

  it('5.12.1 is sized by an autoscaler, not below its minimum', async () => {
    ok('scale', 'deployment/web', '--replicas=1');
    ok('autoscale', 'deployment/web', '--min=2', '--max=4', '--cpu-percent=50');
    await soon(() => field('{.spec.replicas}', 'deployment/web'), '2');
    await eventually(
      () => ok('get', 'events', '--field-selector=involvedObject.kind=HorizontalPodAutoscaler'),
      (seen) => seen.includes('New size: 2'),
    );
    ok('delete', 'hpa/web');
  });

  it('5.13.4 keeps what its budget demands while the node is drained', async () => {
    ok('scale', 'deployment/web', '--replicas=2');
    rolledOut();
    ok('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=2');
    await soon(() => field('{.status.currentHealthy}', 'pdb/web'), '2');
    const node = field('{.items[0].metadata.name}', 'nodes');
    const drain = (timeout: string) =>
      cluster.kubectl(
        ...['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--pod-selector=app=web'],
        `--timeout=${timeout}`,
      );
    const refused = drain('3s');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.");
    expect(field('{.status.readyReplicas}', 'deployment/web')).toBe('2');
    ok('patch', 'pdb/web', '-p', '{"spec":{"minAvailable":0}}');
    await soon(() => field('{.status.disruptionsAllowed}', 'pdb/web'), '2');
    expect(drain('60s')).toMatchObject({ status: 0 });
    const waiting = () =>
      field('{.items[*].status.conditions[?(@.type=="PodScheduled")].message}', 'pods', '-l', 'app=web');
    await eventually(waiting, (seen) => seen.includes('0/1 nodes are available: 1 node(s) were unschedulable'));
    ok('uncordon', node);
    rolledOut();
  });
});

describe('a StatefulSet', () => {
  const started = (pod: string) => ok('exec', pod, '--', 'cat', '/data/starts');

  it('5.3.1 has named pods with volumes that outlive them', async () => {
    ok('rollout', 'status', 'statefulset/store', '--timeout=60s');
    expect(started('store-1')).toBe('store-1\n');
    const uid = field('{.metadata.uid}', 'pod/store-1');
    ok('delete', 'pod/store-1');
    await eventually(
      () => cluster.kubectl('get', 'pod/store-1', '-o', 'jsonpath={.metadata.uid} {.status.phase}').stdout,
      (seen) => seen.endsWith(' Running') && !seen.startsWith(uid),
    );
    expect(started('store-1')).toBe('store-1\nstore-1\n');
  });

  it('5.3.2 scales down from the top and finds its volume again', async () => {
    ok('scale', 'statefulset/store', '--replicas=1');
    await soon(() => field('{.items[*].metadata.name}', 'pods', '-l', 'app=store'), 'store-0');
    expect(field('{.items[*].metadata.name}', 'pvc')).toBe('data-store-0 data-store-1');
    ok('scale', 'statefulset/store', '--replicas=2');
    ok('rollout', 'status', 'statefulset/store', '--timeout=60s');
    expect(started('store-1').split('\n')).toHaveLength(4);
  });

  it('5.11.6 has volumes that grow', async () => {
    ok('patch', 'pvc/data-store-0', '-p', '{"spec":{"resources":{"requests":{"storage":"20Mi"}}}}');
    await soon(() => field('{.status.capacity.storage}', 'pvc/data-store-0'), '20Mi');
    await soon(() => field('{.status.allocatedResources.storage}', 'pvc/data-store-0'), '20Mi');
  });
});

describe('a DaemonSet', () => {
  it('5.4.4 has one pod on each node, and replaces it by the new one', async () => {
    ok('rollout', 'status', 'daemonset/agent', '--timeout=60s');
    const before = field('{.items[*].metadata.name}', 'pods', '-l', 'app=agent');
    expect(before.split(' ')).toHaveLength(1);
    ok('rollout', 'restart', 'daemonset/agent');
    ok('rollout', 'status', 'daemonset/agent', '--timeout=60s');
    const pods = () => field('{.items[*].metadata.name}', 'pods', '-l', 'app=agent');
    await eventually(pods, (now) => now.split(' ').length === 1 && now !== before);
    expect(ok('rollout', 'history', 'daemonset/agent')).toMatch(/^2 +<none>$/m);
  });
});

describe('Jobs', () => {
  it('5.5.4 give each index a pod that knows it', () => {
    ok('wait', 'job/squares', '--for=condition=complete', '--timeout=60s');
    expect(field('{.status.completedIndexes} {.status.succeeded}', 'job/squares')).toBe('0-2 3');
    const said = ok('logs', '-l', 'batch.kubernetes.io/job-name=squares').trim().split('\n').sort();
    expect(said).toEqual(['index 0', 'index 1', 'index 2']);
  });

  it('5.5.7 fail beyond their limit, and say why', () => {
    ok('wait', 'job/broken', '--for=condition=failed', '--timeout=60s');
    const condition = '{.status.conditions[?(@.type=="Failed")].reason} {.status.failed}';
    expect(field(condition, 'job/broken')).toBe('BackoffLimitExceeded 2');
  });

  it('5.5.5 fail at once when their policy says so', () => {
    ok('wait', 'job/hopeless', '--for=condition=failed', '--timeout=60s');
    expect(field('{.status.conditions[?(@.type=="Failed")].reason} {.status.failed}', 'job/hopeless')).toBe(
      'PodFailurePolicy 1',
    );
  });

  it('5.6.2 are made from a CronJob by hand', () => {
    ok('create', 'job', 'by-hand', '--from=cronjob/tick');
    ok('wait', 'job/by-hand', '--for=condition=complete', '--timeout=60s');
    expect(ok('logs', 'job/by-hand')).toBe('tick\n');
    expect(field('{.metadata.ownerReferences[0].name}', 'job/by-hand')).toBe('tick');
  });
});

describe('a quota', () => {
  it('5.15.2 gets back what was deleted', async () => {
    ok('create', 'namespace', 'small');
    ok('create', 'quota', 'few', '-n', 'small', '--hard=count/configmaps=2');
    ok('create', 'configmap', 'one', '-n', 'small');
    const used = () => field('{.status.used.count/configmaps}', 'quota/few', '-n', 'small');
    await soon(used, '2'); // with the root CA that every namespace has
    const refused = cluster.kubectl('create', 'configmap', 'two', '-n', 'small');
    expect(refused.stderr).toContain('exceeded quota: few');
    ok('delete', 'configmap', 'one', '-n', 'small');
    await soon(used, '1');
    ok('delete', 'namespace', 'small');
  });
});
