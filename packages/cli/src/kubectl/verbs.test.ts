import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigMap, Deployment, Node, Pod } from '@geobuk/api';
import { configMaps, deployments, keyOf, nodes, pods, replicaSets, secrets, services } from '@geobuk/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeCluster } from './fake-cluster.fixture.js';

const { signal } = new AbortController();
const born = '2029-12-31T23:55:00Z';

const pod = (name: string, more: Partial<Pod['spec']> = {}, namespace = 'default'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels: { app: name }, creationTimestamp: born, uid: `uid-${name}` },
  spec: { nodeName: 'n1', containers: [{ name: 'main', image: 'example.test/app:1' }], ...more },
  status: {
    phase: 'Running',
    podIP: '10.42.0.5',
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [
      {
        name: 'main',
        image: 'example.test/app:1',
        imageID: '',
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: born } },
      },
    ],
  },
});

const deployment = (name: string, replicas = 2): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', generation: 1, uid: `uid-${name}`, creationTimestamp: born },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'example.test/app:1', ports: [{ containerPort: 80 }] }] },
    },
  },
  status: {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
  },
});

const configMap = (name: string, data: Readonly<Record<string, string>> = { a: '1' }): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', creationTimestamp: born },
  data,
});

const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', creationTimestamp: born },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verbs-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe('get', () => {
  it('prints the table of the server', async () => {
    const { run } = fakeCluster([pod('web'), pod('a')]);
    const { out, code } = await run('get pods');
    expect(out).toBe(
      'NAME   READY   STATUS    RESTARTS   AGE\na      1/1     Running   0          5m\nweb    1/1     Running   0          5m\n',
    );
    expect(code).toBe(0);
  });

  it.each([
    ['get po web -o name', 'pod/web\n'],
    ['get pod/web deploy/api -o name', 'pod/web\ndeployment.apps/api\n'],
    ['get pods,deployments -o name', 'pod/web\ndeployment.apps/api\n'],
    ['get deployments.apps -o name', 'deployment.apps/api\n'],
    ['get deployments.v1.apps -o name', 'deployment.apps/api\n'],
    ['get all -o name', 'pod/web\ndeployment.apps/api\n'],
    ['get pods --no-headers', 'web   1/1   Running   0     5m\n'],
    ['get pods -l app=none --ignore-not-found', ''],
    [
      'get pods -L app',
      'NAME   READY   STATUS    RESTARTS   AGE   APP\nweb    1/1     Running   0          5m    web\n',
    ],
    [
      'get pods --show-labels',
      'NAME   READY   STATUS    RESTARTS   AGE   LABELS\nweb    1/1     Running   0          5m    app=web\n',
    ],
    [
      'get pods -A',
      'NAMESPACE   NAME   READY   STATUS    RESTARTS   AGE\ndefault     web    1/1     Running   0          5m\n',
    ],
    ['get pod web -o jsonpath={.status.podIP}', '10.42.0.5'],
    ['get pods -o jsonpath={.items[*].metadata.name}', 'web'],
    [
      'get pods -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,X:.spec.x',
      'NAME   NODE   X\nweb    n1     <none>\n',
    ],
    ['get pods --field-selector spec.nodeName=n2 -o name', ''],
  ])('%s', async (line, expected) => {
    const { run } = fakeCluster([pod('web'), deployment('api')]);
    expect(await run(line)).toEqual({ out: expected, err: '', code: 0 });
  });

  it('prints YAML and JSON with fields in order', async () => {
    const { run } = fakeCluster([configMap('one', { on: 'yes', text: 'a\nb' })]);
    const { out } = await run('get cm one -o yaml');
    expect(out).toMatch(
      /^apiVersion: v1\ndata:\n {2}"on": "yes"\n {2}text: \|-\n {4}a\n {4}b\nkind: ConfigMap\nmetadata:\n {2}creationTimestamp: /,
    );
    const list = JSON.parse((await run('get cm -o json')).out) as {
      readonly kind: string;
      readonly items: readonly unknown[];
    };
    expect([list.kind, list.items.length]).toEqual(['List', 1]);
  });

  it('names the kind before each name where several kinds are shown, with an empty line between', async () => {
    const { run } = fakeCluster([pod('web'), deployment('api')]);
    const { out } = await run('get pods,deploy');
    expect(out).toBe(
      'NAME      READY   STATUS    RESTARTS   AGE\npod/web   1/1     Running   0          5m\n\n' +
        'NAME                  READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/api   2/2     2            2           5m\n',
    );
  });

  it.each([
    ['get pods', '', 'No resources found in default namespace.\n', 0],
    ['get nodes', '', 'No resources found\n', 0],
    ['get pod none', '', 'Error from server (NotFound): pods "none" not found\n', 1],
    ['get widgets', '', 'error: the server doesn\'t have a resource type "widgets"\n', 1],
    ['get pods -o nonsense', '', expect.stringContaining('unable to match a printer'), 2],
    ['get', '', expect.stringContaining('You must specify the type of resource'), 2],
    ['get pods --nonsense', '', expect.stringContaining("unknown option '--nonsense'"), 2],
  ])('%s says so', async (line, out, err, code) => {
    expect(await fakeCluster().run(line)).toEqual({ out, err, code });
  });

  it('sorts by a path', async () => {
    const older = { ...pod('z'), metadata: { ...pod('z').metadata, creationTimestamp: '2029-01-01T00:00:00Z' } };
    const { run } = fakeCluster([pod('a'), older]);
    expect((await run('get pods -o name --sort-by=.metadata.creationTimestamp')).out).toBe('pod/z\npod/a\n');
  });
});

describe('apply', () => {
  const manifest = (data: string): string =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one\ndata: ${data}\n---\n# empty\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n`;

  it('creates, leaves alone, changes, and takes away what is no longer there', async () => {
    const { run, client } = fakeCluster();
    const path = await file('a.yaml', manifest('{a: "1", b: "2"}'));
    expect((await run(`apply -f ${path}`)).out).toBe('configmap/one created\nnamespace/shop created\n');
    expect((await run(`apply -f ${path}`)).out).toBe('configmap/one unchanged\nnamespace/shop unchanged\n');
    const key = { namespace: 'default', name: 'one' };
    await client.patch(configMaps, key, { type: 'merge', body: { data: { theirs: 'x' } } }, { signal });
    await file('a.yaml', manifest('{a: "3"}'));
    expect((await run(`apply -f ${folder}`)).out).toBe('configmap/one configured\nnamespace/shop unchanged\n');
    expect((await client.read(configMaps, key, { signal })).data).toEqual({ a: '3', theirs: 'x' });
  });

  it('merges containers by name and removes those that are gone', async () => {
    const { run, client } = fakeCluster();
    const two = (images: Readonly<Record<string, string>>): string => {
      const containers = Object.entries(images).map(([name, image]) => ({ name, image }));
      const wanted = deployment('web');
      return JSON.stringify({
        ...wanted,
        status: undefined,
        metadata: { name: 'web' },
        spec: { ...wanted.spec, template: { ...wanted.spec.template, spec: { containers } } },
      });
    };
    await run('apply -f -', two({ main: 'a:1', side: 'b:1' }));
    await run('apply -f -', two({ main: 'a:2' }));
    const { spec } = await client.read(deployments, { namespace: 'default', name: 'web' }, { signal });
    expect(spec.template.spec?.containers).toEqual([{ name: 'main', image: 'a:2' }]);
  });

  it('leaves the server to merge with --server-side', async () => {
    const { run } = fakeCluster();
    const { out, err } = await run('apply --server-side -f -', manifest('{a: "1"}'));
    expect([out, err]).toEqual(['configmap/one serverside-applied\nnamespace/shop serverside-applied\n', '']);
  });

  it('writes nothing in a dry run', async () => {
    const { run, client } = fakeCluster();
    const { out } = await run('apply --dry-run=server -f -', manifest('{a: "1"}'));
    expect(out).toBe('configmap/one created (server dry run)\nnamespace/shop created (server dry run)\n');
    expect(client.stored(configMaps)).toEqual([]);
  });

  it.each([
    ['apply -f nowhere.yaml', '', 'error: the path "nowhere.yaml" does not exist\n', 1],
    ['apply', '', 'error: name the files to read with -f\n', 2],
    ['apply -f -', 'a: [', expect.stringContaining('error: error parsing standard input'), 1],
    ['apply -f -', 'kind: Pod', 'error: error validating standard input: apiVersion not set\n', 1],
    [
      'apply -f -',
      'apiVersion: x/v1\nkind: Widget\nmetadata: {name: a}',
      expect.stringContaining('no matches for kind "Widget" in version "x/v1"'),
      1,
    ],
  ])('%s says what is wrong', async (line, stdin, err, code) => {
    const result = await fakeCluster().run(line, stdin);
    expect([result.err, result.code]).toEqual([err, code]);
  });
});

describe('create, replace, delete', () => {
  it('creates simple kinds from flags', async () => {
    const { run, client } = fakeCluster();
    await run('create configmap c --from-literal=a=1 --from-literal=b=x=y');
    await run('create secret generic s --from-literal=password=pw');
    await run('create deployment web --image=example.test/app:1 --replicas=3 --port=80');
    expect((await run('create namespace shop')).out).toBe('namespace/shop created\n');
    expect(client.stored(configMaps)[0]?.data).toEqual({ a: '1', b: 'x=y' });
    expect(client.stored(secrets)[0]?.data).toEqual({ password: Buffer.from('pw').toString('base64') });
    expect(client.stored(deployments)[0]?.spec).toMatchObject({
      replicas: 3,
      template: { spec: { containers: [{ name: 'app', ports: [{ containerPort: 80 }] }] } },
    });
    expect((await run('create namespace shop')).err).toBe(
      'Error from server (AlreadyExists): namespaces "shop" already exists\n',
    );
  });

  it('replaces whole objects', async () => {
    const { run, client } = fakeCluster([configMap('one', { a: '1', b: '2' })]);
    const { out } = await run('replace -f -', JSON.stringify(configMap('one', { c: '3' })));
    expect(out).toBe('configmap/one replaced\n');
    expect(client.stored(configMaps)[0]?.data).toEqual({ c: '3' });
  });

  it.each([
    ['delete cm one two', 'configmap "one" deleted\nconfigmap "two" deleted\n', '', 0, 0],
    ['delete cm/one', 'configmap "one" deleted\n', '', 0, 1],
    ['delete cm --all', 'configmap "one" deleted\nconfigmap "two" deleted\n', '', 0, 0],
    ['delete cm -l x=y', '', 'No resources found\n', 0, 2],
    ['delete cm one --dry-run=client', 'configmap "one" deleted (dry run)\n', '', 0, 2],
    ['delete cm none', '', 'Error from server (NotFound): configmaps "none" not found\n', 1, 2],
    ['delete cm none --ignore-not-found', '', '', 0, 2],
    ['delete cm', '', 'error: resource(s) were provided, but no name was specified; use a name, -l or --all\n', 2, 2],
    ['delete cm one --cascade=nonsense', '', expect.stringContaining('invalid cascade value'), 2, 2],
  ])('%s', async (line, out, err, code, left) => {
    const { run, client } = fakeCluster([configMap('one'), configMap('two')]);
    expect(await run(line)).toEqual({ out, err, code });
    expect(client.stored(configMaps)).toHaveLength(left);
  });

  it('waits until the object is really gone, or the time is over', async () => {
    const { run, client, clock } = fakeCluster([pod('web')]);
    const deleting = run('delete pod web --timeout=5s');
    await clock.advance(6_000);
    expect(await deleting).toEqual({
      out: 'pod "web" deleted\n',
      err: 'error: timed out waiting for the condition\n',
      code: 1,
    });
    const again = run('delete pod web');
    await clock.advance(100);
    await client.delete(pods, { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0, signal });
    expect((await again).code).toBe(0);
  });
});

describe('changes', () => {
  it.each([
    ['label pod web tier=front', 'pod/web labeled\n', { app: 'web', tier: 'front' }],
    ['label pod web app-', 'pod/web unlabeled\n', {}],
    ['label pod web app=other --overwrite', 'pod/web labeled\n', { app: 'other' }],
    ['label pod web app=web', 'pod/web not labeled\n', { app: 'web' }],
    ['label pods --all x=1', 'pod/web labeled\n', { app: 'web', x: '1' }],
  ])('%s', async (line, out, labels) => {
    const { run, client } = fakeCluster([pod('web')]);
    expect(await run(line)).toEqual({ out, err: '', code: 0 });
    expect(client.stored(pods)[0]?.metadata.labels).toEqual(labels);
  });

  it('does not change a label without being told to', async () => {
    const { err, code } = await fakeCluster([pod('web')]).run('label pod web app=other');
    expect([err, code]).toEqual(["error: 'app' already has a value (web), and --overwrite is false\n", 1]);
  });

  it('scales, patches, annotates', async () => {
    const { run, client } = fakeCluster([deployment('web')]);
    expect((await run('scale deploy/web --replicas=5')).out).toBe('deployment.apps/web scaled\n');
    expect(
      (
        await run([
          'patch',
          'deploy',
          'web',
          '-p',
          '{"spec":{"template":{"spec":{"containers":[{"name":"main","image":"x:2"}]}}}}',
        ])
      ).out,
    ).toBe('deployment.apps/web patched\n');
    expect(
      (await run(['patch', 'deploy', 'web', '--type=json', '-p', '[{"op":"add","path":"/spec/paused","value":true}]']))
        .out,
    ).toBe('deployment.apps/web patched\n');
    expect((await run('annotate deploy web note=hello')).out).toBe('deployment.apps/web annotated\n');
    const [stored] = client.stored(deployments);
    expect(stored?.spec).toMatchObject({ replicas: 5, paused: true });
    expect(stored?.spec.template.spec?.containers[0]).toMatchObject({ image: 'x:2', ports: [{ containerPort: 80 }] });
    expect(stored?.metadata.annotations).toEqual({ note: 'hello' });
    expect((await run('scale deploy/web')).code).toBe(2);
  });

  it('cordons, drains by eviction, and says what stands against it', async () => {
    const owned = (name: string, kind: string): Pod => ({
      ...pod(name),
      metadata: {
        ...pod(name).metadata,
        ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'u', controller: true }],
      },
    });
    const cluster = fakeCluster([node, owned('web', 'ReplicaSet'), owned('agent', 'DaemonSet'), pod('alone')]);
    const { run, client, clock } = cluster;
    const refused = await run('drain n1');
    expect(refused.err).toContain(
      'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/agent',
    );
    expect(refused.err).toContain(
      'cannot delete Pods that declare no controller (use --force to override): default/alone',
    );
    const draining = run('drain n1 --ignore-daemonsets --force --grace-period=1');
    await clock.advance(100);
    for (const name of ['web', 'alone'])
      await client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 0, signal });
    const { out, code } = await draining;
    expect([out.includes('node/n1 already cordoned'), out.endsWith('node/n1 drained\n'), code]).toEqual([
      true,
      true,
      0,
    ]);
    expect(client.stored(pods).map(({ metadata }) => metadata.name)).toEqual(['agent']);
    expect((await run('uncordon n1')).out).toBe('node/n1 uncordoned\n');
    expect(client.stored(nodes)[0]?.spec?.unschedulable).toBeUndefined();
  });

  it('lists machines, and takes one out with its pods moved first', async () => {
    const cluster = fakeCluster([node, pod('alone')]);
    const { run, client, clock } = cluster;
    expect((await run('node list -o name')).out).toBe('node/n1\n');
    const removing = run('node remove n1');
    await clock.advance(100);
    await client.delete(pods, { namespace: 'default', name: 'alone' }, { gracePeriodSeconds: 0, signal });
    const { out, err, code } = await removing;
    expect([out.includes('node/n1 drained\nnode/n1 removed\n'), code]).toEqual([true, 0]);
    expect(err).toContain('geobuk reset --yes');
    expect(client.stored(nodes)).toEqual([]);
  });

  it('takes out a machine that is not there any more at once', async () => {
    const silent: Node = { ...node, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } };
    const { run, client } = fakeCluster([silent, pod('alone')]);
    const { out, err } = await run('node remove n1');
    expect([out, err.includes('is not Ready: its pods are not drained')]).toEqual(['node/n1 removed\n', true]);
    expect(client.stored(nodes)).toEqual([]);
    expect((await run('node remove n1')).err).toContain('nodes "n1" not found');
    expect((await run('node remove')).code).toBe(2);
  });

  it('exposes a deployment with the ports of its pods', async () => {
    const { run, client } = fakeCluster([deployment('web')]);
    expect((await run('expose deployment web --type=NodePort')).out).toBe('service/web exposed\n');
    expect(client.stored(services)[0]?.spec).toEqual({
      type: 'NodePort',
      selector: { app: 'web' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    });
  });

  it('runs an image in a pod', async () => {
    const { run, client } = fakeCluster();
    expect((await run('run web --image=x:1 --env=A=b --restart=Never -- echo hi')).out).toBe('pod/web created\n');
    expect(client.stored(pods)[0]?.spec).toEqual({
      containers: [{ name: 'web', image: 'x:1', args: ['echo', 'hi'], env: [{ name: 'A', value: 'b' }] }],
      restartPolicy: 'Never',
    });
  });
});

describe('rollout', () => {
  const revision = (number: number, image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${number}`,
      namespace: 'default',
      labels: { app: 'web' },
      annotations: { 'deployment.kubernetes.io/revision': String(number), 'kubernetes.io/change-cause': `to ${image}` },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-web', controller: true }],
    },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web', 'pod-template-hash': 'h' } },
        spec: { containers: [{ name: 'main', image }] },
      },
    },
  });

  it('waits until the new pods are available', async () => {
    const rolling: Deployment = {
      ...deployment('web'),
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 1 },
    };
    const { run, client, clock } = fakeCluster([rolling]);
    const waiting = run('rollout status deployment/web');
    await clock.advance(10);
    const current = await client.read(deployments, keyOf(rolling), { signal });
    await client.updateStatus(deployments, { ...current, status: deployment('web').status }, { signal });
    expect((await waiting).out).toBe(
      'Waiting for deployment "web" rollout to finish: 1 out of 2 new replicas have been updated...\ndeployment "web" successfully rolled out\n',
    );
  });

  it('shows history and goes back', async () => {
    const { run, client } = fakeCluster([deployment('web'), revision(1, 'x:1'), revision(2, 'x:2')]);
    expect((await run('rollout history deploy/web')).out).toBe(
      'deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         to x:1\n2         to x:2\n\n',
    );
    expect((await run('rollout undo deploy/web')).out).toBe('deployment.apps/web rolled back\n');
    expect(client.stored(deployments)[0]?.spec.template).toEqual({
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'x:1' }] },
    });
    expect((await run('rollout undo deploy/web --to-revision=9')).err).toContain('unable to find specified revision 9');
    expect(client.stored(replicaSets)).toHaveLength(2);
  });

  it('restarts, pauses and resumes', async () => {
    const { run, client } = fakeCluster([deployment('web')]);
    await run('rollout restart deploy web');
    await run('rollout pause deploy web');
    const [paused] = client.stored(deployments);
    expect(paused?.spec.paused).toBe(true);
    expect(paused?.spec.template.metadata?.annotations).toEqual({
      'kubectl.kubernetes.io/restartedAt': '2030-01-01T00:00:00Z',
    });
    expect((await run('rollout resume deploy web')).out).toBe('deployment.apps/web resumed\n');
    expect((await run('rollout resume deploy web')).err).toBe('error: deployments.apps "web" is not paused\n');
  });
});

describe('wait', () => {
  it.each([
    ['wait pod/web --for=condition=Ready', 'pod/web condition met\n', 0],
    ['wait pod/web --for=condition=ready=true', 'pod/web condition met\n', 0],
    ['wait pod/web --for=jsonpath={.status.phase}=Running', 'pod/web condition met\n', 0],
    ['wait pod --all --for=condition=Ready', 'pod/web condition met\n', 0],
    ['wait pod/none --for=delete', '', 0],
    ['wait pod/web --for=nonsense', '', 2],
    ['wait pod/none --for=condition=Ready', '', 1],
  ])('%s', async (line, out, code) => {
    const result = await fakeCluster([pod('web')]).run(line);
    expect([result.out, result.code]).toEqual([out, code]);
  });

  it('gives up when the time is over', async () => {
    const { run, clock } = fakeCluster([pod('web')]);
    const waiting = run('wait pod/web --for=condition=Initialized --timeout=3s');
    await clock.advance(4_000);
    expect(await waiting).toEqual({
      out: '',
      err: 'error: timed out waiting for the condition on pods/web\n',
      code: 1,
    });
  });
});

describe('logs, api-resources, auth', () => {
  it('prints logs, and says which container it took', async () => {
    const two = pod('web', {
      containers: [
        { name: 'main', image: 'x' },
        { name: 'side', image: 'y' },
      ],
    });
    const { run } = fakeCluster([two], { '/api/v1/namespaces/default/pods/web/log': 'one\ntwo\n' });
    expect(await run('logs web')).toEqual({
      out: 'one\ntwo\n',
      err: 'Defaulted container "main" out of: main, side\n',
      code: 0,
    });
    expect((await run('logs web -c side --prefix')).out).toBe('[pod/web/side] one\n[pod/web/side] two\n');
    expect((await run('logs none')).err).toBe('Error from server (NotFound): pods "none" not found\n');
    expect((await run('logs web --tail=x')).code).toBe(2);
  });

  it('lists what the server serves', async () => {
    const { run } = fakeCluster();
    expect((await run('api-resources --api-group=apps -o name')).out).toBe(
      'controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps\n',
    );
    expect((await run('api-resources --api-group=apps --no-headers')).out).toContain(
      'deployments           deploy   apps/v1   true   Deployment\n',
    );
    expect((await run('api-versions')).out).toContain('apps/v1\n');
  });
});

describe('describe', () => {
  it('shows a pod and what happened to it', async () => {
    const event = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'web', namespace: 'default', uid: 'uid-web' },
      type: 'Warning',
      reason: 'BackOff',
      message: 'Back-off restarting',
      count: 3,
      firstTimestamp: '2029-12-31T23:56:00Z',
      lastTimestamp: '2029-12-31T23:59:30Z',
      source: { component: 'kubelet' },
    };
    const { out } = await fakeCluster([pod('web'), event as never]).run('describe pod web');
    expect(out).toMatch(/^Name: +web\nNamespace: +default\n/);
    expect(out).toContain('Labels:           app=web\n');
    expect(out).toMatch(/Containers:\n {2}main:\n {4}Container ID: *\n {4}Image: +example.test\/app:1\n/);
    expect(out).toMatch(/ {4}State: +Running\n {6}Started: +Mon, 31 Dec 2029 23:55:00 \+0000\n/);
    expect(out).toContain(
      'Events:\n' +
        '  Type     Reason   Age               From     Message\n' +
        '  ----     ------   ----              ----     -------\n' +
        '  Warning  BackOff  30s (x3 over 4m)  kubelet  Back-off restarting\n',
    );
  });

  it.each([
    ['describe node n1', /^Name: +n1\nRoles: +<none>\n[^]*Non-terminated Pods: +\(1 in total\)\n/],
    ['describe deploy web', /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable\n/],
    ['describe cm one', /^Name: +one\nNamespace: +default\n[^]*Data:\n {2}A: +1\n/],
  ])('%s', async (line, expected) => {
    const { out, code } = await fakeCluster([node, pod('web'), deployment('web'), configMap('one')]).run(line);
    expect(out).toMatch(expected);
    expect(out).toMatch(/\nEvents: +<none>\n/);
    expect(code).toBe(0);
  });
});
