import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Cluster, busyboxImage, eventually, geobukScript } from './cluster.js';

const socket = `geobuk-e2e-${process.pid}`;
let cluster: Cluster;

const tmux = (...args: readonly string[]): string => {
  const { status, stdout, stderr } = spawnSync('tmux', ['-L', socket, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`tmux ${args.join(' ')}: ${stderr}`);
  return stdout;
};
/** Keys by tmux' names (`Enter`, `C-d`), or text as it stands. */
const press = (...keys: readonly string[]): void => void tmux('send-keys', '-t', 'tour', ...keys);
const screen = (): string => tmux('capture-pane', '-p', '-t', 'tour');
/** Waits until the screen has all of these; a text, or a pattern. */
const shows = (...wanted: readonly (string | RegExp)[]): Promise<string> =>
  eventually(
    screen,
    (text) => wanted.every((each) => (typeof each === 'string' ? text.includes(each) : each.test(text))),
    30_000,
    100,
  );
const command = (text: string): void => press(':', text, 'Enter');

const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'web', image: busyboxImage, command: ['sh', '-c', 'echo serving; exec sleep 3600'] }],
      },
    },
  },
};

beforeAll(async () => {
  cluster = await Cluster.up();
  expect(cluster.geobuk('image', 'build', busyboxImage, '--busybox')).toMatchObject({ status: 0 });
  expect(cluster.apply(web)).toMatchObject({ status: 0 });
  expect(cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatchObject({ status: 0 });
});
afterAll(async () => {
  spawnSync('tmux', ['-L', socket, 'kill-server']);
  await cluster[Symbol.asyncDispose]();
});

describe.each([
  ['80x24', 80, 24],
  ['140x40', 140, 40],
] as const)('the dashboard in a terminal of %s', (_, width, height) => {
  beforeAll(() => {
    // What a person's own dashboard remembers and is set to has no place here.
    const own = ['CONFIG', 'STATE', 'DATA'].map((kind) => `XDG_${kind}_HOME=${cluster.dataDir}/${String(width)}`);
    const program = [
      'env',
      ...own,
      process.execPath,
      geobukScript,
      'tui',
      ...['--kubeconfig', cluster.kubeconfig, '-n', 'default'],
    ].join(' ');
    tmux(...['-f', '/dev/null', 'new-session', '-d', '-s', 'tour', '-x', String(width), '-y', String(height), program]);
  });
  afterAll(() => {
    spawnSync('tmux', ['-L', socket, 'kill-session', '-t', 'tour']);
  });

  it('begins with the pods of the namespace, what it is connected to, and where one is', async () => {
    await shows('Context: geobuk', 'connected', 'pods(default)[2]', /● web-\S+ .*1\/1 +Running/, '<pods>');
  });

  it('completes commands for every kind that the server has', async () => {
    press(':', 'deploym');
    await shows('deployments', 'Deployment (deploy) · apps');
    press('Enter');
    await shows('deployments(default)[1]', /● web +2\/2/, '<deployments>');
    command('customresourcedefinitions');
    await shows('addons.addons.');
    command('dep');
    await shows('deployments(default)[1]');
  });

  it('filters', async () => {
    press('/', 'nothing-like-it', 'Enter');
    await shows('deployments(default)[0]');
    press('Escape');
    await shows('deployments(default)[1]');
  });

  it('describes, and shows YAML', async () => {
    press('d');
    await shows('describe deployment default/web', /Name: +web/);
    press('Escape');
    await shows('deployments(default)[1]');
    press('y');
    await shows('yaml deployment default/web', 'apiVersion: apps/v1');
    press('Escape');
    await shows('deployments(default)[1]');
  });

  it('scales, and shows the wish come true', async () => {
    press('s');
    await shows('Scale default/web', 'Replicas: 2');
    press('BSpace', '3', 'Enter');
    await shows(/● web +3\/3/);
    press('s');
    await shows('Replicas: 3');
    press('BSpace', '2', 'Enter');
    await shows(/● web +2\/2/);
  });

  it('follows logs', async () => {
    press('Enter');
    await shows('pods(default) of web[2]');
    press('l');
    await shows('logs pod default/web-', 'serving');
    const name = /logs pod default\/(web-[a-z0-9-]+)/.exec(screen())?.[1] ?? '';
    expect(cluster.kubectl('exec', name, '--', 'sh', '-c', 'echo said-later > /proc/1/fd/1').status).toBe(0);
    await shows('said-later');
    press('Escape');
    await shows('pods(default) of web[2]');
  });

  it('opens a shell in a container, and comes back', async () => {
    press('s');
    await shows('/ #');
    press('echo $((6*7))', 'Enter');
    await shows(/^42$/m);
    press('exit', 'Enter');
    await shows('pods(default) of web[2]');
  });

  it('deletes after asking, with the cursor on Cancel', async () => {
    const before = cluster.kubectl('get', 'pods', '-o', 'name').stdout;
    press('C-d');
    await shows('Delete pod default/web-', '▸[ Cancel ]');
    press('Enter');
    await eventually(screen, (text) => !text.includes('Cancel'));
    expect(cluster.kubectl('get', 'pods', '-o', 'name').stdout).toBe(before);
    press('C-d');
    await shows('▸[ Cancel ]');
    press('Tab');
    await shows('▸[ Delete ]');
    press('Enter');
    await eventually(
      () => cluster.kubectl('get', 'pods', '-o', 'name').stdout,
      (names) => names !== before && names.trim().split('\n').length === 2,
    );
  });

  it('goes to namespaces by number', async () => {
    command('pods');
    await shows('pods(default)');
    press('0');
    await shows('pods(all)', /kube-system +dns-/);
    press('1');
    await shows('pods(default)');
  });

  it('shows nodes, pulses with charts, the loops and the fleet', async () => {
    command('nodes');
    await shows('nodes[1]', 'Ready');
    command('pulses');
    await shows('<pulses>', /Pods/, /[⠀-⣿]/);
    command('loops');
    await shows('<loops>', 'deployment');
    command('fleet');
    await shows('<fleet>', 'network');
  });

  it('switches an addon off and on, showing what that takes and brings', async () => {
    command('addons');
    await shows('addons[', /storage +on +Ready/);
    press('/', 'storage', 'Enter');
    await shows('addons[1]');
    press('e');
    await shows('Disable storage?', '- DaemonSet kube-system/storage');
    press('Tab', 'Enter');
    await shows(/storage +off +Disabled/);
    press('e');
    await shows('Enable storage?');
    press('Tab', 'Enter');
    await shows(/storage +on +Ready/);
    press('Escape');
  });

  it('leaves the terminal when it is told to', async () => {
    press('C-c');
    await eventually(
      () => spawnSync('tmux', ['-L', socket, 'has-session', '-t', 'tour']).status,
      (status) => status !== 0,
      20_000,
    );
  });
});
