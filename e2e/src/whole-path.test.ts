import { spawn, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, busyboxImage, eventually } from './cluster.js';

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly containers: readonly { readonly image: string }[] };
    readonly status: {
      readonly phase: string;
      readonly podIP?: string;
      readonly containerStatuses?: readonly { readonly containerID: string; readonly ready: boolean }[];
    };
  }[];
}

const web = (replicas: number, text = 'one') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'web',
            image: busyboxImage,
            command: [
              '/bin/sh',
              '-c',
              'mkdir -p /www; echo "$TEXT" > /www/index.html; echo "serving $TEXT"; exec httpd -f -p 8080 -h /www',
            ],
            env: [{ name: 'TEXT', value: text }],
            ports: [{ name: 'http', containerPort: 8080 }],
            readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
});

let cluster: Cluster;
const pods = (): PodList['items'] =>
  cluster
    .get<PodList>('pods', '-l', 'app=web')
    .items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);

beforeAll(async () => {
  cluster = await Cluster.up();
  const built = cluster.geobuk('image', 'build', busyboxImage, '--busybox');
  if (built.status !== 0) throw new Error(built.stderr);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('a cluster from nothing', () => {
  it('has a Ready node', () => {
    expect(cluster.kubectl('get', 'nodes').stdout).toMatch(/\sReady\s/);
  });

  it('runs the containers of a Deployment on containerd', async () => {
    expect(cluster.apply(web(3))).toMatchObject({ status: 0 });
    expect(cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatchObject({ status: 0 });
    const ids = pods().map(({ status }) => status.containerStatuses?.[0]?.containerID.replace('containerd://', ''));
    expect(ids).toHaveLength(3);
    const listed = cluster.geobuk('image', 'list');
    expect(listed.stdout).toContain(busyboxImage);
  });

  it.each([5, 1, 3])('scales to %i', async (count) => {
    expect(cluster.kubectl('scale', 'deployment/web', `--replicas=${count}`)).toMatchObject({ status: 0 });
    await eventually(
      pods,
      (items) => items.length === count && items.every(({ status }) => status.containerStatuses?.[0]?.ready === true),
    );
  });

  it('shows logs, also those to come', async () => {
    const [pod] = pods();
    expect(cluster.kubectl('logs', pod?.metadata.name ?? '').stdout).toBe('serving one\n');
    const following = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, 'logs', '-f', pod?.metadata.name ?? '']);
    let text = '';
    following.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await eventually(
      () => text,
      (seen) => seen.includes('serving one'),
    );
    cluster.kubectl('exec', pod?.metadata.name ?? '', '--', 'sh', '-c', 'echo "said later" > /proc/1/fd/1');
    await eventually(
      () => text,
      (seen) => seen.includes('said later'),
    );
    following.kill();
  });

  it('runs commands in a container, with exit code, standard input and a terminal', () => {
    const name = pods()[0]?.metadata.name ?? '';
    expect(cluster.kubectl('exec', name, '--', 'cat', '/www/index.html').stdout).toBe('one\n');
    expect(cluster.kubectl('exec', name, '--', 'sh', '-c', 'exit 7').status).toBe(7);
    const piped = spawnSync('kubectl', ['--kubeconfig', cluster.kubeconfig, 'exec', '-i', name, '--', 'wc', '-c'], {
      input: 'x'.repeat(100_000),
      encoding: 'utf8',
    });
    expect(piped.stdout.trim()).toBe('100000');
    const tty = spawnSync(
      'script',
      [
        '-qec',
        `kubectl --kubeconfig ${cluster.kubeconfig} exec -it ${name} -- sh -c 'test -t 0 && echo terminal'`,
        '/dev/null',
      ],
      { encoding: 'utf8' },
    );
    expect(tty.stdout).toContain('terminal');
  });

  it('forwards a port', async () => {
    const forward = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, 'port-forward', 'deployment/web', ':8080']);
    let text = '';
    forward.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const port = (await eventually(
      () => /127\.0\.0\.1:(\d+)/.exec(text)?.[1],
      (found) => found !== undefined,
    )) as string;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('one\n');
    forward.kill();
  });

  it('rolls out and back', async () => {
    expect(cluster.apply(web(3, 'two'))).toMatchObject({ status: 0 });
    expect(cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatchObject({ status: 0 });
    expect(cluster.kubectl('exec', pods()[0]?.metadata.name ?? '', '--', 'cat', '/www/index.html').stdout).toBe(
      'two\n',
    );
    expect(cluster.kubectl('rollout', 'history', 'deployment/web').stdout).toMatch(/^1\s[\s\S]*^2\s/m);
    expect(cluster.kubectl('rollout', 'undo', 'deployment/web')).toMatchObject({ status: 0 });
    expect(cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatchObject({ status: 0 });
    await eventually(pods, (items) => items.length === 3);
    expect(cluster.kubectl('exec', pods()[0]?.metadata.name ?? '', '--', 'cat', '/www/index.html').stdout).toBe(
      'one\n',
    );
  });

  it('serves a Service by name from another pod and by node port from the host', async () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    };
    expect(cluster.apply(service)).toMatchObject({ status: 0 });
    const client = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'client' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'c', image: busyboxImage, command: ['sleep', '3600'] }],
      },
    };
    expect(cluster.apply(client)).toMatchObject({ status: 0 });
    expect(cluster.kubectl('wait', '--for=condition=Ready', 'pod/client', '--timeout=60s')).toMatchObject({
      status: 0,
    });
    // A static busybox can look names up and connect, but not both in one command.
    const fetchBy = (name: string) =>
      cluster.kubectl(
        'exec',
        'client',
        '--',
        'sh',
        '-c',
        `ip=$(nslookup ${name} | awk '/^Address/ { a = $NF } END { print a }'); printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 $ip 80`,
      );
    for (const name of ['web.default.svc.cluster.local', 'web']) {
      await eventually(
        () => fetchBy(name),
        ({ stdout }) => stdout.endsWith('\n\none\n') || stdout.endsWith('\r\n\r\none\n'),
        20_000,
      );
    }
    expect(cluster.kubectl('exec', 'client', '--', 'cat', '/etc/resolv.conf').stdout).toContain(
      'search default.svc.cluster.local svc.cluster.local cluster.local',
    );
    const nodePort =
      cluster.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'web').spec.ports[0]?.nodePort ?? 0;
    const address =
      cluster
        .get<{ items: { status: { addresses: { type: string; address: string }[] } }[] }>('nodes')
        .items[0]?.status.addresses.find(({ type }) => type === 'InternalIP')?.address ?? '';
    await eventually(
      async () => await (await fetch(`http://${address}:${nodePort}/`)).text().catch(String),
      (text) => text === 'one\n',
      20_000,
    );
  });

  it('explains, lists and applies as kubectl expects', () => {
    expect(cluster.kubectl('explain', 'deployment.spec.replicas').stdout).toContain('FIELD: replicas <integer>');
    expect(cluster.kubectl('api-resources').stdout).toMatch(/^deployments\s+deploy\s+apps\/v1\s+true\s+Deployment$/m);
    expect(cluster.kubectl('get', 'deploy', 'web', '-o', 'wide').stdout).toMatch(/CONTAINERS\s+IMAGES\s+SELECTOR/);
    expect(
      cluster.kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].name}').stdout,
    ).toBe('web web web');
    const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: '1' } };
    expect(cluster.apply(configMap, '--server-side')).toMatchObject({ status: 0 });
    expect(
      cluster.apply({ ...configMap, data: { a: '2' } }, '--server-side', '--field-manager=other').stderr,
    ).toContain('conflict');
  });

  it('refuses wrong manifests with the right words', () => {
    const wrong = cluster.apply({ ...web(1), metadata: { name: 'Not_A_Name' } });
    expect(wrong.stderr).toContain('is invalid: metadata.name: Invalid value: "Not_A_Name"');
    const unknown = cluster.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, dta: {} });
    expect(unknown.stderr).toContain('unknown field "dta"');
    const none = cluster.kubectl('get', 'pods', 'nope');
    expect(none.stderr).toBe('Error from server (NotFound): pods "nope" not found\n');
  });

  it('removes all that a Deployment brought when it is deleted', async () => {
    expect(cluster.kubectl('delete', 'deployment', 'web')).toMatchObject({ status: 0 });
    await eventually(
      () => cluster.get<PodList>('pods', '-l', 'app=web').items.length,
      (count) => count === 0,
    );
    expect(cluster.get<PodList>('replicasets', '-l', 'app=web').items).toEqual([]);
  });
});
