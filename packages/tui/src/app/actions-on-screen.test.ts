import { configMaps, deployments, nodes, secrets } from '@geobuk/api';
import type { ConfigMap, Deployment } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { namespaceObject } from '../testing/recorded-fleet.js';

const signal = new AbortController().signal;

describe('actions', () => {
  const key = { namespace: 'default', name: 'web' };

  it('scales by a form, and takes it back from the journal', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('2/3');
    board.press('s');
    await board.shows('Scale default/web (now 3)');
    board.press('backspace', '5', 'enter');
    await board.shows('2/5');
    board.command('journal');
    await board.shows('scale to 5 deployment default/web');
    board.press('u', 'tab', 'enter');
    await board.shows('undone');
    expect((await board.connection.read(deployments, key, { signal })).spec.replicas).toBe(3);
  });

  it('refuses to undo what somebody else has changed since', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('2/3');
    board.press('s');
    await board.shows('Scale default/web');
    board.press('backspace', '5', 'enter');
    await board.shows('2/5');
    await board.connection.patch(deployments, key, { type: 'merge', body: { spec: { replicas: 7 } } }, { signal });
    board.command('journal');
    await board.shows('scale to 5');
    board.press('u', 'tab', 'enter');
    await board.shows('changed by somebody else');
    expect((await board.connection.read(deployments, key, { signal })).spec.replicas).toBe(7);
  });

  it('makes a deleted object again', async () => {
    const settings: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings', namespace: 'default' },
      data: { a: '1' },
    };
    const connection = new FakeConnection({ objects: [namespaceObject('default'), settings] });
    await using board = new Dashboard({ connection, command: 'configmaps' });
    await board.shows('settings');
    board.press('C-d', 'tab', 'enter');
    await board.shows('1 configmap deleted');
    board.command('journal');
    await board.shows('delete configmap default/settings');
    board.press('u', 'tab', 'enter');
    await board.shows('undone');
    expect((await connection.read(configMaps, { namespace: 'default', name: 'settings' }, { signal })).data).toEqual({
      a: '1',
    });
  });

  it('restarts by the annotation of kubectl', async () => {
    await using board = new Dashboard({ command: 'deployments' });
    await board.shows('2/3');
    board.press('r', 'tab', 'enter');
    await board.shows('restart: default/web');
    const after: Deployment = await board.connection.read(deployments, key, { signal });
    expect(after.spec.template.metadata?.annotations).toEqual({
      'kubectl.kubernetes.io/restartedAt': '2026-03-01T12:00:00Z',
    });
  });

  it('cordons and uncordons', async () => {
    await using board = new Dashboard({ command: 'nodes' });
    await board.shows('geobuk-1');
    board.press('c', 'tab', 'enter');
    await board.shows('SchedulingDis');
    board.press('u', 'tab', 'enter');
    await board.hides('SchedulingDis');
    expect((await board.connection.read(nodes, { name: 'geobuk-1' }, { signal })).spec.unschedulable).toBeUndefined();
  });

  it('enables an addon after showing what it brings, and refuses to disable what others need', async () => {
    await using board = new Dashboard({ command: 'addons' });
    await board.shows('dashboard');
    board.press('e');
    const preview = await board.shows('Enable dashboard?');
    expect(preview).toContain('✓ needs dns: dns (Degraded)');
    expect(preview).toContain('get, list, watch pods, nodes');
    board.press('tab', 'enter');
    await board.shows('dashboard: enabling');
    board.press('escape', 'down', 'down', 'e');
    await board.shows('network cannot be disabled');
    expect(await board.screen()).toContain('needed by dns');
  });

  it('marks several and deletes them with one question more', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.press('space', 'space', 'C-d');
    await board.shows('Delete 2 pods?');
    board.press('tab', 'enter');
    const sure = await board.shows('Really delete?');
    expect(sure).toContain('pod default/big-0');
    expect(sure).toContain('pod default/migrate-1');
    board.press('escape');
    expect(board.connection.seen.some(({ verb }) => verb === 'delete')).toBe(false);
  });

  it('decodes no secret before it is asked to', async () => {
    await using board = new Dashboard({ command: 'secrets' });
    await board.shows('web-password');
    expect(board.connection.seen.some(({ verb, what }) => verb === 'get' && what.startsWith(secrets.plural))).toBe(
      false,
    );
  });

  it('switches namespaces by number keys', async () => {
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.press('0');
    expect(await board.shows('수병-1')).toContain('pods(all)[7]');
    board.press('1');
    expect(await board.shows('[5]')).toContain('pods(default)');
  });

  it('shows faults only, wide columns, and sorts', async () => {
    await using board = new Dashboard({ width: 200 });
    await board.shows('web-5d8f-a');
    board.press('C-z');
    expect(await board.screen()).toContain('pods(default)[2] <faults>');
    board.press('escape', 'C-w');
    expect(await board.screen()).toContain('SERVICE-ACCOUNT');
    board.press('S-a');
    expect(await board.screen()).toContain('AGE↑');
  });
});
