import { PassThrough, Readable } from 'node:stream';
import {
  AppsV1Api,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  Watch,
} from '@kubernetes/client-node';
import type { V1ConfigMap, V1Pod, V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, Cluster, eventually } from './cluster.js';

let cluster: Cluster;
let config: KubeConfig;
let core: CoreV1Api;
const namespace = 'default';

/** All that a stream was given, as text. */
function collector(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  let seen = '';
  stream.on('data', (piece: Buffer) => (seen += piece.toString()));
  return { stream, text: () => seen };
}

beforeAll(async () => {
  cluster = await Cluster.up();
  const built = cluster.geobuk('image', 'build', busyboxImage, '--busybox');
  if (built.status !== 0) throw new Error(built.stderr);
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

describe('the official JavaScript client', () => {
  it('creates, reads, lists, replaces, patches and deletes', async () => {
    const created = await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: 'made', labels: { by: 'client-node' } }, data: { a: '1' } },
    });
    expect(created.metadata!.creationTimestamp).toBeInstanceOf(Date);
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'made',
      body: { ...created, data: { a: '2' } },
    });
    expect(replaced.data).toEqual({ a: '2' });
    await expect(
      core.replaceNamespacedConfigMap({ namespace, name: 'made', body: { ...created, data: { a: '3' } } }),
    ).rejects.toMatchObject({ code: 409 });
    const patched = await core.patchNamespacedConfigMap(
      { namespace, name: 'made', body: { data: { b: '2' } } },
      setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
    );
    expect(patched.data).toEqual({ a: '2', b: '2' });
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: 'by=client-node' });
    expect(list.items.map(({ metadata }) => metadata!.name)).toEqual(['made']);
    await core.deleteNamespacedConfigMap({ namespace, name: 'made' });
    await expect(core.readNamespacedConfigMap({ namespace, name: 'made' })).rejects.toMatchObject({ code: 404 });
  });

  it('finds kinds by discovery, and applies on the server', async () => {
    const objects = KubernetesObjectApi.makeApiClient(config);
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'applied', namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'applied' } },
        template: {
          metadata: { labels: { app: 'applied' } },
          spec: { containers: [{ name: 'main', image: busyboxImage }] },
        },
      },
    };
    const apply = () =>
      objects.patch(deployment, undefined, undefined, 'client-node', true, PatchStrategy.ServerSideApply);
    await apply();
    await apply();
    const read = await config.makeApiClient(AppsV1Api).readNamespacedDeployment({ namespace, name: 'applied' });
    expect(read.metadata!.managedFields!.map(({ manager, operation }) => [manager, operation])).toContainEqual([
      'client-node',
      'Apply',
    ]);
    await objects.delete(deployment);
  });

  it('follows objects with an informer, and with a watch', async () => {
    const informer = makeInformer<V1ConfigMap>(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
      core.listNamespacedConfigMap({ namespace }),
    );
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, ({ metadata }) => {
        if (metadata!.name === 'watched') seen.push(verb);
      });
    }
    informer.on('error', (error: unknown) => seen.push(String(error)));
    await informer.start();
    const watched: string[] = [];
    const watch = await new Watch(config).watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { fieldSelector: 'metadata.name=watched' },
      (phase) => watched.push(phase),
      () => undefined,
    );
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'watched' } } });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'watched',
      body: { metadata: { name: 'watched' }, data: { a: '1' } },
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
    await eventually(
      () => seen,
      (events) => events.includes('delete'),
    );
    expect(seen).toEqual(['add', 'update', 'delete']);
    await eventually(
      () => watched,
      (events) => events.includes('DELETED'),
    );
    expect(watched).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
    await informer.stop();
    watch.abort();
  });

  it('runs commands in a pod, reads its log and reaches its port', async () => {
    const pod: V1Pod = {
      metadata: { name: 'talker' },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'main',
            image: busyboxImage,
            command: [
              '/bin/sh',
              '-c',
              'mkdir -p /www; echo hello > /www/index.html; echo started; exec httpd -f -p 8080 -h /www',
            ],
          },
        ],
      },
    };
    await core.createNamespacedPod({ namespace, body: pod });
    await eventually(
      () => core.readNamespacedPod({ namespace, name: 'talker' }),
      ({ status }) => status?.phase === 'Running',
    );

    const log = collector();
    await new Log(config).log(namespace, 'talker', 'main', log.stream, { follow: false });
    await eventually(log.text, (text) => text.includes('started'));

    const out = collector();
    const complaints = collector();
    const status = await new Promise<V1Status>((resolve, reject) => {
      new Exec(config)
        .exec(
          namespace,
          'talker',
          'main',
          ['/bin/sh', '-c', 'cat; echo wrong >&2; exit 3'],
          out.stream,
          complaints.stream,
          Readable.from(['from here\n']),
          false,
          resolve,
        )
        .catch(reject);
    });
    expect(status).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '3' }] },
    });
    expect(out.text()).toBe('from here\n');
    expect(complaints.text()).toBe('wrong\n');

    const answer = collector();
    const refused = collector();
    const request = new PassThrough();
    const socket = await new PortForward(config).portForward(
      namespace,
      'talker',
      [8080],
      answer.stream,
      refused.stream,
      request,
    );
    request.write('GET / HTTP/1.0\r\n\r\n');
    await eventually(answer.text, (text) => text.includes('hello'));
    expect(answer.text()).toContain('200 OK');
    (typeof socket === 'function' ? socket() : socket)?.close();
    await core.deleteNamespacedPod({ namespace, name: 'talker' });
  });
});
