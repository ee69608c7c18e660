import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { turtleShip } from '../theme/theme.js';
import { keyOf } from './key-names.js';
import { readPersonal } from './personal.js';

async function directoryWith(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'k9s-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const identity = (context: string, cluster = context) => ({
  context,
  cluster,
  user: 'me',
  server: '',
  namespace: 'default',
});

const skin = `
fg: &fg "#f8f8f2"
k9s:
  body: { fgColor: *fg, bgColor: navy, logoColor: default }
  frame:
    status: { errorColor: orangered, pendingColor: "#fa0" }
  views:
    charts: { defaultChartColors: [orchid, red] }
`;

describe('F106 settings', () => {
  it('F54 F104 aliases and hotkeys of k9s are read as they are, those of a context over the others', async () => {
    await using directory = await directoryWith({
      'aliases.yaml': 'aliases:\n  dep: apps/v1/deployments\n  bad: pods /web\n',
      'hotkeys.yaml': 'hotKeys:\n  shift-0:\n    shortCut: Shift-0\n    description: services\n    command: svc\n',
      'clusters/eks-1-prod/arn-aws-x/aliases.yaml': 'aliases: {bad: pods /crash}\n',
    });
    const places = { k9s: directory.path, k9sContexts: join(directory.path, 'clusters') };
    const personal = await readPersonal(places, [identity('arn:aws/x', 'eks-1/prod'), identity('other')]);
    expect(personal.problems).toEqual([]);
    expect(personal.of('other').aliases).toEqual({ dep: 'apps/v1/deployments', bad: 'pods /web' });
    expect(personal.of('arn:aws/x').aliases['bad']).toBe('pods /crash');
    expect(personal.of('other').hotkeys).toEqual([
      { key: ')', description: 'services', command: 'svc', override: false, keepHistory: false },
    ]);
  });

  it('may be missing; a broken file is told and keeps no other from working', async () => {
    await using directory = await directoryWith({
      'hotkeys.yaml': 'hotKeys:\n  one:\n    shortCut: Shift-1\n',
      'aliases.yaml': 'aliases: {x: pods}',
      'views.yaml': 'views:\n  v1/pods:\n    columns: ["X:.metadata.name | jq"]\n',
      'plugins.yaml': 'plugins:\n  p: {shortCut: p, scopes: [all], command: ls, inputs: [{name: a, type: dropdown}]}\n',
      'jumps.yaml': 'jumps: {v1/pods: {labelSelector: a}}',
      'skins/loud.yaml': 'k9s: {body: {fgColor: verypink}}',
      'config.yaml': 'k9s: {ui: {skin: loud}}',
    });
    const { problems, of } = await readPersonal({ k9s: directory.path }, [identity('a')]);
    expect(problems).toEqual([
      'hotkeys.yaml: hotkey one has no command',
      'views.yaml: view v1/pods: column X is no JSONPath: .metadata.name | jq',
      'jumps.yaml: jump v1/pods has no targetGVR',
      'plugins.yaml: plugin p: dropdown a has no options',
      'loud.yaml: not a colour: verypink',
    ]);
    expect(of('a').aliases).toEqual({ x: 'pods' });
    expect(of('a').theme).toBe(turtleShip);
  });

  it('F102 skins of k9s paint the dashboard; each context may have its own', async () => {
    await using directory = await directoryWith({
      'config.yaml': 'k9s: {ui: {skin: sea}}',
      'skins/sea.yaml': skin,
      'clusters/b/b/config.yaml': 'k9s: {skin: high-contrast}',
    });
    const places = { k9s: directory.path, k9sContexts: join(directory.path, 'clusters') };
    const personal = await readPersonal(places, [identity('a'), identity('b')]);
    expect(personal.problems).toEqual([]);
    const { theme } = personal.of('a');
    expect(theme.text).toEqual({ fg: '#f8f8f2', bg: '#000080' });
    expect(theme.logo.fg).toBe('#f8f8f2');
    expect(theme.error).toMatchObject({ fg: '#ff4500', bg: '#000080' });
    expect(theme.pending.fg).toBe('#ffaa00');
    expect(theme.series1.fg).toBe('#da70d6');
    expect(personal.of('b').theme.ok.fg).toBe('#ffffff');
    // K9S_SKIN goes before both; a name leads nowhere outside the folder of skins.
    const chosen = await readPersonal({ ...places, skin: '../../etc/passwd' }, [identity('a')]);
    expect(chosen.problems).toEqual(['no skin is called ../../etc/passwd']);
  });

  it('F107 what k9s keeps of a context is where it begins: namespace, favourites, view, read-only, node shell', async () => {
    await using directory = await directoryWith({
      'clusters/a/a/config.yaml':
        'k9s: {cluster: a, readOnly: true, namespace: {active: web, lockFavorites: true, favorites: [web, db]}, view: {active: dp}, featureGates: {nodeShell: true}}',
    });
    const personal = await readPersonal({ k9sContexts: join(directory.path, 'clusters') }, [identity('a')]);
    expect(personal.of('a')).toMatchObject({
      namespace: 'web',
      favourites: ['web', 'db'],
      lockFavourites: true,
      view: 'dp',
      readOnly: true,
      nodeShell: true,
    });
  });

  it('own settings go before those of k9s, and say what they do not know', async () => {
    await using directory = await directoryWith({
      'tui.yaml':
        'language: ko\nkeys: {yaml: f5, kill: []}\ncontexts:\n  prod: {badge: PROD, readOnly: false, skin: paper}\n',
      'wrong.yaml': 'kyes: {yaml: f5}',
      'config.yaml': 'k9s: {readOnly: true}',
    });
    const places = { own: join(directory.path, 'tui.yaml'), k9s: directory.path };
    const personal = await readPersonal(places, [identity('prod'), identity('test')]);
    expect(personal.own).toMatchObject({ language: 'ko', keys: { yaml: ['f5'], kill: [] } });
    expect(personal.of('prod')).toMatchObject({ badge: 'PROD', readOnly: false });
    expect(personal.of('test')).toMatchObject({ badge: undefined, readOnly: true });
    const wrong = await readPersonal({ own: join(directory.path, 'wrong.yaml') }, []);
    expect(wrong.problems[0]).toMatch(/^wrong.yaml: no such setting: kyes/);
  });

  it('F103 plugins come from plugins.yaml, from folders, and from files with one each', async () => {
    await using directory = await directoryWith({
      'plugins.yaml':
        'plugins:\n  debug:\n    shortCut: Shift-D\n    description: Debug\n    scopes: [Containers]\n    command: bash\n    args: [-c, "kubectl debug $POD", 5]\n    inputs: [{name: image, type: dropdown, options: [a, b]}]\n',
      'plugins/one.yaml': 'shortCut: Ctrl-L\ndescription: One\nscopes: [po]\ncommand: stern\n',
      'plugins/more/two.yaml': 'two: {shortCut: F4, description: Two, scopes: [all], command: ls, pipes: [grep x]}\n',
      'plugins/notes.txt': 'nothing',
    });
    const places = { k9s: directory.path, plugins: [join(directory.path, 'plugins')] };
    const { of, problems } = await readPersonal(places, [identity('a')]);
    expect(problems).toEqual([]);
    expect(of('a').plugins.map(({ name, key }) => [name, key])).toEqual([
      ['debug', 'S-d'],
      ['two', 'f4'],
      ['one', 'C-l'],
    ]);
    expect(of('a').plugins[0]).toMatchObject({
      scopes: ['containers'],
      args: ['-c', 'kubectl debug $POD', '5'],
      confirm: true,
      dangerous: undefined,
      inputs: [{ name: 'image', value: 'a', options: ['a', 'b'] }],
    });
  });

  it.each([
    ['Shift-A', 'S-a'],
    ['Ctrl-U', 'C-u'],
    ['F5', 'f5'],
    ['Shift-1', '!'],
    ['b', 'b'],
    ['Shift-Left', 'S-left'],
    ['Ctrl-Nothing', undefined],
  ])('the key %s is %s', (name, key) => expect(keyOf(name)).toBe(key));
});
