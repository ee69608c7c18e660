import { deployments, nodes, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { podObject, recordedFleet } from '../testing/recorded-fleet.js';
import { sharePaint } from '../views/resource-amounts.js';
import { ownViews } from './navigation.js';

const signal = new AbortController().signal;

/** A server like any other: without addons and without loops to be asked about. */
class StockCluster extends FakeConnection {
  constructor() {
    super({ objects: recordedFleet.filter(({ kind }) => kind !== 'Addon'), version: 'v1.33.2' });
  }

  override async discover(): ReturnType<FakeConnection['discover']> {
    const { resources, unavailable } = await super.discover();
    return { resources: resources.filter(({ plural }) => plural !== 'addons'), unavailable };
  }
}

describe('habits of k9s', () => {
  it.each([
    ['po', 'pods('],
    ['Pod', 'pods('],
    ['deploy', 'deployments('],
    ['deployments.apps', 'deployments('],
    ['apps/v1/deployments', 'deployments('],
    ['cj', 'cronjobs('],
    ['hpa', 'horizontalpodautoscalers('],
  ])('F1 :%s', async (command, title) => {
    await using board = new Dashboard({ command });
    await board.shows(`┌─ ${title}`);
  });

  it('F1 says when nothing is called that', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.app.command('nonsense');
    await board.shows('no resource or view is called nonsense');
  });

  it('F5 namespaces begin with all of them, mark the one in use and favourites', async () => {
    await using board = new Dashboard({ command: 'namespaces' });
    expect(await board.shows('default(*)+')).toMatch(/│ . all /);
    board.filter('name:^all');
    board.press('C-d', 'e');
    expect(await board.screen()).not.toContain('Delete');
    board.press('enter');
    await board.shows('pods(all)');
    board.command('ns kube-system');
    await board.shows('pods(kube-system)');
  });

  it('F25 Esc takes the filter first, then the page', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('web');
    board.press('enter');
    await board.shows('of web[3]');
    board.filter('5d8f-a');
    await board.shows('of web[1]');
    board.press('escape');
    await board.shows('of web[3]');
    board.press('q');
    await board.shows('┌─ deployments(default)');
  });

  it('F27 [ ] - go through the commands', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.command('svc');
    board.command('dp');
    await board.shows('┌─ deployments');
    board.press('[');
    await board.shows('┌─ services');
    board.press(']');
    await board.shows('┌─ deployments');
    board.press('-');
    await board.shows('┌─ services');
  });

  it('F28 ^e and ^g take header and crumbs away and bring them back', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.press('C-e', 'C-g');
    const bare = await board.screen();
    expect(bare).not.toContain('Context:');
    expect(bare).not.toContain('<pods>');
    board.press('C-e', 'C-g');
    expect(await board.screen()).toContain('Context:');
  });

  it('F39 w keeps to the namespace of the row', async () => {
    await using board = new Dashboard({ namespace: 'all' });
    await board.shows('pods(all)');
    board.filter('web-5d8f-a');
    board.press('w');
    await board.shows('pods(default)');
  });

  it('F40 Shift-J leads to the owner, o to the node, Esc back', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.filter('5d8f-a');
    board.press('S-j');
    expect(await board.shows('replicasets(default) of web-5d8f[1]')).toContain('web-5d8f');
    board.press('escape');
    await board.shows('pods(default)');
    board.press('o');
    expect(await board.shows('nodes of geobuk-1[1]')).toContain('geobuk-1');
    board.press('escape');
    await board.shows('pods(default)');
  });

  it('F41 marks: one, a range, none; they outlive a filter', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.press('space', 'down', 'C-space');
    expect((await board.screen()).match(/│✓/g)).toHaveLength(3);
    board.filter('5d8f-c');
    board.press('C-d');
    await board.shows('Delete 3 pods?');
    board.press('tab', 'enter');
    expect(await board.shows('Really delete?')).toContain('3 of them are hidden by the filter');
    board.press('escape', 'escape');
    board.press('C-\\');
    board.press('escape');
    expect(await board.screen()).not.toContain('│✓');
  });

  it('F45 F46 sorts by letters and by a chosen column; the same again turns it round', async () => {
    await using board = new Dashboard({ width: 120 });
    await board.shows('web-5d8f-a');
    board.press('S-a');
    expect(await board.screen()).toContain('AGE↑');
    board.press('S-a');
    expect(await board.screen()).toContain('AGE↓');
    board.press('S-n', 'S-right', 'S-o');
    expect(await board.screen()).toContain('PF↑');
  });

  it('F7 F8 workloads and the tree act on the object under the cursor, and Enter opens it alone', async () => {
    await using board = new Dashboard({ command: 'workloads', height: 30 });
    await board.shows('web-5d8f-a');
    board.filter('5d8f-a');
    board.press('y');
    await board.shows('yaml pod default/web-5d8f-a');
    board.press('escape', 'enter');
    await board.shows('pods(default) of web-5d8f-a[1]');
    board.command('xray deploy');
    await board.shows('web-5d8f-a');
    board.filter('5d8f-a');
    board.press('C-d');
    await board.shows('Delete pod default/web-5d8f-a?');
    board.press('escape', 'd');
    await board.shows('describe pod default/web-5d8f-a');
    board.press('escape', 'escape', 'x');
    await board.hides('web-5d8f-a');
    board.press('x');
    await board.shows('web-5d8f-a');
  });

  it('F55 F56 a filter with a space keeps to both words, an impossible one says so', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.filter('web CrashLoop');
    await board.shows('pods(default)[1]');
    board.press('escape');
    board.filter('!web');
    await board.shows('pods(default)[2]');
    board.press('escape', '/');
    board.terminal.type('(');
    await board.shows('✖');
  });

  it('F73 F74 triggers a cron job by a job of its own, and suspends it', async () => {
    const cron = {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'nightly', namespace: 'default', uid: 'cj' },
      spec: {
        schedule: '0 0 * * *',
        jobTemplate: { spec: { template: { spec: { containers: [{ name: 'a', image: 'x' }] } } } },
      },
    };
    const connection = new FakeConnection({ objects: [cron as never] });
    await using board = new Dashboard({ connection, command: 'cj' });
    await board.shows('nightly');
    board.press('t');
    await board.shows('Trigger?');
    board.press('tab', 'enter');
    await board.shows('job nightly-manual-');
    board.press('s');
    await board.shows('suspend or resume: default/nightly');
    board.press('enter');
    await board.shows('jobs(default) of nightly[1]');
  });

  it('F69 scales several at once by the number typed', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('web');
    board.press('s');
    await board.shows('Scale default/web');
    board.press('C-u');
    board.terminal.type('4');
    board.press('enter');
    await board.shows('scale to 4');
    const key = { namespace: 'default', name: 'web' };
    expect((await board.connection.read(deployments, key, { signal })).spec.replicas).toBe(4);
  });

  it('on a server without addons and loops every view opens, and says in words what is not there', async () => {
    const connection = new StockCluster();
    await using board = new Dashboard({ connection, width: 100, height: 30 });
    await board.shows('web-5d8f-a');
    for (const { name } of ownViews) {
      board.app.command(name);
      const screen = await board.screen();
      expect({ name, screen: /undefined|TypeError|\[object/.exec(screen) }).toEqual({ name, screen: null });
    }
    board.app.command('addons');
    await board.shows('this cluster has no addons');
    board.app.command('loops');
    await board.shows('does not show its loops');
    board.app.command('fleet');
    await board.shows('geobuk-1');
    expect(await board.screen()).toContain('v1.33.2');
  });

  it('F76 drains a node only of what it may, after its name is typed', async () => {
    const owned = podObject('owned');
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: 'r', controller: true }];
    const objects = [
      ...recordedFleet.filter(({ kind }) => kind !== 'Pod'),
      { ...owned, metadata: { ...owned.metadata, ownerReferences } },
      podObject('alone'),
    ];
    await using board = new Dashboard({ connection: new FakeConnection({ objects }), command: 'nodes' });
    await board.shows('geobuk-1');
    board.filter('geobuk-1');
    board.press('r');
    await board.shows('Drain node geobuk-1');
    board.press('up', 'enter');
    await board.shows('default/alone: nobody would make it again');
    board.press('escape', 'r');
    await board.shows('Drain node geobuk-1');
    board.press('tab', 'right', 'up', 'up', 'enter');
    await board.shows('and 2 pods are evicted');
    board.terminal.type('geobuk-1');
    board.press('tab', 'enter');
    await board.hides('Type geobuk-1');
    await board.screen();
    const node = await board.connection.read(nodes, { name: 'geobuk-1' }, { signal });
    expect(node.spec.unschedulable).toBe(true);
  });

  it('F90 a search is pointed out in wrapped texts too; Y copies the line, r reads again by itself', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.press('d');
    await board.shows('Namespace:');
    board.filter('namespace');
    expect(await board.screen()).toContain('</namespace>[1:');
    board.press('S-y', 'r');
    expect(board.terminal.copied[0]).toMatch(/^Namespace: +default$/);
    await board.shows('⟳');
  });

  it('F78 y on a secret shows it encoded, x in plain text', async () => {
    await using board = new Dashboard({ command: 'secrets' });
    await board.shows('Opaque');
    board.press('y');
    await board.shows('data:');
    board.press('x');
    await board.shows('stringData:');
  });

  it('G13 copies the cell of the chosen column', async () => {
    await using board = new Dashboard({ width: 120 });
    await board.shows('web-5d8f-a');
    board.filter('5d8f-c');
    board.press('S-right', 'S-right', 'S-right', 'C-y');
    expect(board.terminal.copied).toEqual(['CrashLoopBackOff']);
  });

  it('F53 a page that cannot be drawn takes no other with it', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    const { page } = board.app;
    board.app.open({
      crumb: 'broken',
      cluster: page!.cluster,
      start: () => undefined,
      actions: () => ({}),
      draw: () => {
        throw new Error('a mistake');
      },
    });
    expect(await board.screen()).toContain('a mistake');
    board.press('escape');
    await board.shows('web-5d8f-a');
  });

  it('F101 the load of the cluster is coloured by the thresholds of the settings', () => {
    expect(sharePaint(60, { warn: 50, critical: 80 })).toBe('pending');
    expect(sharePaint(80, { warn: 50, critical: 80 })).toBe('error');
    expect(sharePaint(undefined, { warn: 50, critical: 80 })).toBeUndefined();
  });

  it('an action acts on what is there when pods come and go under a filter', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.filter('newcomer');
    board.connection.seed(podObject('newcomer'));
    await board.shows('pods(default)[1]');
    board.press('C-d');
    await board.shows('Delete pod default/newcomer?');
    board.press('tab', 'enter');
    await board.shows('pod ending');
    const { items } = await board.connection.list(pods, { namespace: 'default', signal });
    expect(
      items.every(({ metadata }) => metadata.name !== 'newcomer' || metadata.deletionTimestamp !== undefined),
    ).toBe(true);
  });
});
