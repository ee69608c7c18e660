import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMaps } from '@geobuk/api';
import { describe, expect, it } from 'vitest';
import { openKubeconfigEditor } from '../config/kubeconfig-editor.js';
import { Dashboard } from '../testing/dashboard.js';

const signal = new AbortController().signal;

async function folder(files: Readonly<Record<string, string>>): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'files-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const kubeconfig = `# mine
apiVersion: v1
kind: Config
current-context: one
contexts:
  - name: one # the first
    context: { cluster: c, user: u }
  - name: two
    context: { cluster: c, user: u }
`;

describe('files', () => {
  it('F17 :dir shows manifests, applies them after showing the difference, and deletes what they hold', async () => {
    await using here = await folder({
      'app/one.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: "1"}\n',
      'app/inner/two.json': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}}',
      'app/notes.md': 'no manifest',
    });
    await using board = new Dashboard({ width: 120, height: 40 });
    await board.shows('web-5d8f-a');
    board.command(`dir ${here.path}`);
    await board.shows('app/');
    board.press('down', 'a');
    const diff = await board.shows('changes to 2 objects of app');
    expect(diff).toContain('configmap default/one');
    const key = { namespace: 'default', name: 'one' };
    await expect(board.connection.read(configMaps, key, { signal })).rejects.toThrow();
    board.press('enter');
    await board.shows('2 objects of app applied');
    expect(await board.connection.read(configMaps, key, { signal })).toMatchObject({ data: { a: '1' } });
    board.press('enter');
    await board.shows('one.yaml');
    board.filter('one');
    board.press('e', 'd');
    expect(board.editedFiles).toEqual([join(here.path, 'app', 'one.yaml')]);
    await board.shows('Delete what one.yaml holds?');
    board.press('tab', 'enter');
    await board.shows('1 deleted');
    await expect(board.connection.read(configMaps, key, { signal })).rejects.toThrow();
  });

  it('F17 says what is wrong with a manifest', async () => {
    await using here = await folder({ 'x.yaml': 'apiVersion: v9\nkind: Ship\nmetadata: {name: x}\n' });
    await using board = new Dashboard();
    await board.shows('web-5d8f-a');
    board.command(`dir ${here.path}`);
    await board.shows('x.yaml');
    board.filter('x.yaml');
    board.press('a');
    await board.shows('this cluster has no Ship of v9');
  });

  it('F4 contexts are renamed and removed in the kubeconfig; comments and the current one stay true', async () => {
    await using here = await folder({ config: kubeconfig });
    const path = join(here.path, 'config');
    let changes = 0;
    const editor = openKubeconfigEditor({
      paths: [join(here.path, 'missing'), path],
      changed: () => {
        changes += 1;
        return Promise.resolve();
      },
    });
    await expect(editor.rename('one', 'two')).rejects.toThrow('there is a context two already');
    await editor.rename('one', 'prod');
    await editor.remove('two');
    await expect(editor.remove('two')).rejects.toThrow('no file of the kubeconfig has a context two');
    const text = await readFile(path, 'utf8');
    expect(text).toContain('# mine');
    expect(text).toContain('- name: prod # the first');
    expect(text).toContain('current-context: prod');
    expect(text).not.toContain('two');
    expect(changes).toBe(2);
  });

  it('F4 r and ^d ask in the list of contexts; the one we are in is not removed', async () => {
    const done: string[] = [];
    const editor = {
      rename: (name: string, to: string) => Promise.resolve(void done.push(`${name}→${to}`)),
      remove: (name: string) => Promise.resolve(void done.push(`-${name}`)),
    };
    await using board = new Dashboard({ kubeconfig: editor, others: { other: 'unreachable' }, command: 'ctx' });
    await board.shows('geobuk(*)');
    board.press('C-d');
    await board.shows('go to another one first');
    board.press('down', 'C-d');
    await board.shows('Remove context?');
    board.press('tab', 'enter');
    await board.shows('context other is removed');
    board.press('r');
    await board.shows('Rename context other');
    board.terminal.type('-2');
    board.press('enter');
    await board.shows('is called other-2 now');
    expect(done).toEqual(['-other', 'other→other-2']);
  });
});
