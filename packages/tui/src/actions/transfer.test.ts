import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dashboard } from '../testing/dashboard.js';
import { LocalPodConnection } from '../testing/local-pod.js';
import { podObject } from '../testing/recorded-fleet.js';
import { transfer } from './transfer.js';

const signal = new AbortController().signal;
const pod = { namespace: 'default', name: 'web' };

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'transfer-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

describe('F92 files go between a container and here', () => {
  it('a file comes under the name asked for, byte for byte', async () => {
    await using there = await folder();
    await using here = await folder();
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    await writeFile(join(there.path, 'a,b*.bin'), bytes);
    const from = join(there.path, 'a,b*.bin');
    await transfer(
      new LocalPodConnection(),
      { pod, container: 'a', upload: false, from, to: join(here.path, 'c.bin') },
      signal,
    );
    expect((await readFile(join(here.path, 'c.bin'))).equals(bytes)).toBe(true);
  });

  it('a folder goes up with all that is in it, into a folder that ends with a slash', async () => {
    await using there = await folder();
    await using here = await folder();
    await mkdir(join(here.path, 'site', 'inner'), { recursive: true });
    await writeFile(join(here.path, 'site', 'inner', 'x'), '거북선');
    const from = join(here.path, 'site');
    await transfer(new LocalPodConnection(), { pod, container: 'a', upload: true, from, to: `${there.path}/` }, signal);
    expect(await readFile(join(there.path, 'site', 'inner', 'x'), 'utf8')).toBe('거북선');
  });

  it('says what tar in the container says', async () => {
    await using here = await folder();
    const wish = { pod, container: 'a', upload: false, from: '/no/such/file', to: join(here.path, 'x') };
    await expect(transfer(new LocalPodConnection(), wish, signal)).rejects.toThrow(/tar: .*no\/such/i);
    await expect(
      transfer(new LocalPodConnection(), { ...wish, upload: true, from: join(here.path, 'none') }, signal),
    ).rejects.toThrow('no such file');
  });

  it('is asked for by t on a pod', async () => {
    await using there = await folder();
    await using here = await folder();
    await writeFile(join(there.path, 'log'), 'hello');
    const connection = new LocalPodConnection({ objects: [podObject('web')] });
    await using board = new Dashboard({ connection });
    await board.shows('web');
    board.press('t');
    await board.shows('Transfer files: default/web');
    board.press('tab');
    board.terminal.type(join(there.path, 'log'));
    board.press('tab');
    board.terminal.type(join(here.path, 'copy'));
    board.press('enter');
    await board.shows('is at');
    expect(await readFile(join(here.path, 'copy'), 'utf8')).toBe('hello');
  });
});
