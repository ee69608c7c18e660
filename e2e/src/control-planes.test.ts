import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, freePort } from './cluster.js';

const geobukScript = fileURLToPath(new URL('../../packages/cli/bin/geobuk.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'geobuk-ha-'));
let etcd: ChildProcess;
let endpoint: string;

/** One of several control planes on one etcd, in a process of its own. */
class ControlPlane {
  readonly dataDir: string;
  readonly #process: ChildProcess;
  #output = '';

  private constructor(dataDir: string, port: number) {
    this.dataDir = dataDir;
    const args = ['control-plane', '--data-dir', dataDir, '--bind', '127.0.0.1', '--port', String(port)];
    const store = ['--store', 'etcd', '--etcd-endpoints', endpoint];
    this.#process = spawn(process.execPath, [geobukScript, ...args, ...store], { stdio: ['ignore', 'pipe', 'pipe'] });
    const read = (chunk: Buffer): void => void (this.#output += chunk.toString());
    this.#process.stdout?.on('data', read);
    this.#process.stderr?.on('data', read);
  }

  /** @param pkiOf whose keys it shares: one cluster has one CA. */
  static async start(name: string, pkiOf?: ControlPlane): Promise<ControlPlane> {
    const dataDir = join(directory, name);
    if (pkiOf !== undefined && !existsSync(dataDir))
      cpSync(join(pkiOf.dataDir, 'pki'), join(dataDir, 'pki'), { recursive: true });
    const started = new ControlPlane(dataDir, await freePort());
    await eventually(
      () => existsSync(started.kubeconfig) && started.kubectl('get', '--raw', '/readyz').stdout,
      (ready) => ready === 'ok',
      120_000,
    );
    return started;
  }

  get kubeconfig(): string {
    return join(this.dataDir, 'kubeconfig');
  }

  /** How often it has become the leader. */
  get terms(): number {
    return this.#output.split('"leading"').length - 1;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  kubectl(...args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
    return spawnSync('kubectl', ['--kubeconfig', this.kubeconfig, ...args], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 64 << 20,
    });
  }

  /** @returns names of pods with their uid, those that are being deleted too. */
  pods(): readonly { readonly name: string; readonly uid: string; readonly index: string; readonly node: string }[] {
    const { items } = JSON.parse(this.kubectl('get', 'pods', '-o', 'json').stdout) as {
      readonly items: readonly {
        readonly metadata: { name: string; uid: string; labels?: Readonly<Record<string, string>> };
        readonly spec: { nodeName?: string };
      }[];
    };
    return items.map(({ metadata, spec }) => ({
      name: metadata.name,
      uid: metadata.uid,
      index: metadata.labels?.['batch.kubernetes.io/job-completion-index'] ?? '',
      node: spec.nodeName ?? '',
    }));
  }

  apply(...objects: readonly object[]): void {
    const { status, stderr } = spawnSync('kubectl', ['--kubeconfig', this.kubeconfig, 'create', '-f', '-'], {
      encoding: 'utf8',
      input: objects.map((object) => JSON.stringify(object)).join('\n'),
    });
    if (status !== 0) throw new Error(stderr);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exited;
  }
}

const planes: ControlPlane[] = [];

beforeAll(async () => {
  endpoint = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  etcd = spawn(
    'etcd',
    [
      ...['--data-dir', join(directory, 'etcd'), '--log-level', 'error'],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`],
    ],
    { stdio: 'ignore' },
  );
  await eventually(
    () => spawnSync('etcdctl', ['--endpoints', endpoint, 'endpoint', 'health']).status,
    (status) => status === 0,
  );
  const first = await ControlPlane.start('a');
  planes.push(first, await ControlPlane.start('b', first));
});
afterAll(async () => {
  await Promise.all(planes.map((plane) => plane.end('SIGKILL')));
  etcd.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const template = (restartPolicy: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { restartPolicy, containers: [{ name: 'c', image: 'example.test/none:1' }] },
});
const node = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: {
    allocatable: { cpu: '1000', memory: '1000Gi', pods: '1000' },
    conditions: [{ type: 'Ready', status: 'True' }],
  },
});
const web = (replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template('Always') },
});
const indexed = (completions: number) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'indexed' },
  spec: {
    completions,
    parallelism: completions,
    completionMode: 'Indexed',
    template: { spec: template('Never').spec },
  },
});

describe('two control planes on one etcd', () => {
  it('have one leader', async () => {
    await eventually(
      () => planes.map(({ terms }) => terms),
      (terms) => terms.reduce((sum, each) => sum + each, 0) === 1,
    );
    expect(planes.map(({ terms }) => terms).sort()).toEqual([0, 1]);
  });

  it('go on in seconds when the leader is killed in mid-work, and do nothing twice', async () => {
    const leader = planes.find(({ terms }) => terms === 1) as ControlPlane;
    const other = planes.find((plane) => plane !== leader) as ControlPlane;
    const replicas = 300;
    const completions = 60;
    // Everything that ever happens to a pod, seen from the one that stays.
    const watch = spawn('kubectl', [
      ...['--kubeconfig', other.kubeconfig, 'get', 'pods', '--watch', '--output-watch-events'],
      ...['-o', 'jsonpath={.type} {.object.metadata.uid}{"\\n"}'],
    ]);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    leader.apply(...['n1', 'n2', 'n3'].map(node), web(replicas), indexed(completions));
    await eventually(
      () => other.pods().length,
      (count) => count > 20,
      60_000,
      20,
    );
    await leader.end('SIGKILL');
    const killedAt = performance.now();
    const atKill = other.pods().length;
    expect(atKill).toBeLessThan(replicas + completions); // it was in mid-work
    await eventually(
      () => other.terms,
      (terms) => terms === 1,
      60_000,
      50,
    );
    const handOverSeconds = (performance.now() - killedAt) / 1_000;
    await eventually(
      () => other.pods(),
      (pods) => pods.length >= replicas + completions && pods.every((pod) => pod.node !== ''),
    );
    const pods = other.pods();
    watch.kill();
    expect(pods).toHaveLength(replicas + completions);
    const ofJob = pods.filter(({ index }) => index !== '');
    expect(new Set(ofJob.map(({ index }) => index)).size).toBe(completions);
    expect(ofJob).toHaveLength(completions);
    expect(seen).not.toContain('DELETED'); // nothing was made that had to go again
    expect(new Set(seen.match(/(?<=ADDED )\S+/g)).size).toBe(replicas + completions);
    expect(handOverSeconds).toBeLessThan(20);
    console.log(
      `killed with ${atKill} of ${replicas + completions} pods; the other led after ${handOverSeconds.toFixed(1)} s`,
    );
  });

  it('hand over at once when the leader is stopped', async () => {
    const leader = planes.find((plane) => plane.isRunning) as ControlPlane;
    const next = await ControlPlane.start('c', leader);
    planes.push(next);
    expect(next.terms).toBe(0);
    await leader.end('SIGTERM');
    const stoppedAt = performance.now();
    await eventually(
      () => next.terms,
      (terms) => terms === 1,
      30_000,
      50,
    );
    expect((performance.now() - stoppedAt) / 1_000).toBeLessThan(6);
    expect(next.kubectl('scale', 'deployment/web', '--replicas=310').status).toBe(0);
    await eventually(
      () => next.kubectl('get', 'deployment/web', '-o', 'jsonpath={.status.replicas}').stdout,
      (count) => count === '310',
    );
  });
});
