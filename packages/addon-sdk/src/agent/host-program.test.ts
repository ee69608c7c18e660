import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureHostProgram } from './host-program.js';

const { signal } = new AbortController();
const log = { info: () => undefined };
const program = { command: 'shipwright', package: 'shipwright-tools' };
let place: string;

const script = (name: string, text: string): Promise<void> =>
  writeFile(join(place, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
const ensure = (options: { readonly install?: boolean; readonly isRoot?: boolean } = {}): Promise<string> =>
  ensureHostProgram(program, { install: true, isRoot: true, log, signal, searchPath: [place], ...options });

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'geobuk-host-program-'));
});
afterEach(() => rm(place, { recursive: true, force: true }));

describe('a program of the distribution', () => {
  it('is taken where it is', async () => {
    await script('shipwright', 'exit 0');
    expect(await ensure()).toBe(join(place, 'shipwright'));
  });

  it('is installed by its package, with new package lists where the old ones do not know it', async () => {
    await script(
      'apt-get',
      `case "$1" in
      update) touch ${place}/lists;;
      install) [ -f ${place}/lists ] && [ "$4" = shipwright-tools ] || exit 100
        printf '#!/bin/sh\\n' > ${place}/shipwright; chmod +x ${place}/shipwright;;
      esac`,
    );
    expect(await ensure()).toBe(join(place, 'shipwright'));
  });

  it('is not installed by who is not root, or is told not to: it is said what to type', async () => {
    await script('apt-get', `touch ${place}/shipwright; chmod +x ${place}/shipwright`);
    const todo = 'shipwright is not installed on this node: type: apt-get install shipwright-tools';
    await expect(ensure({ isRoot: false })).rejects.toThrow(todo);
    await expect(ensure({ install: false })).rejects.toThrow(todo);
  });

  it('that cannot be installed is told with the reason', async () => {
    await script('apt-get', 'echo "E: Unable to locate package shipwright-tools" >&2; exit 100');
    await expect(ensure()).rejects.toThrow(/type: apt-get install shipwright-tools; .*Unable to locate package/);
  });
});
