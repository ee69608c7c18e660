import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { keyOf, readK9sFiles } from './k9s-files.js';

async function directoryWith(
  files: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'k9s-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe('files of k9s', () => {
  it('are read as they are', async () => {
    await using directory = await directoryWith({
      'aliases.yaml': 'aliases:\n  dep: apps/v1/deployments\n  bad: pods /web\n',
      'hotkeys.yaml': 'hotKeys:\n  shift-0:\n    shortCut: Shift-0\n    description: services\n    command: svc\n',
    });
    expect(await readK9sFiles(directory.path)).toEqual({
      aliases: { dep: 'apps/v1/deployments', bad: 'pods /web' },
      hotkeys: [{ key: ')', description: 'services', command: 'svc' }],
      problems: [],
    });
  });

  it('may be missing; a broken one is told and keeps no other from working', async () => {
    await using directory = await directoryWith({
      'hotkeys.yaml': 'hotKeys:\n  one:\n    shortCut: Shift-1\n',
      'aliases.yaml': 'aliases: {x: pods}',
    });
    const files = await readK9sFiles(directory.path);
    expect(files.problems).toEqual(['hotkeys.yaml: hotkey one has no command']);
    expect(files.aliases).toEqual({ x: 'pods' });
  });

  it.each([
    ['Shift-A', 'S-a'],
    ['Ctrl-U', 'C-u'],
    ['F5', 'f5'],
    ['Shift-1', '!'],
    ['b', 'b'],
    ['Shift-Left', undefined],
  ])('%s is %s', (name, key) => expect(keyOf(name)).toBe(key));

  it('give aliases and hotkeys', async () => {
    const k9s = {
      aliases: { mine: 'pods /web-5d8f-c' },
      hotkeys: [{ key: 'f7', description: 'services', command: 'svc' }],
      problems: [],
    };
    await using board = new Dashboard({ k9s });
    await board.shows('web-5d8f-a');
    board.command('mine');
    await board.shows('</web-5d8f-c>');
    board.press('f7');
    await board.shows('services(default)');
  });
});
