import { deployments, persistentVolumeClaims, pods } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { substitute } from '../actions/run-plugin.js';
import { Dashboard } from '../testing/dashboard.js';
import { parseJumps } from './jumps.js';
import { Memory } from './memory.js';
import { parsePlugins } from './plugins.js';
import { parseViewSettings, settingFor } from './view-settings.js';
import { FakeConnection } from '../testing/fake-connection.js';
import { podObject, recordedAt } from '../testing/recorded-fleet.js';
import { systemClock } from '@geobuk/client';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const hotkey = { description: 'x', override: false, keepHistory: false };

describe('settings on the screen', () => {
  it('F54 F104 aliases and hotkeys run their commands; a key of ours is taken only by override', async () => {
    const context = {
      aliases: { mine: 'pods /web-5d8f-c' },
      hotkeys: [
        { ...hotkey, key: 'f7', command: 'svc' },
        { ...hotkey, key: 'y', command: 'nodes' },
        { ...hotkey, key: 'd', command: 'deployments', override: true, keepHistory: true },
      ],
    };
    await using board = new Dashboard({ personal: { context } });
    await board.shows('web-5d8f-a');
    board.command('mine');
    await board.shows('</web-5d8f-c>');
    board.press('f7');
    await board.shows('services(default)');
    board.press('y');
    await board.shows('yaml service');
    board.press('escape', 'd');
    await board.shows('deployments(default)');
    board.press('escape');
    await board.shows('services(default)');
  });

  it('F20 help lists plugins and hotkeys and runs them', async () => {
    const plugins = parsePlugins({ p: { shortCut: 'F3', description: 'My plugin', scopes: ['po'], command: 'ls' } });
    const hotkeys = [{ ...hotkey, key: 'f7', description: 'My services', command: 'svc' }];
    await using board = new Dashboard({ personal: { context: { plugins, hotkeys } }, height: 30 });
    await board.shows('web-5d8f-a');
    board.press('?');
    board.filter('my');
    expect(await board.shows(/f3 +My plugin +PLUGINS/)).toMatch(/f7 +My services +HOTKEYS/);
    board.press('enter');
    await board.shows('pods(default)');
    expect(board.ran).toHaveLength(1);
    board.press('?');
    board.filter('my services');
    board.press('enter');
    await board.shows('services(default)');
  });

  it('F62 F63 F64 views.yaml chooses, adds, hides and aligns columns, and sorts', async () => {
    const views = parseViewSettings({
      views: {
        'v1/pods@default': {
          sortColumn: 'RESTARTS:desc',
          columns: ['STATUS', 'NAME', 'APP:.metadata.labels.app|S', 'BORN:.metadata.creationTimestamp|T', 'READY|H'],
        },
        po: { columns: ['NAME'] },
      },
    });
    const connection = new FakeConnection({
      objects: [
        podObject('calm', { ageSeconds: 120 }),
        podObject('busy', { restarts: 7, ageSeconds: 60 }),
        podObject('far', { namespace: 'other' }),
      ],
    });
    await using board = new Dashboard({ connection, personal: { views }, width: 120 });
    const screen = await board.shows('calm');
    const title = screen.split('\n').find((line) => line.includes('STATUS'))!;
    expect(title).toMatch(/STATUS +NAME +APP +BORN/);
    expect(title).not.toContain('READY');
    expect(screen.indexOf('busy')).toBeLessThan(screen.indexOf('calm'));
    board.press('C-w');
    expect(await board.screen()).toContain('RESTARTS↓');
    board.press('C-w', '0');
    const all = await board.shows('far');
    expect(all).not.toContain('STATUS');
    expect(settingFor(views, pods, undefined)?.key).toBe('po');
    expect(settingFor(views, deployments, undefined)).toBeUndefined();
  });

  it('F65 says what is wrong in views.yaml', () => {
    expect(() => parseViewSettings({ views: { po: { columns: [], sortColumn: 'AGE' } } })).toThrow(
      'sortColumn has to be NAME:asc or NAME:desc, not AGE',
    );
  });

  it('F103 runs a plugin on the row, with its inputs, after asking', async () => {
    const plugins = parsePlugins({
      plugins: {
        stern: {
          shortCut: 'Shift-L',
          description: 'Stern',
          scopes: ['po'],
          command: 'stern',
          args: ['-n', '$NAMESPACE', '${NAME}', '$!INPUT_QUIET', '$COL-STATUS', '$UNKNOWN'],
          inputs: [{ name: 'quiet', type: 'bool' }],
        },
      },
    });
    await using board = new Dashboard({ personal: { context: { plugins } }, width: 160, height: 40 });
    expect(await board.shows('web-5d8f-a')).toContain('<L> Stern');
    board.filter('5d8f-c');
    board.press('S-l');
    await board.shows('quiet:');
    board.press('tab', 'enter');
    await board.shows('Run stern?');
    expect(board.ran).toEqual([]);
    board.press('tab', 'enter');
    await board.hides('Run stern?');
    expect(board.ran[0]).toMatchObject({
      command: 'stern',
      args: ['-n', 'default', 'web-5d8f-c', 'true', expect.any(String), '$UNKNOWN'],
      environment: { NAME: 'web-5d8f-c', KUBECONFIG: '/home/me/.kube/config', CONTEXT: 'geobuk' },
    });
    board.command('services');
    await board.shows('services(default)');
    board.press('S-l');
    expect(board.ran).toHaveLength(1);
  });

  it('F103 shows what a plugin with pipes says, and runs one in the background without a terminal', async () => {
    const plugins = parsePlugins({
      plugins: {
        piped: { shortCut: 'F3', description: 'Piped', scopes: ['all'], command: 'ls', pipes: ["grep 'a b'"] },
        behind: {
          shortCut: 'F4',
          description: 'Behind',
          scopes: ['all'],
          command: 'ls',
          background: true,
          overwriteOutput: true,
        },
      },
    });
    await using board = new Dashboard({ personal: { context: { plugins } }, programOutput: 'one\nand the last\n' });
    await board.shows('web-5d8f-a');
    board.press('f4');
    await board.shows('✓ and the last');
    board.press('f3');
    await board.shows('┌─ Piped');
    expect(board.ran[1]?.pipes).toEqual([['grep', 'a b']]);
  });

  it('F110 offers nobody who only looks a plugin that is not declared harmless', async () => {
    const plugin = { description: 'X', scopes: ['all'], command: 'ls' };
    const plugins = parsePlugins({
      plugins: {
        silent: { ...plugin, shortCut: 'F3' },
        harmless: { ...plugin, shortCut: 'F4', dangerous: false },
      },
    });
    await using board = new Dashboard({ personal: { context: { plugins } }, readOnly: true });
    await board.shows('web-5d8f-a');
    board.press('f3');
    await board.screen();
    expect(board.ran).toHaveLength(0);
    board.press('f4');
    await board.screen();
    expect(board.ran).toHaveLength(1);
  });

  it('hands no value of a cluster to a shell that would run it', async () => {
    const unsafe = new Set<string>();
    expect(substitute('echo $NAME', { NAME: 'web-1' }, unsafe)).toBe('echo web-1');
    expect([...unsafe]).toEqual([]);
    substitute('echo "$COL-IMAGE"', { 'COL-IMAGE': 'x:$(reboot)' }, unsafe);
    expect([...unsafe]).toEqual(['COL-IMAGE']);
    const plugins = parsePlugins({
      p: { shortCut: 'F3', scopes: ['all'], command: 'sh', args: ['-c', 'echo $FILTER'] },
    });
    await using board = new Dashboard({ personal: { context: { plugins } } });
    await board.shows('web-5d8f-a');
    board.filter('web;');
    board.filter('web|reboot');
    board.press('f3');
    await board.shows('p was not run: FILTER holds characters a shell would run');
    expect(board.ran).toEqual([]);
  });

  it('F105 Enter follows a jump', async () => {
    const jumps = parseJumps({
      jumps: {
        'v1/persistentvolumeclaims': {
          targetGVR: 'v1/pods',
          fieldSelector: 'metadata.name={{.spec.volumeName}}',
          targetNamespace: '{{ .metadata.namespace }}',
        },
      },
    });
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', namespace: 'default', uid: 'c' },
      spec: { volumeName: 'busy' },
    };
    const connection = new FakeConnection({ objects: [podObject('calm'), podObject('busy'), claim as never] });
    await using board = new Dashboard({ connection, command: persistentVolumeClaims.plural, personal: { jumps } });
    await board.shows('data');
    board.press('enter');
    const screen = await board.shows('pods(default) of data[1]');
    expect(screen).toContain('busy');
    board.press('escape');
    await board.shows('persistentvolumeclaims(default)');
  });

  it('F52 G22 remembers view, namespace, sort and filters from one run to the next', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'memory-'));
    const path = join(folder, 'geobuk', 'tui.json');
    const clock = { ...systemClock, now: () => recordedAt };
    try {
      {
        const memory = new Memory({ path, clock, failed: (reason) => expect(reason).toBe('') });
        await memory.load();
        await using board = new Dashboard({ memory });
        await board.shows('web-5d8f-a');
        board.command('deployments kube-system');
        await board.shows('deployments(kube-system)');
        board.press('S-a');
        board.filter('status:!Running');
        board.press('escape');
        board.filter('dns age>1s');
        await board.shows('</dns age>1s>');
      }
      const memory = new Memory({ path, clock, failed: (reason) => expect(reason).toBe('') });
      await memory.load();
      await using board = new Dashboard({ memory, namespace: undefined, command: '' });
      expect(await board.shows('deployments(kube-system)')).toContain('AGE↑');
      board.press('/');
      board.terminal.type('dns');
      board.press('down', 'enter');
      await board.shows('</dns age>1s>');
      expect((await readFile(path, 'utf8')).includes('web-5d8f')).toBe(false);
      await writeFile(path, '{"contexts": 5, "sorts": {"pods": 3}, "filters": "x"}');
      const odd = new Memory({ path, clock, failed: () => undefined });
      await odd.load();
      expect([odd.of('geobuk'), odd.sort('pods'), odd.filters]).toEqual([{}, undefined, []]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
