import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, eventually } from './cluster.js';
import { ContainerFleet } from './docker/container-fleet.js';

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

const names = ['ship-1', 'ship-2', 'ship-3'];
let fleet: ContainerFleet;

const podsOf = (app: string): readonly Pod[] =>
  fleet.get<{ readonly items: readonly Pod[] }>('pods', '-l', `app=${app}`).items;
const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false);
const nodeState = (name: string): string =>
  fleet.geobuk('get', 'node', name, '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}').stdout.trim();

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: {
    terminationGracePeriodSeconds: 1,
    tolerations: ['not-ready', 'unreachable'].map((name) => ({
      key: `node.kubernetes.io/${name}`,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: 2,
    })),
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: { app } },
      },
    ],
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        command: ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www'],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      },
    ],
  },
});

/** Asks `url` ten times a second from a node, `seconds` long. @returns how many were asked and how many not answered. */
function load(seconds: number, url: string): Promise<{ readonly asked: number; readonly lost: number }> {
  const program = `
    const end = Date.now() + ${seconds * 1000};
    let asked = 0, lost = 0;
    while (Date.now() < end) {
      asked++;
      await fetch('${url}', { signal: AbortSignal.timeout(5000) }).then((r) => r.text()).catch(() => lost++);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    console.log(JSON.stringify({ asked, lost }));`;
  return fleet
    .node('ship-1')
    .exec(['node', '--input-type=module', '-e', program])
    .then(({ output }) => JSON.parse(output) as { readonly asked: number; readonly lost: number });
}

beforeAll(async () => {
  fleet = await ContainerFleet.start(names);
  for (const name of names) {
    const built = fleet.run(fleet.node(name), 'geobuk', 'image', 'build', busyboxImage, '--busybox');
    if (built.status !== 0) throw new Error(built.stderr);
  }
}, 600_000);
afterAll(async () => {
  await fleet[Symbol.asyncDispose]();
});

describe('a control plane and three nodes, each in a container of its own', () => {
  let address: string;

  it('share the pods of a Deployment behind one Service', async () => {
    const spec = { replicas: 6, selector: { matchLabels: { app: 'web' } }, template: template('web') };
    expect(fleet.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })).toMatchObject({
      status: 0,
    });
    const ports = [{ port: 80, targetPort: 8080 }];
    expect(
      fleet.apply({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { selector: { app: 'web' }, ports },
      }),
    ).toMatchObject({ status: 0 });
    await eventually(
      () => podsOf('web'),
      (pods) => pods.length === 6 && pods.every(isReady),
      90_000,
    );
    expect(new Set(podsOf('web').map(({ spec: { nodeName } }) => nodeName))).toEqual(new Set(names));
    address = fleet.geobuk('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}').stdout.trim();
    await eventually(
      () => load(1, `http://${address}`),
      ({ lost }) => lost === 0,
    );
  });

  it('serve without a lost request while every kubelet is killed and started anew', async () => {
    const before = podsOf('web').map(({ metadata }) => metadata.uid);
    const loading = load(20, `http://${address}`);
    for (const name of names) fleet.kill(fleet.node(name), 'kubelet');
    const { asked, lost } = await loading;
    expect(asked).toBeGreaterThan(50);
    expect(lost).toBe(0);
    await eventually(
      () => podsOf('web'),
      (pods) => pods.every(isReady),
      60_000,
    );
    expect(podsOf('web').map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  it('keep serving while the control plane is away', async () => {
    fleet.hold(fleet.controlPlane, 'control-plane');
    expect(fleet.geobuk('get', 'nodes').status).not.toBe(0);
    const { asked, lost } = await load(15, `http://${address}`);
    expect(asked).toBeGreaterThan(40);
    expect(lost).toBe(0);
    fleet.release(fleet.controlPlane);
    await eventually(
      () => names.map(nodeState),
      (states) => states.every((state) => state === 'True'),
      90_000,
    );
  });

  it('never run a StatefulSet pod twice: a node that is cut off keeps its place until it is heard of again', async () => {
    const spec = {
      serviceName: 'db',
      replicas: 1,
      selector: { matchLabels: { app: 'db' } },
      template: template('db'),
    };
    expect(fleet.apply({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' }, spec })).toMatchObject({
      status: 0,
    });
    await eventually(
      () => podsOf('db'),
      (pods) => pods.length === 1 && pods.every(isReady),
    );
    const [first] = podsOf('db');
    const lost = first?.spec.nodeName ?? '';
    fleet.setCable(lost, 'down');
    await eventually(
      () => nodeState(lost),
      (state) => state === 'Unknown',
      120_000,
      1000,
    );
    await eventually(
      () => podsOf('db')[0]?.metadata.deletionTimestamp,
      (time) => time !== undefined,
      60_000,
    );
    // Evicted, but perhaps running: nobody else gets its name.
    expect(podsOf('db').map(({ metadata }) => metadata.uid)).toEqual([first?.metadata.uid]);
    await eventually(
      () => podsOf('web').filter((pod) => isReady(pod) && pod.spec.nodeName !== lost).length,
      (count) => count === 6,
      90_000,
    );
    fleet.setCable(lost, 'up');
    await eventually(
      () => podsOf('db'),
      (pods) => pods.length === 1 && pods.every(isReady) && pods[0]?.metadata.uid !== first?.metadata.uid,
      120_000,
    );
    await eventually(
      () => podsOf('web'),
      (pods) => pods.length === 6 && pods.every(isReady),
      60_000,
    );
  }, 480_000);

  it('take over the pods of a node that died', async () => {
    const dead = podsOf('web').find(({ spec }) => spec.nodeName !== 'ship-1')?.spec.nodeName ?? '';
    expect(fleet.engine.docker('kill', fleet.node(dead).getId())).toMatchObject({ status: 0 });
    await eventually(
      () => nodeState(dead),
      (state) => state === 'Unknown',
      120_000,
      1000,
    );
    await eventually(
      () => podsOf('web').filter((pod) => isReady(pod) && pod.spec.nodeName !== dead).length,
      (count) => count === 6,
      90_000,
    );
  }, 240_000);
});
